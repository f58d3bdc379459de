"""Software statements: RFC 7591 §2.3 and §3.2.2, RFC 8725."""

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from idp.keys.jose import VerificationKey, sign_jwt
from idp.protocol.errors import InvalidSoftwareStatement, UnapprovedSoftwareStatement
from idp.registration.software_statement import load_issuers, read_statement
from idp.settings import SettingsError

NOW = 1_790_000_000
ISSUER = "https://ministry.go.kr"
US = "https://id.go.kr"
KEY = ECKey.generate_key("P-256", {"kid": "k1"})
STRANGER = ECKey.generate_key("P-256", {"kid": "k1"})


@pytest.fixture(scope="module")
def issuers(tmp_path_factory):
    path = tmp_path_factory.mktemp("issuers") / "issuers.json"
    keys = {"keys": [KEY.as_dict(private=False)]}
    path.write_text(json.dumps({ISSUER: keys, "https://b.kr": keys}))
    return load_issuers(path)


def statement(key=KEY, *, typ="JWT", alg="ES256", kid="k1", **claims):
    claims = {"iss": ISSUER, "client_name": "Vouched", "software_id": "s-1"} | claims
    return sign_jwt(key, alg=alg, kid=kid, typ=typ, claims={n: v for n, v in claims.items() if v is not None})


def read(text, issuers):
    return read_statement(text, issuers, audience=US, now=NOW)


def test_what_an_approved_issuer_signed_is_vouched_for(issuers):
    signed = statement(iat=NOW, exp=NOW + 60, jti="1", aud=US, software_statement="nested")
    assert read(signed, issuers) == {"client_name": "Vouched", "software_id": "s-1"}
    assert read(statement(typ=None), issuers)["client_name"] == "Vouched"


def unsigned(header, signature=""):
    parts = [json.dumps(header), json.dumps({"iss": ISSUER})]
    return ".".join([*(urlsafe_b64encode(p.encode()).rstrip(b"=").decode() for p in parts), signature])


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "a.b.c",
        "한",
        statement(STRANGER),
        statement(iss=None),
        statement(iss=7),
        statement(iss=""),
        statement(typ="at+jwt"),
        statement(aud="https://other.kr"),
        statement(aud=[US, "https://other.kr"]),
        statement(exp=NOW - 30),
        statement(exp="never"),
        statement(exp=True),
        statement(nbf=NOW + 31),
        statement(iat=NOW + 31),
        statement()[:-4] + "AAAA",
        statement() + ".x",
        unsigned({"alg": "none"}),
        unsigned({"alg": "none"}, "AA"),
        unsigned({"alg": "HS256", "kid": "k1"}, "AAAA"),
        unsigned({"alg": "ES256", "jku": "https://evil.kr/"}, "AAAA"),
        "A" * 20_000,
    ],
)
def test_J_01_a_statement_that_is_not_the_issuers_for_here_and_now_is_invalid(text, issuers):
    with pytest.raises(InvalidSoftwareStatement):
        read(text, issuers)


@pytest.mark.parametrize("issuer", ["https://nobody.kr", "https://ministry.go.kr/", "HTTPS://ministry.go.kr"])
def test_an_issuer_that_the_operator_does_not_know_is_not_approved(issuer, issuers):
    with pytest.raises(UnapprovedSoftwareStatement):
        read(statement(iss=issuer), issuers)


def test_without_a_setting_nobody_is_approved():
    assert load_issuers(None) == {}
    with pytest.raises(UnapprovedSoftwareStatement):
        read(statement(), {})


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"a": 1}', '{"a": {"keys": []}}', '{"a": {"keys": [{"kty": "oct", "k": "AA"}]}}', '{"a": 1, "a": 2}'],
)
def test_a_file_that_says_something_else_stops_the_start(content, tmp_path):
    (tmp_path / "issuers.json").write_text(content)
    with pytest.raises(SettingsError, match="software_statement_issuers: "):
        load_issuers(tmp_path / "issuers.json")
    with pytest.raises(SettingsError, match="software_statement_issuers: cannot read"):
        load_issuers(tmp_path / "missing.json")


PARTS = st.text(max_size=20) | st.binary(max_size=60).map(lambda raw: urlsafe_b64encode(raw).rstrip(b"=").decode())
CLAIMS = st.dictionaries(
    st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "client_name", "redirect_uris"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.lists(st.text(max_size=5)),
)


@given(st.lists(PARTS, min_size=1, max_size=5).map(".".join) | CLAIMS.map(lambda claims: statement(**claims)))
def test_J_12_any_text_is_a_statement_or_a_typed_refusal(text):
    try:
        read(text, {ISSUER: (VerificationKey(kid="k1", alg="ES256", key=KEY),)})
    except (InvalidSoftwareStatement, UnapprovedSoftwareStatement):
        return
