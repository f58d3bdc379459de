"""Abuse cases J: what no reader of a JWT may believe. A new reader joins by one entry in READERS."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe

from idp.keys.jose import VerificationKey
from idp.protocol.client_authentication import JWT_BEARER, authenticate
from idp.protocol.errors import InvalidClient, InvalidRequestObject
from idp.protocol.id_token import read_hint
from idp.protocol.request_object import read_request_object
from tests.protocol.examples import GOV24, ISSUER, NOW, TOKEN_ENDPOINT
from tests.protocol.signing import EC, KID, OTHER_EC, P384, RSA, b64, hmac_signed, resigned, segment, signed, unsigned

MINISTRY = replace(
    GOV24,
    token_endpoint_auth_method="private_key_jwt",
    secret_digests=(),
    jwks=(EC.as_dict(private=False) | {"kid": KID, "alg": "ES256"},),
)
ASSERTION = {"iss": "gov24", "sub": "gov24", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "j1"}
ID_TOKEN = {"iss": ISSUER, "sub": "person", "aud": "gov24", "exp": NOW + 60, "iat": NOW, "sid": "session"}
REQUEST = {"iss": "gov24", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "response_type": "code", "scope": "openid"}
STRANGER = replace(MINISTRY, id="stranger", jwks=(OTHER_EC.as_dict(private=False) | {"kid": KID},))


def accepts_assertion(token: str) -> bool:
    form = {"client_assertion_type": JWT_BEARER, "client_assertion": token}
    find = {"gov24": MINISTRY, "stranger": STRANGER}.get
    try:
        authenticate(form, None, find_client=find, issuer=ISSUER, token_endpoint=TOKEN_ENDPOINT, now=NOW)
    except InvalidClient:
        return False
    return True


def accepts_hint(token: str) -> bool:
    return read_hint(token, [VerificationKey(KID, "ES256", EC)], issuer=ISSUER) is not None


def accepts_request(token: str) -> bool:
    try:
        read_request_object(token, MINISTRY, issuer=ISSUER, now=NOW)
    except InvalidRequestObject:
        return False
    return True


@dataclass(frozen=True)
class Reader:
    """A place that reads JWTs: whether it accepts one (all but its typed refusal escapes), and a good one's claims."""

    accepts: Callable[[str], bool]
    claims: dict[str, Any]
    typ: str = "JWT"


READERS = {
    "client_assertion": Reader(accepts_assertion, ASSERTION),
    "id_token_hint": Reader(accepts_hint, ID_TOKEN),
    "request": Reader(accepts_request, REQUEST, "oauth-authz-req+jwt"),
}


@pytest.fixture(params=READERS.values(), ids=READERS.keys())
def reader(request: pytest.FixtureRequest) -> Reader:
    return request.param


@pytest.mark.parametrize("header", [{}, {"kid": None}, {"typ": None}, {"cty": "JWT"}])
def test_a_good_token_is_read(reader, header):
    assert reader.accepts(signed(reader.claims, **header))


@pytest.mark.parametrize("signature", ["", "AA", b64(b"\0" * 64), b64(b"")])
@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", "ES256"])
def test_J_01_an_unsigned_token_is_refused(reader, alg, signature):
    assert not reader.accepts(unsigned(reader.claims, alg, signature))


def test_J_01_a_signature_taken_away_or_borrowed_is_refused(reader):
    good, other = signed(reader.claims), signed(reader.claims | {"more": 1})
    head, payload, _ = good.split(".")
    assert not reader.accepts(f"{head}.{payload}.")
    assert not reader.accepts(f"{head}.{payload}")
    assert not reader.accepts(f"{head}.{payload}.{other.split('.')[2]}")


def public_forms() -> dict[str, bytes]:
    numbers = EC.public_key
    public = EC.as_dict(private=False)
    der = numbers.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "PEM": numbers.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "PEM without the last line end": numbers.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).rstrip(),
        "DER": der,
        "base64 of DER": urlsafe_b64encode(der),
        "JWK": json.dumps(public).encode(),
        "JWK without spaces": json.dumps(public, separators=(",", ":")).encode(),
        "point": numbers.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        "nothing": b"",
        "one byte": b"\0",
    }


@pytest.mark.parametrize("form", public_forms().values(), ids=public_forms().keys())
@pytest.mark.parametrize("header", [{}, {"kid": KID}])
def test_J_02_J_07_the_public_key_is_no_hmac_secret(reader, form, header):
    assert not reader.accepts(hmac_signed(reader.claims, form, **header))


