"""Abuse case J-07 and RFC 7517: only public keys, each of a kind and size that can be relied on."""

import string
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, RSAKey

from idp.protocol.errors import InvalidClientMetadata, OAuthError
from idp.registration.client_keys import usable_algorithms
from idp.registration.metadata import check_metadata
from tests.registration.examples import (
    EC,
    EC_384,
    EC_521,
    ED25519,
    GOV24,
    PRIVATE_EC,
    PRODUCTION,
    RSA,
    outcome_of,
    with_keys,
    without,
)


def number(value: int, length: int | None = None) -> str:
    raw = value.to_bytes(length or (value.bit_length() + 7) // 8, "big")
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


SMALL_RSA = {"kty": "RSA", "n": number((1 << 1023) | 1), "e": "AQAB"}
HUGE_RSA = {"kty": "RSA", "n": number((1 << 8192) | 1), "e": "AQAB"}


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (OctKey.generate_key(256).as_dict(), "must be a public key"),
        ({"kty": "oct", "k": ""}, "must be a public key"),
        ({"kty": "oct", "k": "AA"}, "must be a public key"),
        ({"kty": "oct"}, "RSA, EC"),
        (PRIVATE_EC, "must be a public key"),
        (RSAKey.generate_key(2048).as_dict(private=True), "must be a public key"),
        (EC | {"d": None}, "must be a public key"),
        (RSA | {"oth": []}, "must be a public key"),
    ],
)
def test_J_07_a_symmetric_or_private_key_is_refused(key, why):
    with pytest.raises(InvalidClientMetadata, match=why) as refused:
        check_metadata(with_keys(key), PRODUCTION)
    assert refused.value.code == "invalid_client_metadata"
    assert refused.value.problems == (f"jwks.keys[0]: {refused.value.problems[0].partition(': ')[2]}",)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("key", "JSON object"),
        ({}, "RSA, EC"),
        ({"kty": ["EC"]}, "RSA, EC"),
        (EC | {"crv": "secp256k1"}, "RSA, EC"),
        ({"kty": "OKP", "crv": "X25519", "x": ED25519["x"]}, "RSA, EC"),
        ({"kty": "OKP", "crv": "Ed448", "x": "A" * 76}, "RSA, EC"),
        (SMALL_RSA, "2048 to 8192"),
        (HUGE_RSA, "2048 to 8192"),
        (RSA | {"e": "AQ"}, "exponent"),
        (RSA | {"e": "Aw"}, "exponent"),
        (RSA | {"e": "AQAA"}, "exponent"),
        (RSA | {"n": RSA["n"] + "="}, "n must be base64url"),
        (RSA | {"n": 65537}, "n must be base64url"),
        (without(RSA, "n"), "n must be base64url"),
        (EC | {"x": EC["y"]}, "numbers"),
        (EC | {"x": number(1, 31)}, "full length"),
        (EC | {"x": "AAAA" + EC["x"]}, "full length"),
        (EC | {"crv": "P-384"}, "full length"),
        (EC | {"y": EC["y"][:-1] + "!"}, "y must be base64url"),
        (ED25519 | {"x": number(1, 31)}, "full length"),
        (ED25519 | {"use": "enc"}, "use must be sig for this key"),
        (EC | {"use": "enc", "alg": "ES256"}, "alg must be ECDH-ES for this key"),
        (RSA | {"use": "enc", "alg": "RSA-OAEP"}, "alg must be RSA-OAEP-256 for this key"),
        (EC | {"use": "enc", "key_ops": ["verify"]}, "key_ops must not be given beside use enc"),
        (EC | {"use": "other"}, "use must be sig or enc"),
        (EC | {"use": ["sig"]}, "use must be sig or enc"),
        (EC | {"key_ops": ["sign"]}, "key_ops"),
        (EC | {"key_ops": ["verify", "sign"]}, "key_ops"),
        (EC | {"alg": "RS256"}, "alg must be ES256"),
        (EC | {"alg": "HS256"}, "alg must be ES256"),
        (EC | {"alg": "none"}, "alg must be ES256"),
        (RSA | {"alg": "ES256"}, "alg must be RS256 or PS256"),
        (EC | {"kid": ""}, "kid"),
        (EC | {"kid": "a\nb"}, "kid"),
        (EC | {"kid": "k" * 201}, "kid"),
        (EC | {"kid": 7}, "kid"),
    ],
)
def test_a_key_that_cannot_be_relied_on_is_refused(key, why):
    with pytest.raises(InvalidClientMetadata, match=why):
        check_metadata(with_keys(key), PRODUCTION)


