"""RFC 6749 §2.3, RFC 7523 §3: exactly one method, the registered one."""

from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from idp.protocol.client_authentication import (
    JWT_BEARER,
    MAX_ASSERTION_SECONDS,
    MAX_JTI,
    SKEW_SECONDS,
    Presented,
    authenticate,
    client_keys,
    read_credential,
)
from idp.protocol.errors import InvalidClient, InvalidRequest, OAuthError
from tests.protocol.examples import APP, GOV24, ISSUER, NOW, SECRET, TEXT, TOKEN_ENDPOINT
from tests.protocol.signing import EC, ED25519, KID, OTHER_EC, P384, RSA, signed, unsigned
from tests.vectors import published

POST = replace(GOV24, id="post", token_endpoint_auth_method="client_secret_post")
MINISTRY = replace(
    GOV24,
    id="ministry",
    token_endpoint_auth_method="private_key_jwt",
    secret_digests=(),
    jwks=(EC.as_dict(private=False) | {"kid": KID, "alg": "ES256"},),
)
FAPI = replace(MINISTRY, id="fapi", assertion_audience="issuer")
MOVED = replace(MINISTRY, id="moved", secret_digests=GOV24.secret_digests)
OFF = replace(GOV24, id="off", enabled=False)
CLIENTS = {client.id: client for client in (GOV24, POST, MINISTRY, FAPI, MOVED, OFF, APP)}
CLAIMS = {"iss": "ministry", "sub": "ministry", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "j1"}


def basic(client_id, secret=SECRET):
    return "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()


def assertion(claims=CLAIMS, **header):
    return {"client_assertion_type": JWT_BEARER, "client_assertion": signed(claims, **header)}


def proven(form, authorization=None, now=NOW, clients=CLIENTS):
    return authenticate(
        form, authorization, find_client=clients.get, issuer=ISSUER, token_endpoint=TOKEN_ENDPOINT, now=now
    )


@pytest.mark.parametrize(
    ("form", "authorization", "client"),
    [
        ({}, basic("gov24"), "gov24"),
        ({"client_id": "gov24"}, basic("gov24"), "gov24"),
        ({}, basic("gov24").replace("Basic", "BASIC"), "gov24"),
        ({}, basic("gov%324"), "gov24"),
        ({"client_id": "post", "client_secret": SECRET}, None, "post"),
        (assertion(), None, "ministry"),
        (assertion() | {"client_id": "ministry"}, None, "ministry"),
        (assertion(typ="client-authentication+jwt"), None, "ministry"),
        ({"client_id": "app"}, None, "app"),
    ],
)
def test_each_client_by_its_own_method(form, authorization, client):
    assert proven(form, authorization).client.id == client


def test_the_published_basic_credential_is_read():
    vector = published("rfc6749_section_4_1_3")
    expected = Presented("client_secret_basic", vector["client_id"], secret=vector["client_secret"])
    assert read_credential({}, vector["authorization"]) == expected


def test_both_secrets_are_good_while_one_replaces_the_other():
    two = replace(GOV24, secret_digests=(sha256(b"old").digest(), sha256(b"new").digest()))
    for secret in ("old", "new"):
        assert proven({}, basic("gov24", secret), clients={"gov24": two}).client is two
    with pytest.raises(InvalidClient):
        proven({}, basic("gov24", "older"), clients={"gov24": two})


@pytest.mark.parametrize(
    ("form", "authorization"),
    [
        ({"client_secret": SECRET}, basic("gov24")),
        ({"client_id": "gov24", "client_secret": SECRET}, basic("gov24")),
        (assertion(), basic("ministry")),
        ({"client_assertion": "x"}, basic("ministry")),
        ({"client_assertion_type": JWT_BEARER}, basic("ministry")),
        (assertion() | {"client_secret": SECRET}, None),
        (
            {
                "client_assertion": unsigned(CLAIMS, "none"),
                "client_assertion_type": JWT_BEARER,
                "client_secret": SECRET,
            },
            None,
        ),
        ({"client_id": "post"}, basic("gov24")),
    ],
)
def test_T_02_T_04_several_credentials_are_an_invalid_request(form, authorization):
    with pytest.raises(InvalidRequest):
        proven(form, authorization)


