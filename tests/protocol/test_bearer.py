"""RFC 6750 §2 and §3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.bearer import PresentedToken, challenge, presented_token
from idp.protocol.errors import InvalidRequest, InvalidToken, OAuthError
from tests.protocol.examples import TEXT


@pytest.mark.parametrize(
    ("header", "form", "token"),
    [
        ("Bearer abc", {}, PresentedToken("Bearer", "abc")),
        ("bearer abc", {}, PresentedToken("Bearer", "abc")),
        ("BEARER  abc ", {}, PresentedToken("Bearer", "abc")),
        ("DPoP abc", {}, PresentedToken("DPoP", "abc")),
        ("dpop abc", {}, PresentedToken("DPoP", "abc")),
        ("DPOP abc", {}, PresentedToken("DPoP", "abc")),
        (None, {"access_token": "abc"}, PresentedToken("Bearer", "abc")),
        (None, {}, None),
        ("Bearer", {}, PresentedToken("Bearer", "")),
    ],
)
def test_header_or_body(header, form, token):
    assert presented_token(header, form, {}) == token


@pytest.mark.parametrize(
    ("header", "form", "query", "error"),
    [
        ("Bearer abc", {"access_token": "abc"}, {}, InvalidRequest),
        (None, {}, {"access_token": "abc"}, InvalidRequest),
        ("Bearer abc", {}, {"access_token": ""}, InvalidRequest),
        ("Basic abc", {}, {}, InvalidToken),
        ("DPoP abc", {"access_token": "abc"}, {}, InvalidRequest),
        ("DPoPabc", {}, {}, InvalidToken),
        ("Bearerabc", {}, {}, InvalidToken),
        ("", {}, {}, InvalidToken),
    ],
)
def test_U_01_a_token_in_the_query_or_twice_or_of_another_scheme(header, form, query, error):
    with pytest.raises(error):
        presented_token(header, form, query)


@pytest.mark.parametrize(
    ("error", "description", "value"),
    [
        (None, None, 'Bearer realm="userinfo"'),
        ("invalid_token", "Gone.", 'Bearer realm="userinfo", error="invalid_token", error_description="Gone."'),
    ],
)
def test_the_challenge_names_an_error_only_where_there_was_a_token(error, description, value):
    assert challenge(error, description) == value


@given(
    st.one_of(st.none(), TEXT), st.dictionaries(st.just("access_token"), TEXT), st.dictionaries(TEXT, TEXT, max_size=2)
)
def test_any_request_has_a_token_none_or_a_typed_refusal(header, form, query):
    try:
        token = presented_token(header, form, query)
    except OAuthError:
        return
    assert token is None or token.text in (header or "") + form.get("access_token", "")
