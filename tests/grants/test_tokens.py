"""What a token response is made of (RFC 6749 §5.1)."""

from dataclasses import replace

import pytest

from idp.grants.tokens import issue, still_allowed
from idp.protocol.client import ACCESS_TOKEN_SECONDS
from tests.grants.fakes import GRANT, MemoryStores, make_mint
from tests.protocol.examples import GOV24, NOW


def issued(stores, **changes):
    wanted = {
        "now": NOW,
        "grant_type": "authorization_code",
        "scopes": GRANT.scopes,
        "refresh_token": True,
        "binding": None,
    } | changes
    return issue(GRANT, GOV24, stores, make_mint(), **wanted)


def test_no_two_secrets_are_the_same_and_each_has_256_bits():
    answer = issued(MemoryStores())
    assert answer["access_token"] != answer["refresh_token"]
    assert len(answer["access_token"]) == len(answer["refresh_token"]) == 64


def test_expires_in_is_a_number_of_seconds():
    assert issued(MemoryStores())["expires_in"] == ACCESS_TOKEN_SECONDS
    assert type(issued(MemoryStores())["expires_in"]) is int


def test_no_token_without_its_audit_row():
    stores = MemoryStores()
    issued(stores, scopes=("profile",), refresh_token=False)
    [row] = stores.audit
    assert dict(row.detail) == {"grant": GRANT.id, "grant_type": "authorization_code", "refresh": False}


def test_what_is_stored_is_no_token():
    stores = MemoryStores()
    answer = issued(stores)
    stored = repr((stores.access, stores.refreshes, stores.audit))
    assert answer["access_token"] not in stored
    assert answer["refresh_token"] not in stored


@pytest.mark.parametrize(
    ("allowed", "left"),
    [({"openid", "profile"}, ("openid", "profile")), ({"profile", "phone"}, ("profile",)), (set(), ())],
)
def test_A_12_only_what_the_registration_still_lists(allowed, left):
    assert still_allowed(("openid", "profile"), replace(GOV24, scopes=frozenset(allowed))) == left