OWN_KEY = OTHER_EC.as_dict(private=False)


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": OWN_KEY},
        {"jwk": OWN_KEY, "kid": None},
        {"jku": "https://evil.test/jwks"},
        {"x5u": "https://evil.test/cert"},
        {"x5c": ["MIIB"]},
        {"x5t": "AA"},
        {"kid": "../../dev/null"},
        {"kid": "' OR 1=1 --"},
        {"kid": 5},
        {"kid": ["the-kid"]},
        {"kid": {"a": 1}},
        {"kid": None},
        {"kid": KID},
    ],
)
def test_J_03_J_13_the_key_never_comes_from_the_header(reader, header):
    assert not reader.accepts(signed(reader.claims, OTHER_EC, **header))


@pytest.mark.parametrize(
    "header", [{"jwk": OWN_KEY}, {"jku": "https://a"}, {"x5u": "https://a"}, {"x5c": []}, {"url": "x"}]
)
def test_J_03_even_a_well_signed_token_may_not_point_elsewhere(reader, header):
    assert not reader.accepts(signed(reader.claims, **header))


@pytest.mark.parametrize(
    "typ", ["at+jwt", "logout+jwt", "dpop+jwt", "oauth-authz-req+jwt", "secevent+jwt", "", 5, ["JWT"]]
)
def test_J_05_a_token_of_another_type_is_refused(reader, typ):
    assert reader.accepts(signed(reader.claims, typ=typ)) == (typ == reader.typ)


@pytest.mark.parametrize("spelt", [str.upper, str.title, "application/{}".format, "Application/{}".format])
def test_a_type_is_a_media_type_without_case(reader, spelt):
    """RFC 7515 §4.1.9 and RFC 2045 §5.1."""
    assert reader.accepts(signed(reader.claims, typ=spelt(reader.typ)))


@pytest.mark.parametrize("spelt", ["text/{}", "application/application/{}", "application/{};a=b", " {}"])
def test_J_05_what_only_looks_like_the_type_is_refused(reader, spelt):
    assert not reader.accepts(signed(reader.claims, typ=spelt.format(reader.typ)))


def test_J_05_one_readers_token_is_nothing_to_another(reader):
    for other in READERS.values():
        if other is not reader:
            assert not reader.accepts(signed(other.claims))


@pytest.mark.parametrize(
    ("key", "alg", "said"),
    [
        (EC, "ES256", "ES384"),
        (EC, "ES256", "RS256"),
        (EC, "ES256", "EdDSA"),
        (P384, "ES384", "ES384"),
        (P384, "ES384", "ES256"),
        (RSA, "RS256", "RS256"),
        (RSA, "PS256", "ES256"),
    ],
)
def test_J_06_a_key_serves_its_registered_algorithm_only(reader, key, alg, said):
    header = {"alg": said, "kid": KID, "typ": "JWT"}
    assert not reader.accepts(resigned(header, json.dumps(reader.claims).encode(), key, alg))


@pytest.mark.parametrize("alg", [None, 5, ["ES256"], {"a": 1}, "es256", "ES256 "])
def test_J_06_an_algorithm_that_is_none_of_ours_is_refused(reader, alg):
    header = {"alg": alg, "kid": KID} if alg is not None else {"kid": KID}
    assert not reader.accepts(resigned(header, json.dumps(reader.claims).encode(), EC, "ES256"))


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"crit": ["b64"], "b64": True},
        {"b64": False},
        {"crit": "alg"},
        {"zip": "DEF"},
    ],
)
def test_J_08_critical_extensions_are_refused(reader, header):
    assert not reader.accepts(signed(reader.claims, **header))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "RSA1_5", "enc": "A128GCM"},
        {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2**31 - 1, "p2s": "AAAA"},
        {"alg": "dir", "enc": "A128GCM"},
        {"alg": "ECDH-ES", "enc": "A256GCM", "zip": "DEF"},
    ],
)
def test_J_10_an_encrypted_token_is_no_signed_one(reader, header):
    assert not reader.accepts(f"{segment(header)}.AAAA.AAAA.AAAA.AAAA")
    assert not reader.accepts(f"{segment(header)}.AAAA.AAAA")


def test_J_10_a_token_encrypted_to_our_public_key_is_refused(reader):
    protected = {"alg": "ECDH-ES", "enc": "A128CBC-HS256"}
    assert not reader.accepts(jwe.encrypt_compact(protected, signed(reader.claims), EC))


def test_D_03_a_compressed_token_is_never_unpacked(reader, monkeypatch):
    header = {"alg": "ECDH-ES", "enc": "A128CBC-HS256", "zip": "DEF"}
    bomb = jwe.encrypt_compact(header, b"0" * 200_000, EC)
    assert len(bomb) < 2_000
    unpacked = []
    monkeypatch.setattr("zlib.decompressobj", lambda *call: unpacked.append(call))
    monkeypatch.setattr("zlib.decompress", lambda *call: unpacked.append(call))
    assert not reader.accepts(bomb)
    assert not unpacked


