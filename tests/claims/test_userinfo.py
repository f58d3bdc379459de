"""OpenID Connect Core 1.0 §5.1 to §5.3: what goes out, and what never does."""

from dataclasses import replace

import pytest

from idp.claims.scopes import SCOPES, claims_of
from idp.claims.userinfo import person_claims, released
from idp.people.record import Name
from idp.protocol.claims_request import parse_claims
from tests.ground import PHONE, RECORD

CLAIMS = person_claims(RECORD, PHONE)
BARE = replace(
    RECORD,
    gender=None,
    email=None,
    email_verified=False,
    address=None,
    middle_name=None,
    nickname=None,
    preferred_username=None,
    profile=None,
    picture=None,
    website=None,
    zoneinfo=None,
    locale=None,
    updated_at=0,
)


def given(scopes, claims=None, consented=None, values=CLAIMS):
    names = scopes.split()
    return released(values, names, parse_claims(claims).userinfo, names if consented is None else consented)


def test_a_full_record_has_every_claim_of_every_scope():
    assert CLAIMS.keys() == set(claims_of(SCOPES))


def test_names_stand_in_both_scripts_and_latin_without_tag():
    assert CLAIMS["name"] == CLAIMS["name#en"] == "HONG GILDONG"
    assert CLAIMS["name#ko-Hang"] == "홍길동"
    assert (CLAIMS["family_name#ko-Hang"], CLAIMS["given_name#ko-Hang"]) == ("홍", "길동")


def test_somebody_with_one_name_has_no_given_name():
    one = Name(family="SUHARTO", given="", full="SUHARTO")
    claims = person_claims(replace(RECORD, latin=one), PHONE)
    assert (claims["name"], claims["family_name"]) == ("SUHARTO", "SUHARTO")
    assert CLAIMS.keys() - claims.keys() == {"given_name", "given_name#en"}


def test_types_are_those_of_the_specification():
    assert CLAIMS["email_verified"] is True
    assert CLAIMS["phone_number_verified"] is True
    assert type(CLAIMS["updated_at"]) is int
    assert type(CLAIMS["address"]) is dict
    assert CLAIMS["phone_number"] == PHONE


def test_what_has_no_value_is_left_out():
    claims = person_claims(BARE, None)
    assert all(value not in (None, "", {}) for value in claims.values())
    absent = {"email", "email_verified", "phone_number", "phone_number_verified", "address", "updated_at", "gender"}
    assert absent.isdisjoint(claims)
    assert person_claims(replace(BARE, email="a@example.org"), None)["email_verified"] is False


def test_U_03_passport_and_other_fields_never_become_claims():
    claims = person_claims(replace(RECORD, passport="M12345678", extra={"rrn": "800131-1234567"}), PHONE)
    assert "M12345678" not in repr(claims)
    assert "800131" not in repr(claims)


@pytest.mark.parametrize("scope", [scope for scope in SCOPES if SCOPES[scope]])
def test_U_03_a_scope_gives_its_own_claims_and_no_others(scope):
    assert given(f"openid {scope}").keys() == set(SCOPES[scope])


@pytest.mark.parametrize(
    ("scopes", "claims", "consented", "names"),
    [
        pytest.param("openid", None, None, set(), id="no scope, no claim"),
        pytest.param("openid", '{"userinfo":{"email":null}}', ["email"], {"email"}, id="single, agreed"),
        pytest.param("openid", '{"userinfo":{"email":null}}', ["openid"], set(), id="U-03 single, not agreed"),
        pytest.param("openid", '{"userinfo":{"email":{"essential":true}}}', [], set(), id="U-03 essential, not agreed"),
        pytest.param(
            "openid", '{"userinfo":{"sub":null,"passport":null}}', ["profile"], set(), id="U-03 no such claim"
        ),
        pytest.param("openid", '{"id_token":{"email":null}}', ["email"], set(), id="asked for elsewhere"),
        pytest.param(
            "openid email", '{"userinfo":{"email":{"value":"x"}}}', None, {"email_verified"}, id="another value"
        ),
        pytest.param(
            "openid email",
            '{"userinfo":{"email":{"values":["x","gildong@example.org"]}}}',
            None,
            {"email", "email_verified"},
            id="our value among others",
        ),
    ],
)
def test_U_03_single_claims_need_the_consent_to_their_scope(scopes, claims, consented, names):
    assert given(scopes, claims, consented).keys() == names


def test_an_object_can_be_asked_for_by_value():
    assert given("address", '{"userinfo":{"address":{"value":{"country":"DE"}}}}') == {}


def test_what_the_record_lacks_is_not_given():
    assert given("email phone address", values=person_claims(BARE, None)) == {}