def test_base64url_has_one_spelling():
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    # The last of 43 characters carries four bits: its two lowest must be zero.
    other = EC["x"][:-1] + letters[letters.index(EC["x"][-1]) + 1]
    with pytest.raises(InvalidClientMetadata, match="x must be canonical base64url"):
        check_metadata(with_keys(EC | {"x": other}), PRODUCTION)


@pytest.mark.parametrize(
    ("jwks", "why"),
    [
        ([EC], "JWK Set"),
        ({}, "JWK Set"),
        ({"keys": []}, "JWK Set"),
        ({"keys": {}}, "JWK Set"),
        ({"keys": [EC] * 21}, "JWK Set"),
        ({"keys": [EC, RSA | {"kid": EC["kid"]}]}, "kid of its own"),
        ({"keys": [EC, without(RSA, "kid")]}, "must have a kid"),
    ],
)
def test_the_set_is_bounded_and_its_kids_are_unique(jwks, why):
    with pytest.raises(InvalidClientMetadata, match=why):
        check_metadata(GOV24 | {"jwks": jwks}, PRODUCTION)


@pytest.mark.parametrize("key", [EC, EC_384, EC_521, RSA, ED25519], ids=lambda key: key["kid"])
def test_public_keys_are_kept_with_their_public_members_only(key):
    decorated = key | {"use": "sig", "key_ops": ["verify"], "x5u": "https://evil.test/", "exp": 1}
    kept = check_metadata(GOV24 | {"jwks": {"keys": [decorated]}}, PRODUCTION)["jwks"]
    assert kept == {"keys": [key | {"use": "sig", "key_ops": ["verify"]}]}


def test_private_key_jwt_needs_a_key_that_can_be_verified():
    with pytest.raises(InvalidClientMetadata, match="jwks: or jwks_uri is required by private_key_jwt"):
        check_metadata(without(with_keys(EC), "jwks"), PRODUCTION)
    with pytest.raises(InvalidClientMetadata, match="jwks: must have a key for ES256"):
        check_metadata(with_keys(EC_384), PRODUCTION)
    assert check_metadata(with_keys(EC_384, EC), PRODUCTION)


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        (with_keys(EC, token_endpoint_auth_signing_alg="PS256"), "algorithm of a key"),
        (with_keys(RSA | {"alg": "RS256"}, token_endpoint_auth_signing_alg="PS256"), "algorithm of a key"),
        (with_keys(EC, token_endpoint_auth_signing_alg="HS256"), "must be ES256"),
        (with_keys(EC, token_endpoint_auth_signing_alg="none"), "must be ES256"),
        (GOV24 | {"token_endpoint_auth_signing_alg": "ES256"}, "only for private_key_jwt"),
    ],
)
def test_the_assertion_algorithm_is_one_of_the_keys(metadata, why):
    with pytest.raises(InvalidClientMetadata, match=f"token_endpoint_auth_signing_alg: .*{why}"):
        check_metadata(metadata, PRODUCTION)


def test_a_key_without_alg_may_be_used_for_all_algorithms_of_its_kind():
    assert usable_algorithms([RSA]) == {"RS256", "PS256"}
    assert usable_algorithms([RSA | {"alg": "PS256"}, ED25519]) == {"PS256", "Ed25519"}


PRIVATE = ECKey.generate_key("P-256").as_dict(private=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg", "key_ops"]), JSON))
def test_any_change_of_a_key_is_accepted_or_refused_by_name(change):
    for key in (EC, RSA, ED25519):
        result = outcome_of(with_keys(key | change))
        if isinstance(result, OAuthError):
            assert result.code == "invalid_client_metadata"
        else:
            assert usable_algorithms(result["jwks"]["keys"])