BROKEN: list[tuple[str, Callable[[str], str]]] = [
    ("ten segments", lambda good: ".".join([good] * 3 + ["AA"])),
    ("four segments", lambda good: good + ".AA"),
    ("one segment", lambda good: good.replace(".", "")),
    ("empty", lambda _: ""),
    ("only dots", lambda _: ".."),
    ("line end inside", lambda good: good[:20] + "\n" + good[20:]),
    ("line end behind", lambda good: good + "\n"),
    ("blank before", lambda good: " " + good),
    ("a length that no bytes have", lambda good: ".".join([good.split(".")[0], "AAAAA", good.split(".")[2]])),
    ("padding", lambda good: good + "="),
    ("padding of the payload", lambda good: good.replace(".", "=.", 1)),
    ("other alphabet", lambda good: good.replace("-", "+").replace("_", "/") + "+"),
    ("full width", lambda good: good[:-1] + "Ａ"),
    ("NUL", lambda good: good + "\0"),
    ("17,000 characters", lambda good: good + "A" * 17_000),
    (
        "JSON serialization",
        lambda good: json.dumps(dict(zip(("protected", "payload", "signature"), good.split("."), strict=True))),
    ),
]


@pytest.mark.parametrize("change", [change for _, change in BROKEN], ids=[name for name, _ in BROKEN])
def test_J_14_D_02_only_the_compact_form_in_one_spelling_is_read(reader, change):
    assert not reader.accepts(change(signed(reader.claims)))


def test_J_14_C_11_no_second_spelling_of_a_signature_is_accepted(reader):
    good = signed(reader.claims)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert [last for last in alphabet if reader.accepts(good[:-1] + last)] == [good[-1]]


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"[]", b"1", b'"x"', b"{", b"\xff\xfe", b'{"a":' * 3_000, b"9" * 5_000]
)
def test_J_12_a_payload_that_is_no_object_is_refused(reader, payload):
    header = {"alg": "ES256", "kid": KID, "typ": "JWT"}
    assert not reader.accepts(resigned(header, payload, EC, "ES256"))


@pytest.mark.parametrize(
    "header", [b"", b"null", b"[]", b"{", b"\xff", b'{"alg":' * 3_000, b'{"alg":"ES256","alg":"none"}']
)
def test_J_14_a_header_that_is_no_object_is_refused(reader, header):
    payload = json.dumps(reader.claims).encode()
    message = f"{segment(header)}.{segment(payload)}"
    assert not reader.accepts(f"{message}.{b64(b'0' * 64)}")


WRONG = {
    "iss": [
        f"{ISSUER}/",
        f"{ISSUER}.evil.test",
        ISSUER[:-1],
        ISSUER.upper(),
        "",
        5,
        [ISSUER],
        {"a": 1},
        None,
        "gov2",
        "gov24 ",
    ],
    "sub": [5, ["gov24"], {"a": 1}, None],
    "aud": [5, {"a": 1}, [[ISSUER]], [["gov24"]], [], [5], [None], None, ["x", "y"]],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_J_12_issuer_subject_and_audience_are_exact(reader, name, value):
    assert not reader.accepts(signed(reader.claims | {name: value}))


@pytest.mark.parametrize("name", ["iss", "sub", "aud"])
def test_J_12_a_token_without_them_is_refused(reader, name):
    without = {n: v for n, v in reader.claims.items() if n != name}
    assert not reader.accepts(signed(without)) or name not in reader.claims


def test_J_13_a_key_of_the_same_name_belongs_to_its_own_client():
    as_stranger = ASSERTION | {"iss": "stranger", "sub": "stranger"}
    assert accepts_assertion(signed(as_stranger, OTHER_EC))
    assert not accepts_assertion(signed(as_stranger, EC))
    assert not accepts_assertion(signed(ASSERTION, OTHER_EC))


def test_A_13_an_expired_hint_is_as_good_as_a_fresh_one():
    assert accepts_hint(signed(ID_TOKEN | {"exp": NOW - 10**6}))


@given(st.text(max_size=200))
def test_J_14_any_text_gets_the_readers_typed_refusal(text):
    for each in READERS.values():
        assert not each.accepts(text)


@given(st.tuples(*[st.binary(max_size=60)] * 3))
def test_J_14_any_three_segments_get_the_readers_typed_refusal(parts):
    for each in READERS.values():
        assert not each.accepts(".".join(map(b64, parts)))


@given(
    st.dictionaries(
        st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "sid"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
            max_leaves=4,
        ),
        min_size=1,
    )
)
def test_J_12_any_claims_well_signed_are_accepted_or_refused_by_type(claims):
    for each in READERS.values():
        each.accepts(signed(each.claims | claims))
