"""Request objects (RFC 9101; OpenID Connect Core 1.0 §6.1): one row per way one must be refused."""

import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.client import Client
from idp.protocol.errors import InvalidRequestObject
from idp.protocol.request_object import TEXTS, merged, read_request_object
from idp.protocol.request_source import Source, unwrap
from tests.signed_requests import EC, ED, JWKS, RSA, STRANGER, TYP, sign, unsigned

NOW = 1_800_000_000
ISSUER = "https://id.example"
CLIENT = Client(id="rp", names={}, redirect_uris=("https://rp.example/cb",), jwks=tuple(JWKS["keys"]))
FAPI = replace(CLIENT, profile="fapi2", token_endpoint_auth_method="private_key_jwt")
MESSAGE_SIGNING = replace(FAPI, profile="fapi2-message-signing")
INSIDE = {
    "iss": "rp",
    "aud": ISSUER,
    "exp": NOW + 300,
    "nbf": NOW,
    "client_id": "rp",
    "response_type": "code",
    "scope": "openid",
}


def claims(**changed):
    """INSIDE with some members changed; ... removes one."""
    return {name: value for name, value in (INSIDE | changed).items() if value is not ...}


def read(token, client=CLIENT):
    return read_request_object(token, client, issuer=ISSUER, now=NOW)


@pytest.mark.parametrize(("key", "alg"), [(EC, "ES256"), (RSA, "RS256"), (RSA, "PS256"), (ED, "Ed25519")])
@pytest.mark.parametrize("typ", [TYP, TYP.upper(), f"application/{TYP}", "JWT", None])
def test_a_request_signed_with_a_registered_key_is_read(key, alg, typ):
    assert read(sign(claims(), key, alg, typ=typ)) == {"client_id": "rp", "response_type": "code", "scope": "openid"}


@pytest.mark.parametrize("client", [CLIENT, FAPI, MESSAGE_SIGNING], ids=lambda c: c.profile)
@pytest.mark.parametrize(
    "changed",
    [
        {"aud": [ISSUER, "https://other.example"]},
        {"nbf": NOW + 8, "iat": NOW + 8},
        {"nbf": NOW - 3590, "exp": NOW + 5},
        {"nbf": NOW, "exp": NOW + 3600},
        {"jti": "any"},
        {"client_id": "rp"},
    ],
    ids=str,
)
def test_Q_07_Q_08_what_must_be_accepted_is(client, changed):
    assert read(sign(claims(**changed)), client)["scope"] == "openid"


@pytest.mark.parametrize("missing", ["exp", "nbf"])
def test_Q_07_openid_connect_demands_no_dates_and_fapi_both(missing):
    token = sign(claims(**{missing: ...}))
    assert read(token)["scope"] == "openid"
    for client in (FAPI, MESSAGE_SIGNING):
        with pytest.raises(InvalidRequestObject, match=missing):
            read(token, client)


@pytest.mark.parametrize("client", [CLIENT, FAPI, MESSAGE_SIGNING], ids=lambda c: c.profile)
@pytest.mark.parametrize(
    ("why", "changed"),
    [
        ("expired", {"exp": NOW - 31, "nbf": NOW - 60}),
        ("more than an hour", {"exp": NOW + 3640}),
        ("more than an hour", {"nbf": NOW - 3000, "exp": NOW + 700}),
        ("hour ago", {"nbf": NOW - 3640}),
        ("future", {"nbf": NOW + 61}),
        ("future", {"iat": NOW + 61}),
        ("no date", {"exp": str(NOW + 300)}),
        ("no date", {"exp": NOW + 0.5}),
        ("no date", {"exp": True}),
        ("no date", {"exp": None}),
        ("no date", {"nbf": -(10**13)}),
        ("another audience", {"aud": "https://other.example"}),
        ("another audience", {"aud": ...}),
        ("another audience", {"aud": ISSUER + "/"}),
        ("another audience", {"aud": f"{ISSUER}/par"}),
        ("another audience", {"aud": {ISSUER: 1}}),
        ("another client", {"iss": ...}),
        ("another client", {"iss": "other"}),
        ("another client", {"client_id": "other"}),
        ("another client", {"client_id": ["rp"]}),
        ("inside", {"request": "x"}),
        ("inside", {"request_uri": "urn:x"}),
        ("inside", {"sub": "rp"}),
        ("empty", {"state": ""}),
        ("empty", {"unknown": ""}),
        ("no text", {"state": "\ud800"}),
        ("too long", {"state": "a" * 8193}),
        ("too many", {f"m{i}": "x" for i in range(60)}),
    ],
    ids=str,
)
def test_Q_07_Q_08_Q_11_refused(client, why, changed):
    with pytest.raises(InvalidRequestObject, match=why):
        read(sign(claims(**changed)), client)