@pytest.mark.parametrize(
    ("form", "authorization"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"client_id": "nobody"}, None, id="unknown public"),
        pytest.param({}, basic("nobody"), id="unknown"),
        pytest.param({}, basic("GOV24"), id="N-04 other case"),
        pytest.param({}, basic("gov24 "), id="N-04 trailing space"),
        pytest.param({}, basic("gov24", "wrong"), id="wrong secret"),
        pytest.param({}, basic("gov24", ""), id="empty secret"),
        pytest.param({}, basic("gov24", SECRET + " "), id="secret with a space"),
        pytest.param({}, basic("off"), id="disabled"),
        pytest.param({"client_id": "gov24"}, None, id="T-12 confidential client without credential"),
        pytest.param({"client_id": "gov24", "client_secret": SECRET}, None, id="T-04 post instead of basic"),
        pytest.param({}, basic("post"), id="T-04 basic instead of post"),
        pytest.param({}, basic("app", ""), id="T-04 basic for a public client"),
        pytest.param({}, basic("moved"), id="T-04 old secret of a client that moved to keys"),
        pytest.param({"client_id": "moved", "client_secret": SECRET}, None, id="T-04 old secret in the body"),
        pytest.param({"client_id": "ministry"}, None, id="T-04 no assertion"),
        pytest.param({"client_assertion": signed(CLAIMS)}, None, id="assertion without type"),
        pytest.param({"client_assertion_type": JWT_BEARER}, None, id="type without assertion"),
        pytest.param(assertion() | {"client_assertion_type": JWT_BEARER.replace("jwt", "saml2")}, None, id="SAML"),
        pytest.param(assertion() | {"client_id": "fapi"}, None, id="T-02 client_id is not the subject"),
        pytest.param(assertion(CLAIMS | {"iss": "fapi"}), None, id="T-02 iss is not sub"),
        pytest.param(assertion(CLAIMS | {"sub": "fapi"}), None, id="T-02 sub is not iss"),
        pytest.param(
            assertion(CLAIMS | {"sub": "gov24", "iss": "gov24"}), None, id="assertion for a client with a secret"
        ),
    ],
)
def test_T_02_T_04_T_12_whoever_is_not_the_client_reads_one_and_the_same(form, authorization):
    with pytest.raises(InvalidClient) as refused:
        proven(form, authorization)
    assert (refused.value.status, refused.value.description) == (401, InvalidClient.public)


GOOD = basic("gov24").removeprefix("Basic ")  # ends in padding, so that a looser decoder has room to err


@pytest.mark.parametrize(
    "header",
    [
        *(
            "",
            "Basic",
            "Basic ",
            f"Basic  {GOOD}",
            f"Basic {GOOD} ",
            f"Basic\t{GOOD}",
            f"Basic {GOOD}\n",
            f" Basic {GOOD}",
        ),
        *(f"Basic {GOOD[:8]} {GOOD[8:]}", f"Basic {GOOD}=", f"Basic {GOOD}A", f"Basic={GOOD}", f"Bearer {GOOD}"),
        *("Basic !!!!", "Basic Z292MjQ", "Basic Z292MjQ=", "Basic OnNlY3JldA==", "Basic " + "QUFB" * 600),
        "Basic " + b64encode(b"\xff\xfe:x").decode(),
        "Basic " + b64encode(f"gov24:{SECRET}??>".encode()).decode().replace("/", "_").replace("+", "-"),
        pytest.param("Basic Z292MjQ6eA=", id="half the padding"),
        pytest.param("Basic Z292MjQ6eB==", id="stray bits"),
        pytest.param("Basic Z292MjQ6eHh4=", id="padding after whole groups"),
    ],
)
def test_T_03_a_loosely_encoded_basic_header_is_refused(header):
    secrets = tuple(sha256(s).digest() for s in (b"x", b"xxx", SECRET.encode(), SECRET.encode() + b"??>"))
    with pytest.raises(InvalidClient):
        proven({}, header, clients={"gov24": replace(GOV24, secret_digests=secrets)})


