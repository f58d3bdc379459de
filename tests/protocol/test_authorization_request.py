"""RFC 6749 §4.1.1 and OpenID Connect Core 1.0 §3.1.2: what a client may ask, one row per way it is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.authorization_request import (
    MAX_AGE_LIMIT,
    MAX_LIST,
    MAX_STATE,
    AuthorizationRequest,
    ReturnAddress,
    Unredirectable,
    parse,
    return_address,
)
from idp.protocol.errors import OAuthError
from tests.protocol.examples import ADDRESS, GOV24, PARAMETERS, SCOPES, TEXT, asked, changed, find_client


def find_disabled(client_id):
    client = find_client(client_id)
    return client and replace(client, enabled=False)


def test_the_address_of_a_right_request_is_known_before_anything_else():
    assert return_address(PARAMETERS, find_client) == (GOV24, ADDRESS)
    assert return_address(changed(PARAMETERS, state=None), find_client)[1].state is None


@pytest.mark.parametrize(
    ("changes", "page", "knows_client"),
    [
        pytest.param({"client_id": "nobody"}, "unknown_client", False, id="A-01 unknown"),
        pytest.param({"client_id": None}, "unknown_client", False, id="A-01 missing"),
        pytest.param({"client_id": "GOV24"}, "unknown_client", False, id="N-04 other case"),
        pytest.param({"client_id": "gov24 "}, "unknown_client", False, id="N-04 trailing space"),
        pytest.param({"redirect_uri": None}, "bad_redirect_uri", True, id="R-01 missing"),
        pytest.param({"redirect_uri": "https://evil.test/cb"}, "bad_redirect_uri", True, id="R-01 foreign"),
        pytest.param(
            {"redirect_uri": "https://rp.go.kr@evil.test/cb", "response_type": "token"},
            "bad_redirect_uri",
            True,
            id="R-02 with a bad response_type besides",
        ),
        pytest.param({"state": "x" * (MAX_STATE + 1)}, "invalid_request", True, id="A-05 endless state"),
        pytest.param({"state": "a\r\nSet-Cookie: b"}, "invalid_request", True, id="H-05 state with line ends"),
        pytest.param({"state": "\0"}, "invalid_request", True, id="H-05 state with NUL"),
    ],
)
def test_A_01_R_01_R_02_a_wrong_client_or_address_is_a_page_on_our_origin(changes, page, knows_client):
    with pytest.raises(Unredirectable) as refused:
        return_address(changed(PARAMETERS, **changes), find_client)
    assert refused.value.page == page
    assert (refused.value.client is GOV24) is knows_client


def test_a_disabled_client_gets_no_answer_and_a_wrong_address_is_told_first():
    with pytest.raises(Unredirectable) as refused:
        return_address(PARAMETERS, find_disabled)
    assert refused.value.page == "service_disabled"
    with pytest.raises(Unredirectable) as refused:
        return_address(changed(PARAMETERS, redirect_uri="https://evil.test"), find_disabled)
    assert refused.value.page == "bad_redirect_uri"


def test_A_05_the_longest_state_and_nonce_are_kept_whole():
    long = "x" * MAX_STATE
    assert return_address(changed(PARAMETERS, state=long), find_client)[1].state == long
    assert asked(nonce=long).nonce == long


def test_A_05_neither_state_nor_nonce_is_needed():
    assert asked(nonce=None).nonce is None
    request = parse(
        changed(PARAMETERS, state=None, nonce=None), GOV24, ReturnAddress("gov24", "https://rp.go.kr/cb", None), SCOPES
    )
    assert request.return_address == ReturnAddress("gov24", "https://rp.go.kr/cb", None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"response_type": None}, "invalid_request", id="A-03 missing"),
        pytest.param({"response_type": "token"}, "unsupported_response_type", id="A-03 token"),
        pytest.param({"response_type": "id_token"}, "unsupported_response_type", id="A-03 id_token"),
        pytest.param({"response_type": "code token"}, "unsupported_response_type", id="A-03 code token"),
        pytest.param({"response_type": "code id_token"}, "unsupported_response_type", id="A-03 hybrid"),
        pytest.param({"response_type": "none"}, "unsupported_response_type", id="A-03 none"),
        pytest.param({"response_type": "CODE"}, "unsupported_response_type", id="A-03 other case"),
        pytest.param({"registration": "{}"}, "registration_not_supported", id="registration"),
        pytest.param({"response_mode": "fragment"}, "invalid_request", id="A-15 fragment"),
        pytest.param({"response_mode": "form_post.jwt"}, "invalid_request", id="A-15 form_post.jwt"),
        pytest.param({"resource": "https://api.example"}, "invalid_target", id="resource of nobody"),
        pytest.param({"authorization_details": "[]"}, "invalid_authorization_details", id="no details"),
        pytest.param({"response_mode": "web_message"}, "invalid_request", id="A-15 web_message"),
        pytest.param({"response_mode": "query.jwt"}, "invalid_request", id="A-15 query.jwt"),
        pytest.param({"nonce": "x" * (MAX_STATE + 1)}, "invalid_request", id="A-05 endless nonce"),
        pytest.param({"nonce": "a\0b"}, "invalid_request", id="H-05 nonce with NUL"),
        pytest.param({"login_hint": "a\0"}, "invalid_request", id="H-05 login_hint with NUL"),
        pytest.param({"id_token_hint": "a\n"}, "invalid_request", id="H-05 id_token_hint with a line end"),
        pytest.param({"acr_values": "a\x1b"}, "invalid_request", id="H-05 acr_values with escape"),
        pytest.param({"ui_locales": "ko\x85"}, "invalid_request", id="H-05 ui_locales with a C1 control"),
        pytest.param({"prompt": "none login"}, "invalid_request", id="A-08 none login"),
        pytest.param({"prompt": "none none consent"}, "invalid_request", id="A-08 none twice and consent"),
        pytest.param({"prompt": "create"}, "invalid_request", id="A-08 unknown prompt"),
        pytest.param({"prompt": "LOGIN"}, "invalid_request", id="A-08 other case"),
        pytest.param({"max_age": "-1"}, "invalid_request", id="A-09 negative"),
        pytest.param({"max_age": "abc"}, "invalid_request", id="A-09 letters"),
        pytest.param({"max_age": "1e9"}, "invalid_request", id="A-09 exponent"),
        pytest.param({"max_age": "1.5"}, "invalid_request", id="A-09 fraction"),
        pytest.param({"max_age": "+1"}, "invalid_request", id="A-09 sign"),
        pytest.param({"max_age": "١٢"}, "invalid_request", id="A-09 other digits"),
        pytest.param({"max_age": str(MAX_AGE_LIMIT + 1)}, "invalid_request", id="A-09 more than a year"),
        pytest.param({"max_age": "9" * 5000}, "invalid_request", id="D-09 thousands of digits"),
        pytest.param({"scope": None}, "invalid_scope", id="A-12 no scope"),
        pytest.param({"scope": "admin"}, "invalid_scope", id="A-12 unknown scope"),
        pytest.param({"scope": "phone"}, "invalid_scope", id="A-12 a scope of other clients"),
        pytest.param({"scope": 'openid "'}, "invalid_scope", id="A-12 malformed"),
        pytest.param({"scope": "openid\tprofile"}, "invalid_scope", id="A-12 another separator"),
        pytest.param({"scope": "openid 이름"}, "invalid_scope", id="A-12 not ASCII"),
        pytest.param({"scope": " ".join(["openid"] * (2 * MAX_LIST + 1))}, "invalid_scope", id="A-12 too many"),
        pytest.param({"claims": "["}, "invalid_request", id="A-14 broken claims"),
        pytest.param({"display": "hologram"}, "invalid_request", id="unknown display"),
        pytest.param(
            {"ui_locales": " ".join(map(str, range(MAX_LIST + 1)))}, "invalid_request", id="too many languages"
        ),
        pytest.param({"acr_values": " ".join(map(str, range(MAX_LIST + 1)))}, "invalid_request", id="too many acr"),
        pytest.param({"code_challenge": None, "code_challenge_method": None}, "invalid_request", id="P-01 no PKCE"),
        pytest.param({"code_challenge_method": "plain"}, "invalid_request", id="P-02 plain"),
    ],
)
def test_A_03_A_05_A_08_A_09_A_12_A_14_A_15_what_the_client_is_refused(changes, code):
    with pytest.raises(OAuthError) as refused:
        asked(**changes)
    assert refused.value.code == code


@pytest.mark.parametrize("lacks", [{"response_types": frozenset()}, {"grant_types": frozenset({"refresh_token"})}])
def test_a_client_without_the_code_flow_is_unauthorized(lacks):
    with pytest.raises(OAuthError) as refused:
        asked(replace(GOV24, **lacks))
    assert refused.value.code == "unauthorized_client"


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"scope": "profile openid"}, "scopes", ("profile", "openid")),
        ({"scope": "openid admin phone profile openid"}, "scopes", ("openid", "profile")),
        ({"scope": "openid  profile "}, "scopes", ("openid", "profile")),
        ({"prompt": "login consent"}, "prompts", frozenset({"login", "consent"})),
        ({"prompt": "none"}, "is_silent", True),
        ({"prompt": "login"}, "is_silent", False),
        ({"max_age": "0"}, "max_age", 0),
        ({"max_age": str(MAX_AGE_LIMIT)}, "max_age", MAX_AGE_LIMIT),
        ({"max_age": "000000001"}, "max_age", 1),
        ({}, "max_age", None),
        ({"acr_values": "a b a"}, "acr_values", ("a", "b")),
        ({"ui_locales": "ko-KR en"}, "ui_locales", ("ko-KR", "en")),
        ({"display": "popup"}, "display", "popup"),
        ({}, "display", "page"),
        ({"response_mode": "query"}, "client_id", "gov24"),
        ({"login_hint": "홍길동"}, "login_hint", "홍길동"),
        ({"extra": "foobar"}, "client_id", "gov24"),
    ],
)
def test_what_was_asked_is_read(changes, field, value):
    assert getattr(asked(**changes), field) == value


def test_A_12_the_decision_is_on_the_filtered_scopes():
    assert set(asked(scope="openid admin phone email").scopes) == {"openid", "email"}


def test_the_registration_fills_in_what_was_not_asked():
    client = replace(GOV24, default_max_age=300, default_acr_values=("urn:kr:overseas-id:acr:3",))
    assert asked(client).max_age == 300
    assert asked(client).acr_values == ("urn:kr:overseas-id:acr:3",)
    assert asked(client, max_age="5", acr_values="x").max_age == 5
    assert asked(client, max_age="5", acr_values="x").acr_values == ("x",)


def test_a_single_claim_is_read_from_the_request():
    assert asked(claims='{"userinfo":{"name":{"essential":true}}}').claims_request.userinfo["name"].essential
    assert asked().claims_request.userinfo == {}


NAMES = st.sampled_from(
    ["scope", "prompt", "max_age", "display", "claims", "acr_values", "nonce", "response_type", "extra"]
)


@given(st.dictionaries(st.one_of(NAMES, TEXT), TEXT, max_size=6))
def test_any_parameters_are_a_request_or_a_typed_refusal(changes):
    try:
        request = parse(PARAMETERS | changes, GOV24, ADDRESS, SCOPES)
    except OAuthError:
        return
    assert isinstance(request, AuthorizationRequest)
    assert set(request.scopes) <= GOV24.scopes
