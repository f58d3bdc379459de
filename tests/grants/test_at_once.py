"""Which exchanges are left to one statement, with which terms, and what is answered when it finds them met."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from idp.audit.catalogue import Event
from idp.grants import Issued, at_once
from idp.grants.authorization_code import redeem
from idp.grants.refresh_token import refresh
from idp.grants.stores import THE_GRANT, GrantRecord, Minted, Terms
from idp.keys.handles import Presented, read_handle
from tests.grants.fakes import CODE, GRANT, REFRESH, MemoryStores, make_mint, presented, with_refresh
from tests.protocol.examples import APP, CHALLENGE, GOV24, NOW, VERIFIER, changed

FORM = {"code": CODE.text, "redirect_uri": GRANT.redirect_uri, "code_verifier": VERIFIER}
AGAIN = {"refresh_token": REFRESH.text}
MACHINE_TOO = replace(GOV24, machine_scopes=frozenset({"reports"}))


@dataclass
class Told:
    """Exchanges that write down what they were told, and find every term met."""

    grant: GrantRecord = GRANT
    told: list[tuple[str, Presented, Terms, Minted]] = field(default_factory=list)

    def exchange_code(self, code: Presented, terms: Terms, minted: Minted, now: int) -> GrantRecord:
        self.told.append(("code", code, terms, minted))
        assert now == NOW
        return self.grant

    def exchange_refresh(self, token: Presented, terms: Terms, minted: Minted, now: int) -> GrantRecord:
        self.told.append(("refresh", token, terms, minted))
        assert now == NOW
        return self.grant


def exchanged(client=GOV24, *, way=redeem, form=FORM, binding=None, grant=GRANT, **changes) -> tuple[Any, Told]:
    told = Told(grant)
    stores = replace(MemoryStores() if way is redeem else with_refresh(), exchanges=told)
    return way(changed(form, **changes), client, stores, make_mint(), NOW, binding), told


def test_a_code_is_exchanged_on_the_terms_of_its_request_and_its_client():
    outcome, told = exchanged(MACHINE_TOO)
    [(kind, code, terms, minted)] = told.told
    assert (kind, code) == ("code", presented(CODE))
    assert terms == Terms(
        client_id="gov24",
        tenant=None,
        scopes=GOV24.scopes | {"reports"},
        levels=(GOV24.minimum_acr,),
        redirect_uri=GRANT.redirect_uri,
        code_challenge=CHALLENGE,
    )
    assert isinstance(outcome, Issued)
    answer = outcome.answer
    assert (presented(minted.access), presented(minted.refresh)) == tuple(
        read_handle(answer[name]) for name in ("access_token", "refresh_token")
    )
    assert answer["scope"] == " ".join(GRANT.scopes)
    assert minted.access_expires_at == NOW + answer["expires_in"]
    assert "id_token" in answer


def test_the_audit_row_leaves_open_only_what_the_grant_tells():
    [(_, _, _, minted)] = exchanged()[1].told
    for row, offline in ((minted.issued, False), (minted.issued_offline, True)):
        assert (row.event, row.at, row.person, row.client) == (Event.TOKENS_ISSUED, NOW, None, "gov24")
        assert row.detail == {"grant": THE_GRANT, "grant_type": "authorization_code", "refresh": offline}


@pytest.mark.parametrize("grant_types", [{"authorization_code"}, {"authorization_code", "refresh_token"}])
@pytest.mark.parametrize("scopes", [("openid",), ("openid", "offline_access")])
@pytest.mark.parametrize("registered", [{"openid"}, {"openid", "offline_access"}])
def test_a_refresh_token_is_given_for_offline_access_to_a_client_that_may_refresh(grant_types, scopes, registered):
    may = "refresh_token" in grant_types and "offline_access" in registered
    client = replace(GOV24, grant_types=frozenset(grant_types), scopes=frozenset(registered))
    outcome, told = exchanged(client, grant=replace(GRANT, scopes=scopes))
    [(_, _, _, minted)] = told.told
    assert (minted.refresh is not None) is (minted.issued_offline is not None) is may
    assert ("refresh_token" in outcome.answer) is (may and "offline_access" in scopes)


@pytest.mark.parametrize(("client", "rotates"), [(GOV24, False), (APP, True)])
def test_a_public_client_gets_another_refresh_token_and_a_confidential_one_keeps_its_own(client, rotates):
    client = replace(client, id="gov24", scopes=client.scopes | {"offline_access"})
    outcome, told = exchanged(client, way=refresh, form=AGAIN)
    [(kind, token, terms, minted)] = told.told
    assert (kind, token) == ("refresh", presented(REFRESH))
    assert (terms.redirect_uri, terms.code_challenge) == (None, None)
    assert (minted.refresh is not None) is ("refresh_token" in outcome.answer) is rotates
    assert minted.issued.detail == {"grant": THE_GRANT, "grant_type": "refresh_token", "refresh": rotates}
    assert minted.issued_offline is None


def tried(way, handle, form, client, binding=None, **changes) -> list[Any]:
    """What the exchanges were told when nothing came of it."""
    told = Told()
    stores = MemoryStores(exchanges=told)
    assert way(presented(handle), changed(form, **changes), client, stores, make_mint(), NOW, binding) is None
    return told.told


STEP_BY_STEP = [
    pytest.param({}, {"binding": "jkt:x"}, id="bound to a key"),
    pytest.param({"access_token_format": "jwt"}, {}, id="signed"),
    pytest.param({}, {"scope": "openid"}, id="fewer scopes"),
    pytest.param({}, {"resource": "https://api.example"}, id="a resource"),
    pytest.param({}, {"authorization_details": "[]"}, id="details"),
]


@pytest.mark.parametrize(
    ("client", "request_"),
    [
        *STEP_BY_STEP,
        pytest.param({}, {"redirect_uri": None}, id="T-11 no redirect_uri"),
        pytest.param({}, {"redirect_uri": GRANT.redirect_uri + "\0"}, id="T-11 with a NUL"),
        pytest.param({}, {"redirect_uri": GRANT.redirect_uri + "\n"}, id="T-11 with a line's end"),
        pytest.param({}, {"redirect_uri": "\ud800"}, id="T-11 with half a character"),
        pytest.param({}, {"code_verifier": None}, id="P-03 no verifier"),
        pytest.param({}, {"code_verifier": "a" * 42}, id="P-05 short verifier"),
    ],
)
def test_a_code_that_is_not_plain_is_judged_step_by_step(client, request_):
    assert tried(at_once.redeem, CODE, FORM, replace(GOV24, **client), **request_) == []


@pytest.mark.parametrize(
    ("client", "request_"),
    [*STEP_BY_STEP, pytest.param({"scopes": frozenset({"openid"})}, {}, id="offline access taken away")],
)
def test_a_refresh_that_is_not_plain_is_judged_step_by_step(client, request_):
    assert tried(at_once.refresh, REFRESH, AGAIN, replace(GOV24, **client), **request_) == []


@pytest.mark.parametrize("form", [FORM | {"code": "not a code"}, FORM | {"code": CODE.text + "A"}])
def test_C_11_what_is_no_code_of_ours_is_not_even_tried(form):
    assert exchanged(form=form)[1].told == []
