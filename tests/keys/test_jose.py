"""RFC 7515, 7517, 7519: the published examples, and the keys we take. Hostile tokens: tests/protocol."""

import json

import pytest

from idp.keys.jose import MAX_TOKEN_LENGTH, InvalidJwt, VerificationKey, import_key, read_header, sign_jwt, verify_jwt
from tests.protocol.signing import EC, ED25519, KID, RSA, signed
from tests.vectors import published


@pytest.mark.parametrize("name", ["rfc7515_a_2", "rfc7515_a_3"])
def test_the_published_signatures_verify(name):
    vector = published(name)
    key = VerificationKey(None, vector["alg"], import_key(vector["jwk"]))
    assert verify_jwt(vector["token"], [key], typ=[None]) == vector["claims"]


@pytest.mark.parametrize("name", ["rfc7515_a_2", "rfc7515_a_3"])
def test_a_published_token_under_the_other_examples_key_does_not(name):
    other = published({"rfc7515_a_2": "rfc7515_a_3", "rfc7515_a_3": "rfc7515_a_2"}[name])
    key = VerificationKey(None, published(name)["alg"], import_key(other["jwk"]))
    with pytest.raises(InvalidJwt):
        verify_jwt(published(name)["token"], [key], typ=[None])


@pytest.mark.parametrize("name", ["rfc7515_a_1", "rfc7519_section_6_1"])
def test_J_01_J_02_the_published_symmetric_and_unsecured_tokens_are_refused(name):
    keys = [VerificationKey(None, "ES256", EC), VerificationKey(None, "RS256", RSA)]
    with pytest.raises(InvalidJwt):
        verify_jwt(published(name)["token"], keys, typ=[None, "JWT"])


@pytest.mark.parametrize("name", ["rfc7638_section_3_1", "rfc8037_appendix_a"])
def test_the_published_thumbprints(name):
    vector = published(name)
    jwk = {member: value for member, value in vector["jwk"].items() if member not in {"alg", "kid"}}
    assert import_key(jwk).thumbprint() == vector["thumbprint"]


@pytest.mark.parametrize(("key", "alg"), [(EC, "ES256"), (RSA, "RS256"), (RSA, "PS256"), (ED25519, "Ed25519")])
@pytest.mark.parametrize("typ", ["JWT", "logout+jwt", None])
def test_what_we_sign_we_verify_under_its_type_only(key, alg, typ):
    token = sign_jwt(key, alg=alg, kid=KID, typ=typ, claims={"name": "홍길동"})
    trusted = [VerificationKey(KID, alg, key)]
    assert verify_jwt(token, trusted, typ=[typ]) == {"name": "홍길동"}
    assert read_header(token) == {"alg": alg, "kid": KID} | ({"typ": typ} if typ else {})
    with pytest.raises(InvalidJwt, match="wrong typ"):
        verify_jwt(token, trusted, typ=["at+jwt"])


def test_a_key_of_another_name_is_not_tried():
    with pytest.raises(InvalidJwt, match="no trusted key"):
        verify_jwt(signed({}, kid="other"), [VerificationKey(KID, "ES256", EC)], typ=["JWT"])
    assert verify_jwt(signed({}, kid="other"), [VerificationKey(None, "ES256", EC)], typ=["JWT"]) == {}


def test_D_02_the_longest_token_is_read_and_one_character_more_is_not():
    room = MAX_TOKEN_LENGTH - len(signed({"x": ""}))
    token = signed({"x": "a" * (room * 3 // 4 - 3)})
    assert MAX_TOKEN_LENGTH - 8 < len(token) <= MAX_TOKEN_LENGTH
    assert read_header(token)["alg"] == "ES256"
    with pytest.raises(InvalidJwt, match="not a compact JWS"):
        read_header(token + "A" * 8)


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "oct", "k": "A" * 43},
        {"kty": "EC"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"},
        {"kty": "RSA", "n": 5, "e": "AQAB"},
        {"kty": "RSA", "e": "AQAB"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "none"},
        {"kty": 5},
        {"kty": None},
    ],
)
def test_J_07_what_is_no_public_key_is_refused(jwk):
    with pytest.raises(InvalidJwt):
        import_key(jwk)


def test_the_payload_is_compact_json():
    token = sign_jwt(EC, alg="ES256", kid=KID, typ="JWT", claims={"a": [1, 2]})
    from base64 import urlsafe_b64decode

    payload = token.split(".")[1]
    assert urlsafe_b64decode(payload + "==") == json.dumps({"a": [1, 2]}, separators=(",", ":")).encode()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_J_14_stray_bits_and_impossible_lengths_are_no_canonical_base64url(place):
    for wrong in ("AB", "AAAAA"):
        segments = signed({}).split(".")
        segments[place] = wrong
        with pytest.raises(InvalidJwt, match="not canonical"):
            read_header(".".join(segments))