def test_T_03_the_same_header_in_its_one_spelling_is_accepted():
    client = replace(GOV24, secret_digests=(sha256(b"x").digest(),))
    assert proven({}, "Basic Z292MjQ6eA==", clients={"gov24": client}).client is client


def without(name):
    return {key: value for key, value in CLAIMS.items() if key != name}


LONGEST = MAX_ASSERTION_SECONDS + SKEW_SECONDS


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param(without("jti"), id="T-07 no jti"),
        pytest.param(without("exp"), id="T-07 no exp"),
        pytest.param(without("sub"), id="T-07 no sub"),
        pytest.param(without("iss"), id="T-07 no iss"),
        pytest.param(without("aud"), id="T-07 no aud"),
        pytest.param(CLAIMS | {"exp": NOW - 300}, id="T-07 five minutes late"),
        pytest.param(CLAIMS | {"exp": NOW - SKEW_SECONDS}, id="T-07 just late"),
        pytest.param(CLAIMS | {"exp": NOW + 31_536_000}, id="T-07 a year ahead"),
        pytest.param(CLAIMS | {"exp": NOW + LONGEST + 1}, id="T-07 just too far ahead"),
        pytest.param(CLAIMS | {"nbf": NOW + SKEW_SECONDS + 1}, id="Q-08 nbf in the future"),
        pytest.param(CLAIMS | {"iat": NOW + SKEW_SECONDS + 1}, id="Q-08 iat in the future"),
        pytest.param(CLAIMS | {"aud": "https://other.example"}, id="T-07 another server"),
        pytest.param(CLAIMS | {"aud": [ISSUER, "https://other.example"]}, id="T-07 ours among others"),
        pytest.param(CLAIMS | {"aud": f"{ISSUER}/authorize"}, id="T-07 another endpoint"),
        pytest.param(CLAIMS | {"aud": ISSUER + "/"}, id="T-07 issuer with a slash"),
        *(
            pytest.param(CLAIMS | {name: value}, id=f"J-12 {name} {value!r:.20}")
            for name in ("exp", "nbf", "iat")
            for value in (
                str(NOW + 60),
                NOW + 0.5,
                1e400,
                float("nan"),
                10**400,
                True,
                [NOW],
                {"a": 1},
                -(10**13),
                None,
            )
        ),
        pytest.param(CLAIMS | {"exp": -1}, id="J-12 negative"),
        pytest.param(CLAIMS | {"jti": ""}, id="T-07 empty jti"),
        pytest.param(CLAIMS | {"jti": 5}, id="T-07 jti is a number"),
        pytest.param(CLAIMS | {"jti": "x" * (MAX_JTI + 1)}, id="T-07 endless jti"),
    ],
)
def test_T_07_J_12_an_assertion_that_does_not_hold_is_refused(claims):
    with pytest.raises(InvalidClient):
        proven(assertion(claims))


@pytest.mark.parametrize(
    "claims",
    [
        CLAIMS,
        CLAIMS | {"aud": [ISSUER]},
        CLAIMS | {"aud": TOKEN_ENDPOINT},
        CLAIMS | {"aud": [TOKEN_ENDPOINT]},
        CLAIMS | {"exp": NOW - SKEW_SECONDS + 1},
        CLAIMS | {"exp": NOW + LONGEST},
        CLAIMS | {"nbf": NOW + SKEW_SECONDS, "iat": NOW + SKEW_SECONDS},
        CLAIMS | {"jti": "x" * MAX_JTI},
        CLAIMS | {"jti": "\ud800"},
        without("iat"),
    ],
)
def test_T_07_an_assertion_that_holds_is_accepted(claims):
    assert proven(assertion(claims)).client is MINISTRY


@pytest.mark.parametrize(("audience", "accepted"), [(ISSUER, True), (TOKEN_ENDPOINT, False), ([ISSUER], True)])
def test_T_07_a_client_bound_to_the_issuer_may_not_name_the_endpoint(audience, accepted):
    form = assertion(CLAIMS | {"iss": "fapi", "sub": "fapi", "aud": audience})
    if accepted:
        assert proven(form).client is FAPI
        return
    with pytest.raises(InvalidClient):
        proven(form)


