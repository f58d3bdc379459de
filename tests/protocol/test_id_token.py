"""OpenID Connect Core 1.0 §2 and §3.1.3.6: what an ID token says, and what a hint of ours means."""

import pytest

from idp.keys.jose import SIGNING_ALGS, VerificationKey, verify_jwt
from idp.protocol.id_token import ID_TOKEN_SECONDS, AuthenticationEvent, Hint, half_hash, id_token_claims, read_hint
from tests.protocol.examples import ISSUER, NOW
from tests.protocol.signing import EC, ED25519, KID, RSA, signed
from tests.vectors import published

EVENT = AuthenticationEvent(
    subject="person",
    client_id="gov24",
    auth_time=NOW - 100,
    acr="urn:kr:overseas-id:acr:2",
    amr=("swk", "user", "sms", "mfa"),
    session="session",
    nonce="the-nonce",
)


def claims_of(event=EVENT, access_token="token", alg="ES256"):
    return id_token_claims(event, issuer=ISSUER, now=NOW, access_token=access_token, alg=alg)


@pytest.mark.parametrize(
    ("name", "value", "half"), [("core_a_3", "access_token", "at_hash"), ("core_a_4", "code", "c_hash")]
)
def test_J_11_the_published_half_hashes(name, value, half):
    vector = published(name)
    assert half_hash(vector[value], vector["alg"]) == vector[half]


@pytest.mark.parametrize(("alg", "length"), [("ES256", 22), ("RS256", 22), ("PS256", 22), ("Ed25519", 43)])
def test_J_11_every_algorithm_of_ours_has_its_hash(alg, length):
    assert alg in SIGNING_ALGS
    assert len(half_hash("token", alg)) == length


def test_J_11_the_hash_of_Ed25519_is_half_of_sha512():
    from base64 import urlsafe_b64encode
    from hashlib import sha512

    assert half_hash("token", "Ed25519") == urlsafe_b64encode(sha512(b"token").digest()[:32]).rstrip(b"=").decode()


@pytest.mark.parametrize("alg", ["none", "HS256", "RS512", "EdDSA", ""])
def test_J_11_a_token_without_known_hash_is_never_made(alg):
    with pytest.raises(KeyError):
        claims_of(alg=alg)


def test_an_id_token_says_who_when_and_how_strongly_and_nothing_of_the_person():
    assert claims_of() == {
        "iss": ISSUER,
        "sub": "person",
        "aud": "gov24",
        "iat": NOW,
        "exp": NOW + ID_TOKEN_SECONDS,
        "auth_time": NOW - 100,
        "nonce": "the-nonce",
        "acr": "urn:kr:overseas-id:acr:2",
        "amr": ["swk", "user", "sms", "mfa"],
        "sid": "session",
        "at_hash": half_hash("token", "ES256"),
    }


def test_without_a_session_there_is_no_sid():
    from dataclasses import replace

    assert claims_of().keys() - claims_of(replace(EVENT, session=None)).keys() == {"sid"}


def test_A_05_without_nonce_or_access_token_there_is_no_claim_of_them():
    from dataclasses import replace

    assert claims_of().keys() - claims_of(replace(EVENT, nonce=None), access_token=None).keys() == {"nonce", "at_hash"}


KEYS = [VerificationKey(KID, "ES256", EC)]


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({}, Hint("person", "gov24", "session")),
        ({"exp": 1}, Hint("person", "gov24", "session")),
        ({"sid": None}, Hint("person", "gov24", None)),
        ({"sid": 5}, Hint("person", "gov24", None)),
        ({"aud": "apostille"}, Hint("person", "apostille", "session")),
        ({"iss": "https://other.example"}, None),
        ({"iss": ISSUER + "/"}, None),
        ({"aud": ["gov24"]}, None),
        ({"sub": None}, None),
    ],
)
def test_A_13_a_hint_means_what_we_once_signed(changes, hint):
    assert read_hint(signed(claims_of() | changes), KEYS, issuer=ISSUER) == hint


def test_A_13_a_hint_under_a_key_that_is_gone_is_not_trusted():
    assert read_hint(signed(claims_of()), [], issuer=ISSUER) is None


@pytest.mark.parametrize(("key", "alg"), [(EC, "ES256"), (RSA, "RS256"), (RSA, "PS256"), (ED25519, "Ed25519")])
def test_each_algorithm_signs_and_verifies(key, alg):
    assert verify_jwt(signed(claims_of(alg=alg), key, alg), [VerificationKey(KID, alg, key)], typ=["JWT"]) == claims_of(
        alg=alg
    )