def with_shared_secret(secret, alg="HS256"):
    head = urlsafe_b64encode(json.dumps({"alg": alg, "typ": TYP, "kid": "rsa"}).encode()).rstrip(b"=")
    body = urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=")
    mac = urlsafe_b64encode(hmac.digest(secret, head + b"." + body, sha256)).rstrip(b"=")
    return b".".join([head, body, mac]).decode()


PEM = RSA.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(unsigned(claims()), id="J-01 none"),
        pytest.param(unsigned(claims(), "None"), id="J-01 None"),
        pytest.param(unsigned(claims(), "nOnE"), id="J-01 nOnE"),
        pytest.param(unsigned(claims(), "ES256"), id="J-01 empty signature"),
        pytest.param(unsigned(claims()) + "AA", id="J-01 none with a signature"),
        pytest.param(sign(claims(), STRANGER), id="Q-06 another key under our kid"),
        pytest.param(sign(claims())[:-4] + "AAAA", id="Q-06 bad signature"),
        pytest.param(with_shared_secret(PEM), id="J-02 public key as PEM"),
        pytest.param(with_shared_secret(json.dumps(JWKS["keys"][1]).encode()), id="J-02 public key as JWK"),
        pytest.param(sign(claims(), STRANGER, jwk=STRANGER.as_dict(private=False)), id="J-03 jwk in the header"),
        pytest.param(sign(claims(), STRANGER, kid="../../dev/null"), id="J-03 kid is a path"),
        pytest.param(sign(claims(), typ="at+jwt"), id="J-05 access token"),
        pytest.param(sign(claims(), typ="dpop+jwt"), id="J-05 proof"),
        pytest.param(sign(claims(), typ="client-authentication+jwt"), id="J-05 assertion"),
        pytest.param(sign(claims(sub="rp", jti="1"), typ="JWT"), id="J-05 assertion by its claims"),
        pytest.param(sign(b"[1]"), id="no object"),
        pytest.param(sign(b"not json"), id="no JSON"),
        pytest.param(sign(claims()) + "=", id="padding"),
        pytest.param("", id="empty"),
        pytest.param("a" * 20_000, id="D-02 too long"),
    ],
)
@pytest.mark.parametrize("client", [CLIENT, MESSAGE_SIGNING], ids=lambda c: c.profile)
def test_Q_06_J_no_other_token_is_a_request_object(token, client):
    with pytest.raises(InvalidRequestObject):
        read(token, client)


@pytest.mark.parametrize("client", [FAPI, MESSAGE_SIGNING], ids=lambda c: c.profile)
def test_Q_06_RS256_is_refused_where_PS256_is_agreed(client):
    token = sign(claims(), RSA, "RS256")
    assert read(token)
    with pytest.raises(InvalidRequestObject):
        read(token, client)
    with pytest.raises(InvalidRequestObject):
        read(token, replace(CLIENT, request_object_signing_alg="PS256"))


def test_J_06_a_key_registered_for_one_algorithm_verifies_no_other():
    only = replace(CLIENT, jwks=(RSA.as_dict(private=False) | {"alg": "PS256"},))
    assert read(sign(claims(), RSA, "PS256"), only)
    with pytest.raises(InvalidRequestObject):
        read(sign(claims(), RSA, "RS256"), only)


def test_the_algorithm_of_assertions_does_not_bind_request_objects():
    client = replace(CLIENT, token_endpoint_auth_signing_alg="PS256")
    assert read(sign(claims()), client)


