"""RFC 9449 §4.2 and §4.3: what a proof must be, one row for each way in which it is none."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey

from idp.protocol.dpop import MAX_PROOF, WINDOW_SECONDS, access_token_hash, normal_uri, verify_proof
from idp.protocol.errors import InvalidDpopProof
from tests.protocol.proofs import SIGNERS, Prover, public
from tests.protocol.signing import b64, hmac_signed, resigned, segment, unsigned
from tests.vectors import published

NOW = 1_800_000_000
URI = "https://id.example.go.kr/token"
TOKEN = "the-access-token"
PROVER = Prover(SIGNERS["ES256"])


def read(header, *, method="POST", uris=(URI,), now=NOW, token=None):
    return verify_proof(header, method=method, uris=uris, now=now, access_token=token)


@pytest.mark.parametrize("alg", SIGNERS)
def test_a_good_proof_tells_whose_key_it_is(alg):
    prover = Prover(SIGNERS[alg], alg)
    proof = read(prover.proof("POST", URI, NOW))
    assert proof.jkt == prover.jkt
    assert proof.nonce is None


def test_the_proof_of_the_rfc_is_read():
    vector = published("rfc9449_section_4_2")
    proof = verify_proof(vector["proof"], method="POST", uris=[vector["htu"]], now=vector["iat"])
    assert proof.jkt == vector["jkt"]


@pytest.mark.parametrize("typ", ["DPoP+JWT", "application/dpop+jwt"])
def test_the_type_is_a_media_type_without_case(typ):
    claims = json.dumps(PROVER.claims("POST", URI, NOW)).encode()
    header = {"typ": typ, "alg": "ES256", "jwk": public(PROVER.key)}
    assert read(resigned(header, claims, PROVER.key, "ES256")).jkt == PROVER.jkt


def test_no_header_is_no_proof():
    assert read(None) is None


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"typ": "dpop"},
        {"typ": "text/dpop+jwt"},
        {"typ": ["dpop+jwt"]},
        {"alg": "none"},
        {"alg": None},
        {"alg": "RS256"},
        {"alg": "ES384"},
        {"alg": "EdDSA"},
        {"alg": "HS256"},
        {"jwk": None},
        {"jwk": "x"},
        {"jwk": []},
        {"jwk": {}},
        {"jwk": SIGNERS["ES256"].as_dict(private=True)},
        {"jwk": public(SIGNERS["ES256"]) | {"d": ""}},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jwk": OctKey.generate_key(256).as_dict()},
        {"jwk": public(SIGNERS["PS256"])},
        {"jwk": public(SIGNERS["Ed25519"])},
        {"jwk": public(ECKey.generate_key("P-256"))},
        {"jwk": public(ECKey.generate_key("P-384"))},
        {"jwk": public(SIGNERS["ES256"]) | {"alg": "ES384"}},
        {"jwk": public(SIGNERS["ES256"]) | {"x": 5}},
        {"jwk": public(SIGNERS["ES256"]) | {"x": ""}},
        {"jwk": public(SIGNERS["ES256"]) | {"x": public(SIGNERS["ES256"])["x"] + "="}},
        {"jwk": public(SIGNERS["ES256"]) | {"x": public(SIGNERS["ES256"])["y"]}},
        {"jku": "https://evil.test/jwks"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
        {"b64": False},
        {"zip": "DEF"},
    ],
)
def test_S_03_a_header_that_is_no_proofs(header):
    claims = json.dumps(PROVER.claims("POST", URI, NOW)).encode()
    wanted = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public(PROVER.key)} | header
    with pytest.raises(InvalidDpopProof):
        read(resigned({n: v for n, v in wanted.items() if v is not None}, claims, PROVER.key, "ES256"))


@pytest.mark.parametrize("bits", [1024, 2040, 4104])
def test_S_03_an_rsa_key_of_unusable_size(bits):
    jwk = {"kty": "RSA", "e": "AQAB", "n": b64(b"\xff" * (bits // 8))}
    header = {"typ": "dpop+jwt", "alg": "PS256", "jwk": jwk}
    claims = json.dumps(PROVER.claims("POST", URI, NOW)).encode()
    with pytest.raises(InvalidDpopProof, match="size"):
        read(resigned(header, claims, SIGNERS["PS256"], "PS256"))


def test_S_03_J_02_symmetric_and_unsigned_proofs():
    claims, jwk = PROVER.claims("POST", URI, NOW), public(PROVER.key)
    for text in (
        hmac_signed(claims, json.dumps(jwk).encode(), typ="dpop+jwt", jwk=jwk),
        unsigned(claims, "none"),
        PROVER.proof("POST", URI, NOW).rpartition(".")[0] + ".",
        PROVER.proof("POST", URI, NOW)[:-4] + "AAAA",
    ):
        with pytest.raises(InvalidDpopProof):
            read(text)


@pytest.mark.parametrize(
    "changed",
    [
        {"htm": "GET"},
        {"htm": "post"},
        {"htm": None},
        {"htm": ["POST"]},
        {"htu": None},
        {"htu": [URI]},
        {"htu": "https://id.example.go.kr/userinfo"},
        {"htu": "https://id.example.go.kr/token/"},
        {"htu": "https://id.example.go.kr/TOKEN"},
        {"htu": "http://id.example.go.kr/token"},
        {"htu": "https://id.example.go.kr:444/token"},
        {"htu": "https://evil.test/token"},
        {"htu": "https://x@id.example.go.kr/token"},
        {"htu": "/token"},
        {"htu": "https://id.example.go.kr\n/token"},
        {"htu": "https://[::1/token"},
        {"iat": None},
        {"iat": str(NOW)},
        {"iat": NOW + 0.5},
        {"iat": True},
        {"iat": NOW - 61},
        {"iat": NOW + 61},
        {"iat": NOW - 3600},
        {"iat": NOW + 3600},
        {"iat": 10**400},
        {"exp": NOW - 61},
        {"exp": "soon"},
        {"nbf": NOW + 61},
        {"nbf": None, "exp": False},
        {"jti": None},
        {"jti": ""},
        {"jti": 5},
        {"jti": "x" * 257},
        {"nonce": 5},
        {"nonce": ["x"]},
    ],
    ids=lambda changed: ascii(json.dumps(changed))[:60],
)
def test_S_02_a_proof_of_another_request_or_time(changed):
    with pytest.raises(InvalidDpopProof):
        read(PROVER.proof("POST", URI, NOW, **changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"htu": "HTTPS://ID.Example.GO.kr/token"},
        {"htu": f"{URI}?a=b"},
        {"htu": f"{URI}#part"},
        {"htu": "https://id.example.go.kr:443/token"},
        {"iat": NOW - 10},
        {"iat": NOW + 10},
        {"iat": NOW - WINDOW_SECONDS},
        {"iat": NOW + WINDOW_SECONDS},
        {"exp": NOW + 300, "nbf": NOW - 10},
        {"exp": NOW - 10, "nbf": NOW + 10},
        {"other": {"a": 1}},
        {"ath": "whatever"},
        {"jti": "\ud800"},
    ],
    ids=lambda changed: ascii(json.dumps(changed))[:60],
)
def test_S_02_what_does_not_count_is_forgiven(changed):
    assert read(PROVER.proof("POST", URI, NOW, **changed)).jkt == PROVER.jkt


@pytest.mark.parametrize(
    "ath", [None, "", 5, TOKEN, access_token_hash(TOKEN)[:-1], access_token_hash(TOKEN) + "=", "\ud800"]
)
def test_S_02_a_proof_for_another_access_token(ath):
    with pytest.raises(InvalidDpopProof):
        read(PROVER.proof("POST", URI, NOW, ath=ath), token=TOKEN)
    assert read(PROVER.proof("POST", URI, NOW, token=TOKEN), token=TOKEN)


@pytest.mark.parametrize(
    "header",
    ["", "x", "a.b.c", "null", "é", "A" * 10_000, PROVER.proof("POST", URI, NOW) + "A" * MAX_PROOF],
    ids=range(7),
)
def test_S_03_a_header_that_is_no_jwt(header):
    with pytest.raises(InvalidDpopProof):
        read(header)


def test_S_03_two_proofs_are_none():
    good = PROVER.proof("POST", URI, NOW)
    for header in (f"{good}, {good}", f"{good},{good}", f"{good},", f", {good}"):
        with pytest.raises(InvalidDpopProof):
            read(header)


def test_S_01_each_proof_is_its_own_and_is_remembered_for_its_whole_window():
    same = {"jti": "the-same"}
    other_key = Prover()
    proofs = [
        read(PROVER.proof("POST", URI, NOW, **same)),
        read(PROVER.proof("POST", URI, NOW, jti="another")),
        read(PROVER.proof("GET", URI, NOW, **same), method="GET"),
        read(PROVER.proof("POST", URI + "2", NOW, **same), uris=[URI + "2"]),
        read(other_key.proof("POST", URI, NOW, **same)),
    ]
    assert len({proof.used_once for proof in proofs}) == len(proofs)
    again = read(PROVER.proof("POST", f"{URI}?x", NOW, **same))
    assert again.used_once == proofs[0].used_once  # another spelling of the same address is no other proof
    late = read(PROVER.proof("POST", URI, NOW + WINDOW_SECONDS, **same))
    assert late.used_once_until > NOW + 2 * WINDOW_SECONDS


@pytest.mark.parametrize(
    ("uri", "normal"),
    [
        ("https://a.kr", "https://a.kr:443/"),
        ("http://A.kr:80/X?y#z", "http://a.kr:80/X"),
        ("https://[::1]:8443/a", "https://[::1]:8443/a"),
        ("ftp://a.kr/", None),
        ("https://", None),
        ("https://a.kr:99999/", None),
        ("https://ａ.kr/", None),
        (None, None),
        (5, None),
    ],
)
def test_addresses_in_their_normal_form(uri, normal):
    assert normal_uri(uri) == normal


@given(st.text(max_size=200))
def test_any_text_is_refused_by_type(text):
    with pytest.raises(InvalidDpopProof):
        read(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(
    st.dictionaries(st.sampled_from(["htm", "htu", "iat", "jti", "ath", "nonce", "exp", "nbf"]), JSON),
    st.dictionaries(st.sampled_from(["typ", "alg", "jwk", "kid"]), JSON),
)
def test_any_claims_and_header_are_accepted_or_refused_by_type(claims, header):
    wanted = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public(PROVER.key)} | header
    payload = json.dumps(PROVER.claims("POST", URI, NOW) | claims).encode()
    with contextlib.suppress(InvalidDpopProof):
        read(resigned(wanted, payload, PROVER.key, "ES256"), token=TOKEN)


@given(st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "e", "n", "d", "k", "alg", "use"]), JSON))
def test_any_key_is_refused_by_type(jwk):
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
    with pytest.raises(InvalidDpopProof):
        read(f"{segment(header)}.{segment(PROVER.claims('POST', URI, NOW))}.{b64(b'0' * 64)}")


def test_the_hash_of_a_token_is_that_of_the_rfc():
    vector = published("rfc9449_section_7_1")
    assert access_token_hash(vector["access_token"]) == vector["ath"]
