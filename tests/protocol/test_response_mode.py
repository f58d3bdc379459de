"""Which client may have its answers how (OAuth 2.0 Form Post Response Mode, JARM)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.client import Client
from idp.protocol.errors import InvalidRequest
from idp.protocol.response_mode import RESPONSE_MODES, error_mode_of, response_mode_of

PLAIN = Client(id="rp", names={}, redirect_uris=("https://rp.example/cb",))
SIGNED = replace(PLAIN, authorization_signed_response_alg="ES256")
MESSAGE_SIGNING = replace(PLAIN, profile="fapi2-message-signing")


@pytest.mark.parametrize(
    ("client", "asked", "mode"),
    [
        (PLAIN, None, "query"),
        (PLAIN, "query", "query"),
        (PLAIN, "form_post", "form_post"),
        (SIGNED, None, "query"),
        (SIGNED, "query", "query"),
        (SIGNED, "jwt", "query.jwt"),
        (SIGNED, "query.jwt", "query.jwt"),
        (SIGNED, "form_post.jwt", "form_post.jwt"),
        (MESSAGE_SIGNING, "jwt", "query.jwt"),
        (MESSAGE_SIGNING, "form_post.jwt", "form_post.jwt"),
    ],
)
def test_a_lawful_mode_is_the_mode_of_answer_and_error(client, asked, mode):
    parameters = {} if asked is None else {"response_mode": asked}
    assert response_mode_of(parameters, client) == error_mode_of(parameters, client) == mode


@pytest.mark.parametrize(
    ("client", "asked", "instead"),
    [
        *((PLAIN, mode, "query") for mode in ("fragment", "web_message", "jwt", "query.jwt", "form_post.jwt")),
        *((SIGNED, mode, "query") for mode in ("fragment", "fragment.jwt", "JWT", "query.JWT", "query,form_post", "x")),
        *((MESSAGE_SIGNING, mode, "query.jwt") for mode in ("query", "form_post", "fragment", "fragment.jwt")),
        (MESSAGE_SIGNING, None, "query.jwt"),
    ],
)
def test_A_15_a_mode_that_is_not_enabled_is_refused_in_the_clients_simplest(client, asked, instead):
    parameters = {} if asked is None else {"response_mode": asked}
    with pytest.raises(InvalidRequest):
        response_mode_of(parameters, client)
    assert error_mode_of(parameters, client) == instead


def test_there_is_no_fragment():
    assert set(RESPONSE_MODES) == {"query", "form_post", "jwt", "query.jwt", "form_post.jwt"}


@given(st.text(max_size=30) | st.sampled_from(RESPONSE_MODES), st.sampled_from([PLAIN, SIGNED, MESSAGE_SIGNING]))
def test_A_15_any_text_is_a_mode_of_this_client_or_a_typed_refusal(mode, client):
    simplest = error_mode_of({"response_mode": mode}, client)
    assert simplest in {"query", "form_post", "query.jwt", "form_post.jwt"}
    try:
        assert response_mode_of({"response_mode": mode}, client) == simplest
    except InvalidRequest:
        assert simplest in {"query", "query.jwt"}
