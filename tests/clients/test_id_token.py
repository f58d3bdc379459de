"""OpenID Connect Core 1.0 §3.1.3.7, one row per way an ID token must fail; abuse cases J-01 to J-16 for this reader."""

import base64
import hmac
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, KeySet, OctKey
from joserfc.jws import JWSRegistry

from clients.relying_party.id_token import (
    Expected,
    IdTokenRefusedError,
    UnknownKeyError,
    check_id_token,
    half_hash,
)
from tests.clients.fake_provider import NOW, published_keys, signing_key

ACR = "urn:kr:overseas-id:acr:2"
EXPECTED = Expected(
    issuer="https://id.example",
    client_id="gov24-id",
    algorithm="ES256",
    nonce="n-1",
    access_token="access",
    accepted_acr=(ACR, "urn:kr:overseas-id:acr:3"),
    asked_at=NOW - 60,
    max_age=None,
)
CLAIMS = {
    "iss": "https://id.example",
    "sub": "s-1",
    "aud": "gov24-id",
    "exp": NOW + 300,
    "iat": NOW,
    "auth_time": NOW - 30,
    "nonce": "n-1",
    "acr": ACR,
    "at_hash": half_hash("access"),
}
MISSING = object()


def token(algorithm="ES256", key=None, header=None, **claims):
    chosen = key or signing_key(algorithm)
    merged = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not MISSING}
    return signed({"alg": algorithm, "kid": chosen.kid, **(header or {})}, merged, chosen)


def signed(header, claims, key):
    """A JWS put together by hand, so that a test may sign what no library would."""
    content = f"{segment(header)}.{segment(claims)}"
    signature = JWSRegistry.algorithms[header["alg"]].sign(content.encode(), key)
    return f"{content}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def refused(raw, expected=EXPECTED, keys=None, now=NOW):
    with pytest.raises(IdTokenRefusedError) as caught:
        check_id_token(raw, keys or published_keys(), expected, now=now)
    return caught.value.reason


def segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256"])
def test_a_right_token_passes_under_its_registered_algorithm(algorithm):
    raw = token(algorithm)
    assert check_id_token(raw, published_keys(), replace(EXPECTED, algorithm=algorithm), now=NOW) == CLAIMS


@pytest.mark.parametrize("audience", ["gov24-id", ["gov24-id"]])
def test_the_audience_may_be_a_text_or_a_list_of_one(audience):
    assert check_id_token(token(aud=audience), published_keys(), EXPECTED, now=NOW)["aud"] == audience


def test_at_hash_is_the_left_half_of_sha_256():
    # The example of OpenID Connect Core 1.0, appendix A.3.
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"


WRONG_CLAIMS = [
    ("iss", {"iss": MISSING}),
    ("iss", {"iss": "https://id.example/"}),
    ("iss", {"iss": "https://id.example.evil"}),
    ("iss", {"iss": ["https://id.example"]}),
    ("aud", {"aud": MISSING}),
    ("aud", {"aud": []}),
    ("aud", {"aud": 7}),
    ("aud", {"aud": [["gov24-id"]]}),
    ("aud", {"aud": "GOV24-ID"}),
    ("aud", {"aud": ["gov24-id", "other"]}),
    ("aud", {"aud": ["gov24-id", "other"], "azp": "gov24-id"}),
    ("azp", {"azp": "other"}),
    ("azp", {"azp": None}),
    ("sub", {"sub": MISSING}),
    ("sub", {"sub": ""}),
    ("sub", {"sub": 7}),
    ("sub", {"sub": "s" * 256}),
    ("exp", {"exp": MISSING}),
    ("exp", {"exp": NOW - 10}),
    ("exp", {"exp": str(NOW + 300)}),
    ("exp", {"exp": NOW + 300.5}),
    ("exp", {"exp": float("inf")}),
    ("exp", {"exp": True}),
    ("exp", {"exp": -1}),
    ("iat", {"iat": MISSING}),
    ("iat", {"iat": NOW + 11}),
    ("iat", {"iat": NOW - 601}),
    ("iat", {"iat": "now"}),
    ("nbf", {"nbf": NOW + 11}),
    ("nbf", {"nbf": "soon"}),
    ("nonce", {"nonce": MISSING}),
    ("nonce", {"nonce": "N-1"}),
    ("nonce", {"nonce": ["n-1"]}),
    ("nonce", {"nonce": "\ud800"}),
    ("nonce", {"nonce": MISSING, "nonce_supported": False}),
    ("at_hash", {"at_hash": MISSING}),
    ("at_hash", {"at_hash": half_hash("another")}),
    ("at_hash", {"at_hash": half_hash("access") + "="}),
    ("acr", {"acr": MISSING}),
    ("acr", {"acr": "urn:kr:overseas-id:acr:1"}),
    ("acr", {"acr": "urn:kr:overseas-id:acr:20"}),
    ("acr", {"acr": [ACR]}),
    ("auth_time", {"auth_time": NOW + 11}),
    ("auth_time", {"auth_time": "yesterday"}),
    ("auth_time", {"auth_time": True}),
    ("auth_time", {"auth_time": NOW - 30.5}),
    ("auth_time", {"auth_time": -(10**300)}),
]