def test_T_06_the_jti_is_taken_once_per_client_and_kept_until_no_clock_accepts_it():
    first, again = proven(assertion()), proven(assertion(CLAIMS | {"exp": NOW + 90}))
    assert first.used_once == again.used_once
    assert (first.used_once_until, again.used_once_until) == (NOW + 60 + SKEW_SECONDS, NOW + 90 + SKEW_SECONDS)
    assert proven(assertion(CLAIMS | {"jti": "j2"})).used_once != first.used_once
    assert proven(assertion(CLAIMS | {"iss": "fapi", "sub": "fapi"})).used_once != first.used_once
    with pytest.raises(InvalidClient):
        proven(assertion(), now=first.used_once_until)


def test_other_methods_spend_nothing():
    assert proven({}, basic("gov24")).used_once is None
    assert proven({"client_id": "app"}).used_once is None


@pytest.mark.parametrize(
    ("jwk", "registered", "algs"),
    [
        (EC.as_dict(private=False), None, ["ES256"]),
        (RSA.as_dict(private=False), None, ["PS256", "RS256"]),
        (RSA.as_dict(private=False), "PS256", ["PS256"]),
        (RSA.as_dict(private=False) | {"alg": "RS256"}, "PS256", []),
        (RSA.as_dict(private=False) | {"alg": "RS512"}, None, []),
        (ED25519.as_dict(private=False), None, ["Ed25519"]),
        (EC.as_dict(private=False) | {"use": "enc"}, None, []),
        (EC.as_dict(private=False) | {"use": "sig"}, None, ["ES256"]),
        ({"kty": "oct", "k": "AAAA"}, None, []),
    ],
)
def test_J_06_J_07_a_key_verifies_for_one_registered_algorithm(jwk, registered, algs):
    client = replace(MINISTRY, jwks=(jwk,), token_endpoint_auth_signing_alg=registered)
    assert [key.alg for key in client_keys(client)] == algs


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param({"kty": "oct", "k": "A" * 43, "alg": "ES256", "kid": KID}, id="symmetric"),
        pytest.param({"kty": "EC", "alg": "ES256", "kid": KID}, id="broken"),
        pytest.param(P384.as_dict(private=False) | {"alg": "ES256", "kid": KID}, id="another curve"),
        pytest.param(RSA.as_dict(private=False) | {"alg": "ES256", "kid": KID}, id="another type"),
    ],
)
def test_J_07_a_registered_key_that_cannot_verify_refuses_and_does_not_fail(jwk):
    broken = replace(MINISTRY, jwks=(jwk,))
    with pytest.raises(InvalidClient):
        proven(assertion(), clients={"ministry": broken})


def test_J_13_either_of_two_keys_verifies_without_a_kid():
    two = replace(MINISTRY, jwks=(OTHER_EC.as_dict(private=False), EC.as_dict(private=False)))
    assert proven(assertion(kid=None), clients={"ministry": two}).client is two


@given(TEXT)
@example("Basic Z292MjQ6eA==")
def test_T_03_any_header_is_a_credential_or_a_typed_refusal(header):
    try:
        assert read_credential({}, header).method == "client_secret_basic"
    except InvalidClient:
        return


@given(st.binary(max_size=80))
def test_T_03_any_bytes_in_basic_are_a_credential_or_a_typed_refusal(raw):
    try:
        read = read_credential({}, "Basic " + b64encode(raw).decode())
    except InvalidClient:
        return
    assert read.client_id
    assert raw.isascii()


FIELDS = st.sampled_from(["client_id", "client_secret", "client_assertion", "client_assertion_type"])


@given(st.dictionaries(FIELDS, st.one_of(TEXT, st.just(JWT_BEARER))), st.one_of(st.none(), TEXT))
def test_any_form_is_refused_by_type_unless_it_proves_a_client(form, header):
    try:
        found = proven(form, header)
    except OAuthError:
        return
    assert found.client is APP
