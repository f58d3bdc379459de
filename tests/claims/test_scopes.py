"""OpenID Connect Core 1.0 §5.4: which scope gives which claims."""

import pytest

from idp.claims.scopes import SCOPES, claims_of, scope_of, scopes_to_ask
from idp.protocol.claims_request import parse_claims

STANDARD = {
    "profile": "name family_name given_name middle_name nickname preferred_username profile picture website gender "
    "birthdate zoneinfo locale updated_at",
    "email": "email email_verified",
    "address": "address",
    "phone": "phone_number phone_number_verified",
}


@pytest.mark.parametrize("scope", STANDARD)
def test_a_standard_scope_gives_its_standard_claims(scope):
    plain = {claim for claim in SCOPES[scope] if "#" not in claim}
    assert plain == set(STANDARD[scope].split())


def test_names_come_in_both_scripts():
    for name in ("name", "given_name", "family_name"):
        assert {name, f"{name}#ko-Hang", f"{name}#en"} <= set(SCOPES["profile"])


def test_claims_of_several_scopes_each_once_and_in_order():
    assert claims_of(["email", "openid", "email", "unknown", "address"]) == ("email", "email_verified", "address")
    assert claims_of([]) == ()


@pytest.mark.parametrize(
    ("claim", "scope"),
    [
        ("name#en", "profile"),
        ("email", "email"),
        ("overseas_registration", "overseas"),
        ("sub", None),
        ("x", None),
        ("", None),
    ],
)
def test_the_scope_whose_consent_covers_a_claim(claim, scope):
    assert scope_of(claim) == scope


def test_each_claim_belongs_to_one_scope():
    claims = [claim for listed in SCOPES.values() for claim in listed]
    assert len(claims) == len(set(claims))


@pytest.mark.parametrize(
    ("scopes", "claims", "allowed", "asked"),
    [
        (["openid"], None, {"openid", "email"}, ("openid",)),
        (["openid"], '{"userinfo":{"email":null}}', {"openid", "email"}, ("openid", "email")),
        (["openid"], '{"id_token":{"email":null}}', {"openid", "email"}, ("openid",)),
        (["openid"], '{"userinfo":{"phone_number":null}}', {"openid", "email"}, ("openid",)),
        (
            ["openid", "email"],
            '{"userinfo":{"email":null,"name":null}}',
            {"email", "profile"},
            ("openid", "email", "profile"),
        ),
        (["openid"], '{"userinfo":{"sub":null,"unknown":null}}', {"openid"}, ("openid",)),
    ],
)
def test_A_12_a_single_claim_asks_for_its_scope_if_the_client_may_have_it(scopes, claims, allowed, asked):
    assert scopes_to_ask(scopes, parse_claims(claims), frozenset(allowed)) == asked