@pytest.mark.parametrize(("reason", "claims"), WRONG_CLAIMS)
def test_J_12_J_16_a_wrong_claim_is_refused_by_its_name(reason, claims):
    assert refused(token(**claims)) == reason


@pytest.mark.parametrize(
    ("auth_time", "passes"),
    [(NOW - 60, True), (NOW, True), (NOW - 70, True), (NOW - 71, False), (NOW - 3600, False), (MISSING, False)],
)
def test_a_step_up_needs_a_proof_from_after_it_was_asked(auth_time, passes):
    step_up = replace(EXPECTED, max_age=0)
    raw = token(auth_time=auth_time)
    if passes:
        assert check_id_token(raw, published_keys(), step_up, now=NOW)
    else:
        assert refused(raw, step_up) == "auth_time"


def test_max_age_counts_from_the_request_not_from_the_answer():
    patient = replace(EXPECTED, max_age=300, asked_at=NOW - 900)
    assert check_id_token(token(auth_time=NOW - 1200), published_keys(), patient, now=NOW)
    assert refused(token(auth_time=NOW - 1211), patient) == "auth_time"


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", ""])
def test_J_01_an_unsigned_token_is_refused(algorithm):
    header = segment({"alg": algorithm})
    assert refused(f"{header}.{segment(CLAIMS)}.") == "format"
    assert refused(f"{header}.{segment(CLAIMS)}.AAAA") == "signature"


@pytest.mark.parametrize(
    "secret",
    [
        signing_key("ES256").as_pem(private=False),
        signing_key("ES256").as_der(private=False),
        json.dumps(signing_key("ES256").as_dict(private=False)).encode(),
    ],
    ids=["pem", "der", "jwk"],
)
@pytest.mark.parametrize("registered", ["ES256", "HS256"])
def test_J_02_our_public_key_is_no_shared_secret(secret, registered):
    content = f"{segment({'alg': 'HS256', 'kid': 'ES256'})}.{segment(CLAIMS)}"
    mac = base64.urlsafe_b64encode(hmac.digest(secret, content.encode(), "sha256")).rstrip(b"=").decode()
    assert refused(f"{content}.{mac}", replace(EXPECTED, algorithm=registered)) == "signature"


@pytest.mark.parametrize("name", ["jwk", "x5c", "jku", "x5u"])
def test_J_03_a_key_in_the_header_is_never_used(name):
    stranger = ECKey.generate_key("P-256", {"kid": "ES256"})
    values = {
        "jwk": stranger.as_dict(private=False),
        "x5c": ["AAAA"],
        "jku": "http://127.0.0.1:9/keys",
        "x5u": "http://127.0.0.1:9/certificate",
    }
    assert refused(token(key=stranger, header={name: values[name]})) == "signature"


@pytest.mark.parametrize("kid", ["../../dev/null", "' OR 1=1 --", "es256"])
def test_J_03_an_unknown_kid_asks_for_the_keys_once_more(kid):
    with pytest.raises(UnknownKeyError):
        check_id_token(token(header={"kid": kid}), published_keys(), EXPECTED, now=NOW)


