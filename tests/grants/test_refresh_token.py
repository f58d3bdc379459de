"""RFC 6749 §6, RFC 9700 §4.14, OpenID Connect Core 1.0 §12."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from idp.grants import Issued, Refused
from idp.grants.refresh_token import refresh
from idp.keys.handles import Handle, Presented, read_handle
from idp.protocol.errors import InvalidRequest, InvalidScope
from tests.grants.fakes import GOOD, GRANT, REFRESH, make_mint, presented, secret, with_refresh
from tests.protocol.examples import APP, GOV24, NOW

PUBLIC = replace(APP, scopes=GOV24.scopes)
OF_PUBLIC = replace(GRANT, client_id="app")
FORM = {"refresh_token": REFRESH.text}


def refreshed(stores, client=GOV24, now=NOW, mint=None, **changes):
    return refresh(FORM | changes, client, stores, mint or make_mint(), now)


def test_a_confidential_client_keeps_its_refresh_token():
    stores = with_refresh()
    first, second = refreshed(stores), refreshed(stores, now=NOW + 1)
    for outcome in (first, second):
        assert isinstance(outcome, Issued)
        assert "refresh_token" not in outcome.answer
    assert len(stores.access) == 2
    assert stores.events == ["client:token:issued"] * 2
    assert stores.audit[0].detail["grant_type"] == "refresh_token"


def test_a_public_clients_refresh_token_is_replaced_at_every_use():
    stores, mint = with_refresh(OF_PUBLIC), make_mint()
    answer = refreshed(stores, PUBLIC, mint=mint, now=NOW + 86_400).answer
    child = read_handle(answer["refresh_token"])
    assert child != presented(REFRESH)
    assert stores.refreshes[child].expires_at == GRANT.expires_at
    assert isinstance(refreshed(stores, PUBLIC, mint=mint, refresh_token=answer["refresh_token"]), Issued)


def test_C_06_a_spent_refresh_token_ends_the_whole_family():
    stores, mint = with_refresh(OF_PUBLIC), make_mint()
    child = refreshed(stores, PUBLIC, mint=mint).answer["refresh_token"]
    child = refreshed(stores, PUBLIC, mint=mint, refresh_token=child).answer["refresh_token"]
    reused = refreshed(stores, PUBLIC, mint=mint)
    assert isinstance(reused, Refused)
    assert (reused.error.code, reused.error.detail) == ("invalid_grant", "refresh token reused")
    assert stores.revoked == [GRANT.id]
    assert stores.events[-1] == "client:refresh_token:reused"
    assert isinstance(refreshed(stores, PUBLIC, mint=mint, refresh_token=child), Refused)
    assert len(stores.access) == 2


def test_C_04_the_loser_of_a_race_gets_nothing_and_ends_nothing():
    stores = with_refresh(OF_PUBLIC)
    take = stores.take_refresh

    def late(token, _successor, now):  # somebody else takes it between look and take
        if stores.refreshes[presented(REFRESH)].spent_at is None:
            take(token, UUID(int=5), now)
            stores.add_refresh_token(Presented(UUID(int=5), b""), GRANT.id, now, GRANT.expires_at)
        return False

    stores.take_refresh = late
    assert isinstance(refreshed(stores, PUBLIC), Refused)
    assert stores.revoked == []
    assert not stores.access


@pytest.mark.parametrize("after", [2, 30, 60])
def test_a_client_whose_answer_was_lost_gets_another_once(after):
    stores, mint = with_refresh(OF_PUBLIC), make_mint()
    lost = refreshed(stores, PUBLIC, mint=mint).answer["refresh_token"]
    again = refreshed(stores, PUBLIC, mint=mint, now=NOW + after)
    assert isinstance(again, Issued)
    assert "client:refresh_token:retried" in stores.events
    assert stores.revoked == []
    other = again.answer["refresh_token"]
    assert other != lost
    later = NOW + after + 100
    assert isinstance(refreshed(stores, PUBLIC, mint=mint, refresh_token=other, now=later), Issued)
    assert isinstance(refreshed(stores, PUBLIC, mint=mint, refresh_token=lost, now=later), Refused)
    assert stores.revoked == [GRANT.id]


@pytest.mark.parametrize(
    ("times", "revoked"),
    [
        ([0], False),
        ([1], False),
        ([1, 1, 1], False),
        ([61], True),
        ([30, 30], False),
        ([30, 31], False),
        ([30, 32], True),
        ([30, 61], True),
        ([1, 61], True),
    ],
)
def test_C_04_C_06_when_a_spent_token_that_comes_back_ends_the_family(times, revoked):
    """Its successor unused: at the same moment nothing ends, within a minute once, later and oftener it is theft."""
    stores, mint = with_refresh(OF_PUBLIC), make_mint()
    refreshed(stores, PUBLIC, mint=mint)
    outcomes = [refreshed(stores, PUBLIC, mint=mint, now=NOW + after) for after in times]
    assert isinstance(outcomes[-1], Refused) is (times != [30])
    assert (stores.revoked == [GRANT.id]) is revoked
    live = [one for one in stores.refreshes.values() if one.spent_at is None]
    assert len(live) == 1


def test_C_06_the_lost_token_is_recognised_when_it_turns_up_after_all():
    stores, mint = with_refresh(OF_PUBLIC), make_mint()
    lost = refreshed(stores, PUBLIC, mint=mint).answer["refresh_token"]
    refreshed(stores, PUBLIC, mint=mint, now=NOW + 10)
    assert isinstance(refreshed(stores, PUBLIC, mint=mint, refresh_token=lost, now=NOW + 11), Refused)
    assert stores.revoked == [GRANT.id]


def test_a_token_spent_while_the_client_was_public_stays_spent():
    stores = with_refresh()
    stores.take_refresh(REFRESH, UUID(int=5), NOW)
    assert isinstance(refreshed(stores), Refused)
    assert stores.revoked == [GRANT.id]


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ("x", GOV24),
        (REFRESH.text[:-1], GOV24),
        (REFRESH.text + "=", GOV24),
        (secret(101).text, GOV24),
        pytest.param(REFRESH.text, replace(GOV24, id="other"), id="C-09 another client"),
        pytest.param(REFRESH.text, PUBLIC, id="C-09 a public client"),
    ],
)
def test_C_09_C_11_an_unknown_or_foreign_token_is_refused_and_ends_nothing(text, client):
    stores = with_refresh()
    outcome = refreshed(stores, client, refresh_token=text)
    assert isinstance(outcome, Refused)
    assert outcome.error.code == "invalid_grant"
    assert stores.revoked == []
    assert not stores.audit


def test_a_form_without_token_is_malformed():
    with pytest.raises(InvalidRequest):
        refresh({}, GOV24, with_refresh(), make_mint(), NOW)


@pytest.mark.parametrize("now", [GRANT.expires_at, GRANT.expires_at + 1])
def test_C_10_the_absolute_lifetime_ends_it_however_often_it_was_used(now):
    stores = with_refresh()
    for day in range(1, 30):
        assert isinstance(refreshed(stores, now=NOW + day * 86_400), Issued)
    assert isinstance(refreshed(stores, now=now), Refused)


def test_a_revoked_grant_refreshes_nothing():
    assert isinstance(refreshed(with_refresh(replace(GRANT, revoked=True))), Refused)


@pytest.mark.parametrize(
    ("gate", "closed"),
    [
        ({"person_active": False}, True),
        ({"credential_active": False}, True),
        ({"passkey_active": False}, True),
        ({"consent_withdrawn": True}, True),
        pytest.param({"session_ended": True}, False, id="offline access outlives the session (Core §11)"),
    ],
)
def test_C_08_a_closed_gate_stops_refreshing(gate, closed):
    stores = with_refresh(standings={GRANT.id: replace(GOOD, **gate)})
    outcome = refreshed(stores)
    assert isinstance(outcome, Refused) is closed
    assert len(stores.access) == (not closed)


@pytest.mark.parametrize(
    ("scope", "given"),
    [
        ("openid", ("openid",)),
        ("profile openid", ("profile", "openid")),
        ("openid openid", ("openid",)),
        ("openid profile offline_access", GRANT.scopes),
    ],
)
def test_the_same_scope_or_less(scope, given):
    stores = with_refresh()
    answer = refreshed(stores, scope=scope).answer
    assert stores.access[0].scopes == given
    assert answer["scope"] == " ".join(given)
    assert ("id_token" in answer) is ("openid" in given)


@pytest.mark.parametrize("scope", ["openid email", "admin", "openid  phone", "\t", "\x1f"])
def test_C_09_a_wider_scope_is_refused_and_spends_nothing(scope):
    stores = with_refresh(OF_PUBLIC)
    with pytest.raises(InvalidScope):
        refreshed(stores, PUBLIC, scope=scope)
    assert stores.refreshes[presented(REFRESH)].spent_at is None


@pytest.mark.parametrize("kept", [set(), {"openid"}, {"offline_access"}])
def test_A_12_C_08_a_scope_taken_away_from_the_client_is_not_refreshed(kept):
    stores = with_refresh()
    outcome = refreshed(stores, replace(GOV24, scopes=frozenset(kept)))
    assert isinstance(outcome, Refused) is ("offline_access" not in kept)
    assert [token.scopes for token in stores.access] == [tuple(kept)] * ("offline_access" in kept)


def test_a_refreshed_id_token_is_of_the_same_event_without_the_nonce():
    claims = json.loads(refreshed(with_refresh(), now=NOW + 900).answer["id_token"])["claims"]
    assert (claims["auth_time"], claims["acr"], claims["sid"]) == (GRANT.auth_time, GRANT.acr, "gov24:3")
    assert claims["iat"] == NOW + 900
    assert "nonce" not in claims
    assert "azp" not in claims


def test_a_handle_is_what_the_store_sees():
    assert isinstance(REFRESH, Handle)
    assert read_handle(REFRESH.text) == presented(REFRESH)
