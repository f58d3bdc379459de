"""OpenID Connect RP-Initiated Logout 1.0 §2 and §3: who may end a session without asking, and who may lead away."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.id_token import Hint
from idp.protocol.logout import Logout, LogoutRequest, decide, parse
from tests.protocol.examples import APP, GOV24, find_client

HINT = Hint("person", "gov24", "session")
BYE = "https://rp.go.kr/bye"


def asked(hint=HINT, find=find_client, **parameters):
    return parse(parameters, hint=hint, find_client=find)


@pytest.mark.parametrize(
    ("parameters", "redirect_to"),
    [
        ({}, None),
        ({"post_logout_redirect_uri": BYE}, BYE),
        ({"post_logout_redirect_uri": BYE, "state": "a b"}, BYE + "?state=a%20b"),
        ({"post_logout_redirect_uri": BYE, "client_id": "gov24"}, BYE),
        ({"state": "x"}, None),
        pytest.param({"post_logout_redirect_uri": BYE + "/"}, None, id="R-10 unregistered"),
        pytest.param({"post_logout_redirect_uri": BYE + "?foo=bar"}, None, id="R-10 with a query"),
        pytest.param({"post_logout_redirect_uri": "https://evil.test"}, None, id="R-10 foreign"),
        pytest.param({"post_logout_redirect_uri": "https://rp.go.kr/cb"}, None, id="R-10 for answers only"),
        pytest.param({"post_logout_redirect_uri": BYE, "state": "a\r\nb"}, None, id="H-05 state with line ends"),
    ],
)
def test_R_10_a_valid_hint_vouches_for_a_registered_address(parameters, redirect_to):
    assert asked(**parameters) == LogoutRequest(GOV24, "session", redirect_to)


@pytest.mark.parametrize("client_id", [None, "gov24", "app", "nobody"])
def test_R_10_L_01_without_a_hint_nobody_is_led_away(client_id):
    parameters = {"post_logout_redirect_uri": BYE} | ({"client_id": client_id} if client_id else {})
    assert asked(hint=None, **parameters) == LogoutRequest(find_client(client_id or ""), None, None)


def test_L_02_a_hint_of_another_client_than_named_is_worthless():
    assert asked(client_id="app", post_logout_redirect_uri=BYE) == LogoutRequest(APP, None, None)


def test_L_02_a_hint_of_a_removed_client_is_worthless():
    assert asked(find=lambda _: None, post_logout_redirect_uri=BYE) == LogoutRequest(None, None, None)


def test_a_disabled_client_is_not_led_back_to():
    off = replace(GOV24, enabled=False)
    assert asked(find=lambda _: off, post_logout_redirect_uri=BYE) == LogoutRequest(off, "session", None)


@pytest.mark.parametrize(
    ("hinted", "live", "decision"),
    [
        ("session", "session", Logout.END),
        ("session", "other", Logout.ASK),
        (None, "session", Logout.ASK),
        ("session", None, Logout.DONE),
        (None, None, Logout.DONE),
    ],
)
def test_L_01_L_02_only_the_sessions_own_hint_ends_it_without_asking(hinted, live, decision):
    assert decide(LogoutRequest(GOV24, hinted, None), session=live) is decision


@given(
    st.dictionaries(
        st.sampled_from(["client_id", "post_logout_redirect_uri", "state", "ui_locales", "logout_hint"]),
        st.text(max_size=60) | st.sampled_from(["gov24", "app", BYE, "ko en", "\ud800", "\0"]),
    ),
    st.sampled_from([None, HINT, Hint("person", "app", None), Hint("person", "nobody", "session")]),
)
def test_R_10_whatever_is_asked_a_browser_is_led_to_registered_addresses_alone(parameters, hint):
    found = parse(parameters, hint=hint, find_client=find_client)
    assert found.redirect_to is None or found.redirect_to.split("?")[0] in {BYE, *APP.post_logout_redirect_uris}
    assert hint is not None or found.session is None
    assert len(found.ui_locales) <= 10
    assert decide(found, session="session") in {Logout.END, Logout.ASK}