def test_a_client_without_keys_signs_nothing():
    with pytest.raises(InvalidRequestObject):
        read(sign(claims()), replace(CLIENT, jwks=()))


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("max_age", 0, "0"),
        ("max_age", "60", "60"),
        ("claims", {"userinfo": {"name": None}}, '{"userinfo":{"name":null}}'),
        ("claims", '{"userinfo":{}}', '{"userinfo":{}}'),
        ("authorization_details", [{"type": "t"}], '[{"type":"t"}]'),
        ("resource", "https://a.example", "https://a.example"),
        ("resource", ["https://a.example", "https://b.example"], "https://a.example https://b.example"),
        ("resource", ["https://a.example https://b.example"], "https://a.example\nhttps://b.example"),
        ("resource", "https://a.example https://b.example", "https://a.example\nhttps://b.example"),
        ("state", "\u00fc", "\u00fc"),
    ],
)
def test_members_become_the_parameters_they_stand_for(name, value, text):
    assert read(sign(claims(**{name: value})))[name] == text


@pytest.mark.parametrize("value", [None, True, 1.5, {"a": 1}, [1], ["x"]], ids=str)
def test_a_member_that_nobody_knows_is_ignored(value):
    assert "unknown" not in read(sign(claims(unknown=value)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("state", value) for value in (None, True, 1.5, 5, {"a": 1}, ["x"])),
        *((name, ["x"]) for name in sorted(TEXTS)),
        ("max_age", True),
        ("max_age", 1.5),
        ("claims", 5),
        ("authorization_details", None),
        ("resource", [5]),
        ("resource", {"a": "https://a.example"}),
    ],
    ids=str,
)
def test_Q_11_what_is_signed_in_another_shape_is_refused_and_never_overlooked(name, value):
    with pytest.raises(InvalidRequestObject):
        read(sign(claims(**{name: value})))


def test_registration_inside_is_refused_like_the_parameter():
    assert read(sign(claims(registration={"client_name": "x"})))["registration"] == '{"client_name":"x"}'


OUTSIDE = {"client_id": "rp", "request": "…", "scope": "profile", "state": "outer", "nonce": "outer"}


def test_Q_05_inside_wins_and_openid_connect_lets_the_rest_come_from_outside():
    assert merged({"scope": "openid", "nonce": "inner"}, OUTSIDE, CLIENT) == {
        "client_id": "rp",
        "scope": "openid",
        "nonce": "inner",
        "state": "outer",
    }


@pytest.mark.parametrize(
    "client",
    [FAPI, MESSAGE_SIGNING, replace(CLIENT, require_signed_request_object=True)],
    ids=["fapi2", "message signing", "by flag"],
)
def test_Q_05_for_those_who_must_sign_only_what_is_inside_counts(client):
    inside = {"scope": "openid", "nonce": "inner"}
    assert merged(inside, OUTSIDE | {"response_type": "token"}, client) == inside | {"client_id": "rp"}


def test_response_type_inside_and_outside_must_agree_for_openid_connect():
    assert merged({"response_type": "code"}, OUTSIDE | {"response_type": "code"}, CLIENT)["response_type"] == "code"
    assert merged({}, OUTSIDE | {"response_type": "code"}, CLIENT)["response_type"] == "code"
    with pytest.raises(InvalidRequestObject, match="response_type"):
        merged({"response_type": "code"}, OUTSIDE | {"response_type": "token"}, CLIENT)


def test_a_plain_request_is_its_own_parameters():
    plain = {"client_id": "rp", "scope": "openid"}
    assert unwrap(plain, CLIENT, issuer=ISSUER, now=NOW) == Source(plain)


def test_a_signed_request_says_that_it_was_signed():
    source = unwrap({"client_id": "rp", "request": sign(claims())}, CLIENT, issuer=ISSUER, now=NOW)
    assert source.signed
    assert source.pushed is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from([*INSIDE, "max_age", "claims", "resource", "authorization_details", "request", "sub", "state"])


@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_whatever_is_signed_is_read_or_refused(changed):
    try:
        found = read(sign(INSIDE | changed))
    except InvalidRequestObject:
        return
    assert all(isinstance(value, str) and value for value in found.values())
    assert not found.keys() & {"iss", "aud", "exp", "nbf", "request", "request_uri", "sub"}


@given(st.text(max_size=200))
def test_whatever_is_sent_is_refused(text):
    with pytest.raises(InvalidRequestObject):
        read(text)