@pytest.mark.parametrize("kind", ["logout+jwt", "at+jwt", "dpop+jwt", "secevent+jwt"])
def test_J_05_another_kind_of_token_is_no_id_token(kind):
    assert refused(token(header={"typ": kind})) == "typ"


def relabelled(key, **labels):
    """The published half of `key` under other labels."""
    plain = {name: value for name, value in key.as_dict(private=False).items() if name not in {"alg", "use"}}
    return KeySet([type(key).import_key({**plain, **labels})])


@pytest.mark.parametrize(
    ("labels", "passes"),
    [
        ({}, True),
        ({"alg": "PS256", "use": "sig"}, True),
        ({"alg": "RS256"}, False),
        ({"use": "enc"}, False),
    ],
)
def test_J_06_a_key_serves_only_what_it_was_published_for(labels, passes):
    key = signing_key("PS256")
    expected = replace(EXPECTED, algorithm="PS256")
    if passes:
        assert check_id_token(token("PS256"), relabelled(key, **labels), expected, now=NOW)
    else:
        assert refused(token("PS256"), expected, keys=relabelled(key, **labels)) == "signature"


def test_J_06_a_key_without_an_algorithm_serves_the_registered_one_only():
    expected = replace(EXPECTED, algorithm="PS256")
    assert refused(token("RS256"), expected, keys=relabelled(signing_key("RS256"))) == "signature"


def test_J_13_among_keys_of_one_kid_the_one_for_the_algorithm_is_used():
    rsa, pss = relabelled(signing_key("RS256"), alg="RS256"), relabelled(signing_key("PS256"), alg="PS256")
    same = KeySet([type(key).import_key({**key.as_dict(private=False), "kid": "k"}) for key in (*rsa, *pss)])
    expected = replace(EXPECTED, algorithm="PS256")
    assert check_id_token(token("PS256", header={"kid": "k"}), same, expected, now=NOW)


def test_a_published_symmetric_key_signs_nobody_in():
    key = OctKey.import_key(b"k" * 32, {"kid": "oct"})
    raw = token("HS256", key=key)
    assert refused(raw, replace(EXPECTED, algorithm="HS256"), keys=KeySet([key])) == "signature"


@pytest.mark.parametrize("header", [{"crit": ["unknown"], "unknown": 1}, {"crit": []}, {"b64": False, "crit": ["b64"]}])
def test_J_08_critical_extensions_are_refused(header):
    assert refused(token(header=header)) == "signature"


@pytest.mark.parametrize(
    "mangle",
    [
        lambda raw: raw + "=",
        lambda raw: raw.replace(".", ".\n", 1),
        lambda raw: raw + ".AAAA",
        lambda _: ".".join(["AAAA"] * 10),
        lambda raw: raw.rsplit(".", 1)[0],
        lambda raw: " " + raw,
        lambda raw: raw + "A" * 20_000,
        lambda _: "",
        lambda _: None,
        lambda _: 7,
        lambda raw: [raw],
        lambda raw: raw.encode(),
    ],
)
def test_J_14_what_is_not_three_clean_segments_is_refused_unread(mangle):
    assert refused(mangle(token())) == "format"


def test_one_changed_character_of_the_payload_breaks_the_signature():
    header, payload, signature = token().split(".")
    changed = payload[:-1] + ("A" if payload[-1] != "A" else "B")
    assert refused(f"{header}.{changed}.{signature}") in {"signature", "format"}


@given(
    st.text(max_size=200)
    | st.from_regex(r"[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{1,40}", fullmatch=True)
)
def test_no_text_that_we_did_not_sign_passes_or_breaks_the_check(raw):
    assert refused(raw) in {"format", "signature"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["iss", "aud", "azp", "nonce", "at_hash", "acr", "exp", "iat", "nbf", "sub"]), json_values)
def test_a_signed_claim_of_any_shape_is_judged_and_never_breaks_the_check(name, value):
    judgement = judged(token(**{name: value}))
    if judgement != "passed":
        assert judgement == name
    elif name not in {"sub", "exp", "iat", "nbf"}:
        assert value in (CLAIMS.get(name), ["gov24-id"], "gov24-id")


def judged(raw):
    try:
        check_id_token(raw, published_keys(), EXPECTED, now=NOW)
    except IdTokenRefusedError as refusal:
        return refusal.reason
    return "passed"
