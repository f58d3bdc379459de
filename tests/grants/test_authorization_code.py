"""RFC 6749 §4.1.3 and RFC 7636 §4.6, one row per way a redemption must fail."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.grants import GRANTS, Issued, Refused
from idp.grants.authorization_code import check, redeem
from idp.keys.handles import read_handle
from idp.protocol.client import ACCESS_TOKEN_SECONDS
from idp.protocol.errors import InvalidGrant, InvalidRequest
from idp.protocol.id_token import half_hash
from tests.grants.fakes import CODE, GOOD, GRANT, MemoryStores, make_mint, presented, secret
from tests.protocol.examples import APP, CHALLENGE, GOV24, ISSUER, NOW, TEXT, VERIFIER, changed

FORM = {"code": CODE.text, "redirect_uri": GRANT.redirect_uri, "code_verifier": VERIFIER}
OTHER = replace(GOV24, id="other")


def redeemed(stores, client=GOV24, now=NOW, **changes):
    return redeem(changed(FORM, **changes), client, stores, make_mint(), now)


def with_grant(**changes):
    grant = replace(GRANT, **changes)
    return MemoryStores(grants={grant.id: grant})


def test_the_rightful_client_gets_tokens_that_were_stored_and_audited():
    stores = MemoryStores()
    outcome = redeemed(stores)
    assert isinstance(outcome, Issued)
    answer = outcome.answer
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == ACCESS_TOKEN_SECONDS
    assert answer["scope"] == "openid profile offline_access"
    [stored] = stores.access
    assert stored.token == read_handle(answer["access_token"])
    assert (stored.grant, stored.scopes, stored.expires_at) == (GRANT.id, GRANT.scopes, NOW + ACCESS_TOKEN_SECONDS)
    [(refresh, record)] = stores.refreshes.items()
    assert refresh == read_handle(answer["refresh_token"])
    assert record.expires_at == GRANT.expires_at
    [row] = stores.audit
    assert (row.event.tag, row.person, row.client) == ("client:token:issued", GRANT.person_id, "gov24")


def test_the_id_token_belongs_to_the_access_token_beside_it():
    answer = redeemed(MemoryStores(), replace(GOV24, id_token_signed_response_alg="PS256")).answer
    signed = json.loads(answer["id_token"])
    assert signed["alg"] == "PS256"
    expected = {
        "iss": ISSUER,
        "sub": "rp.go.kr:2",
        "aud": "gov24",
        "sid": "gov24:3",
        "nonce": "the-nonce",
        "acr": GRANT.acr,
        "amr": list(GRANT.amr),
        "auth_time": GRANT.auth_time,
        "iat": NOW,
        "at_hash": half_hash(answer["access_token"], "PS256"),
    }
    assert {name: signed["claims"][name] for name in expected} == expected


@pytest.mark.parametrize(
    "address",
    [
        {},
        {"post_logout_redirect_uris": ("https://rp.go.kr/bye",)},
        {"frontchannel_logout_uri": "https://rp.go.kr/front"},
        {"backchannel_logout_uri": "https://rp.go.kr/back"},
    ],
)
def test_every_client_learns_a_name_of_the_session_that_is_its_own(address):
    client = replace(GOV24, **{"post_logout_redirect_uris": ()} | address)
    claims = json.loads(redeemed(MemoryStores(), client).answer["id_token"])["claims"]
    assert claims["sid"] == "gov24:3"


@pytest.mark.parametrize(
    ("address", "told"), [({}, False), ({"backchannel_logout_uri": "https://rp.go.kr/back"}, True)]
)
@pytest.mark.parametrize("profile", ["fapi2", "fapi2-message-signing"])
def test_a_client_of_a_profile_that_knows_no_sessions_learns_of_them_by_its_address_for_logout(profile, address, told):
    client = replace(GOV24, profile=profile, **{"post_logout_redirect_uris": ()} | address)
    assert client.is_told_of_sessions is told


@pytest.mark.parametrize(
    ("scopes", "grant_types", "refresh", "id_token"),
    [
        (("openid",), {"authorization_code", "refresh_token"}, False, True),
        (("openid", "offline_access"), {"authorization_code", "refresh_token"}, True, True),
        (("openid", "offline_access"), {"authorization_code"}, False, True),
        (("profile",), {"authorization_code", "refresh_token"}, False, False),
    ],
)
def test_which_tokens_a_grant_becomes(scopes, grant_types, refresh, id_token):
    stores = with_grant(scopes=scopes)
    answer = redeemed(stores, replace(GOV24, grant_types=frozenset(grant_types))).answer
    assert ("refresh_token" in answer, "id_token" in answer) == (refresh, id_token)
    assert len(stores.refreshes) == refresh


REFUSALS = [
    pytest.param({}, {}, NOW + 60, "expired", id="a minute late"),
    pytest.param({"redirect_uri": None}, {}, NOW, "redirect_uri", id="T-11 no redirect_uri"),
    pytest.param({"redirect_uri": GRANT.redirect_uri + "/"}, {}, NOW, "redirect_uri", id="T-11 another redirect_uri"),
    pytest.param({"code_verifier": None}, {}, NOW, "missing", id="P-03 no verifier"),
    pytest.param({"code_verifier": "a" * 43}, {}, NOW, "does not match", id="P-07 another verifier"),
    pytest.param({"code_verifier": CHALLENGE}, {}, NOW, "does not match", id="P-07 the challenge"),
    pytest.param({"code_verifier": "a" * 42}, {}, NOW, "malformed", id="P-05 short verifier"),
    pytest.param({}, {"code_challenge": None}, NOW, "without challenge", id="P-04 code without challenge"),
]


@pytest.mark.parametrize(("form", "grant", "now", "why"), REFUSALS)
def test_P_03_P_04_P_05_P_07_T_11_a_wrong_redemption_burns_the_code(form, grant, now, why):
    stores = with_grant(**grant)
    outcome = redeemed(stores, now=now, **form)
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.error, InvalidGrant)
    assert why in outcome.error.detail
    assert outcome.error.description == InvalidGrant.public
    assert stores.revoked == [GRANT.id]
    assert stores.events == ["client:authorization_code:burned"]
    assert not stores.access
    assert isinstance(redeemed(stores), Refused)
    assert not stores.access


@pytest.mark.parametrize(("form", "grant", "now", "why"), REFUSALS)
def test_the_pure_check_says_the_same(form, grant, now, why):
    with pytest.raises(InvalidGrant, match=why):
        check(replace(GRANT, **grant), changed(FORM, **form), None, now=now)


def test_a_code_is_good_until_the_last_second_of_its_minute():
    assert isinstance(redeemed(MemoryStores(), now=GRANT.code_expires_at - 1), Issued)


def test_a_waived_client_redeems_without_verifier():
    assert isinstance(redeemed(with_grant(code_challenge=None), code_verifier=None), Issued)


def test_C_02_a_replayed_code_revokes_the_grant_and_issues_nothing():
    stores = MemoryStores()
    assert isinstance(redeemed(stores), Issued)
    again = redeemed(stores, now=NOW + 1)
    assert isinstance(again, Refused)
    assert (again.error.code, again.error.detail) == ("invalid_grant", "code replayed")
    assert stores.revoked == [GRANT.id]
    assert stores.events == ["client:token:issued", "client:authorization_code:replayed"]
    assert len(stores.access) == 1


def test_C_02_a_replay_is_recognised_however_late_and_wrong_it_is():
    stores = MemoryStores()
    redeemed(stores)
    redeemed(stores, now=NOW + 10**6, redirect_uri="x", code_verifier=None)
    assert stores.revoked == [GRANT.id]


def test_T_08_another_client_can_neither_use_nor_burn_nor_revoke():
    stores = MemoryStores()
    for thief in (OTHER, APP):
        assert isinstance(redeemed(stores, thief), Refused)
    assert not stores.audit
    assert isinstance(redeemed(stores), Issued)
    assert isinstance(redeemed(stores, OTHER), Refused)
    assert stores.revoked == []


@pytest.mark.parametrize(
    "code", ["x", CODE.text[:-1], CODE.text + "=", CODE.text + "A", secret(5).text, CODE.text.swapcase()]
)
def test_C_11_what_is_no_code_of_ours_is_refused_and_spends_nothing(code):
    stores = MemoryStores()
    outcome = redeemed(stores, code=code)
    assert isinstance(outcome, Refused)
    assert outcome.error.code == "invalid_grant"
    assert not stores.spent
    assert not stores.audit


def test_a_code_with_a_wrong_secret_for_a_right_row_is_unknown():
    stores = MemoryStores()
    stores.codes = {replace(presented(CODE), digest=b"other"): GRANT.id}
    assert isinstance(redeemed(stores), Refused)


def test_a_form_without_code_is_malformed_and_spends_nothing():
    stores = MemoryStores()
    with pytest.raises(InvalidRequest):
        redeemed(stores, code=None)
    assert not stores.spent


@pytest.mark.parametrize(
    ("gate", "why"),
    [
        ({"person_active": False}, "person"),
        ({"credential_active": False}, "credential"),
        ({"passkey_active": False}, "credential"),
        ({"session_ended": True}, "session"),
        ({"consent_withdrawn": True}, "consent"),
    ],
)
def test_a_closed_gate_stops_the_code_exchange(gate, why):
    stores = MemoryStores(standings={GRANT.id: replace(GOOD, **gate)})
    outcome = redeemed(stores)
    assert isinstance(outcome, Refused)
    assert outcome.error.code == "invalid_grant"
    assert why in outcome.error.detail
    assert not stores.access


def test_A_12_a_scope_taken_away_meanwhile_is_not_given():
    stores = MemoryStores()
    answer = redeemed(stores, replace(GOV24, scopes=frozenset({"openid"}))).answer
    assert answer["scope"] == "openid"
    assert "refresh_token" not in answer
    assert stores.access[0].scopes == ("openid",)


def test_A_12_a_client_that_lost_every_scope_gets_nothing():
    stores = MemoryStores()
    assert isinstance(redeemed(stores, replace(GOV24, scopes=frozenset())), Refused)
    assert not stores.access


def test_the_token_endpoint_knows_these_grants():
    device = "urn:ietf:params:oauth:grant-type:device_code"
    assert GRANTS.keys() == {"authorization_code", "refresh_token", "client_credentials", device}


@given(st.dictionaries(st.sampled_from(["code", "redirect_uri", "code_verifier", "extra"]), TEXT))
def test_no_other_form_opens_the_code(form):
    stores = MemoryStores()
    try:
        outcome = redeem(form, GOV24, stores, make_mint(), NOW)
    except InvalidRequest:
        return
    assert isinstance(outcome, Refused)
    assert not stores.access
