"""How answers leave: as a form under a strict policy, or signed (Form Post Response Mode, JARM), over HTTP."""

import html
import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from idp.keys.jose import VerificationKey, import_key, verify_jwt
from tests.ground import ORIGIN, Ground, visible
from tests.signed_requests import bank, push, push_as_bank, request_object, visit

HOSTILE = "\"><script>alert(1)</script>&amp;{{7*7}}\u00fc 'x"


def posted(page):
    """The fields of a form that goes to the service, and where."""
    form = re.search(r'<form method="post" action="([^"]*)" id="answer-form">(.*?)</form>', page.text, re.DOTALL)
    assert form, visible(page)[:300]
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[2])
    assert len(fields) == form[2].count("<input")
    return html.unescape(form[1]), {html.unescape(n): html.unescape(v) for n, v in fields}


def read_signed(ground: Ground, token: str):
    """A signed answer as its client reads it: with the published keys."""
    keys = ground.app.test_client().get("/jwks", base_url=ORIGIN).get_json()["keys"]
    return verify_jwt(token, [VerificationKey(k["kid"], k["alg"], import_key(k)) for k in keys], typ=["JWT"])


def walk(browser, citizen):
    browser.passkey(citizen)
    browser.code()
    browser.consent()


def test_form_post_brings_the_code_in_a_form_and_nothing_in_an_address(citizen, service, browser):
    browser.authorize(service, response_mode="form_post")
    walk(browser, citizen)
    assert browser.page.status_code == 200
    assert "Location" not in browser.page.headers
    target, fields = posted(browser.page)
    assert target == service.redirect_uri
    assert fields.keys() == {"code", "state", "iss"}
    assert (fields["state"], fields["iss"]) == ("the-state", ORIGIN)
    assert browser.token(service, fields["code"]).status_code == 200
    # Single sign-on brings it by GET just as well.
    browser.authorize(service, response_mode="form_post")
    assert posted(browser.page)[1].keys() == {"code", "state", "iss"}


def test_X_02_the_page_may_post_to_the_service_alone_and_runs_our_one_script(service, browser):
    browser.authorize(service, response_mode="form_post", prompt="none")
    policy = dict(part.strip().split(" ", 1) for part in browser.page.headers["Content-Security-Policy"].split(";"))
    assert policy["form-action"] == "http://localhost:9001"
    assert policy["script-src"] == "'self'"
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert browser.page.headers["Cache-Control"] == "no-store"
    assert browser.page.headers["X-Frame-Options"] == "DENY"
    scripts = re.findall(r"<script\b[^>]*>(.*?)</script>", browser.page.text, re.DOTALL)
    assert set(scripts) == {""}
    assert "answer.js" in browser.page.text
    assert 'id="answer-continue"' in browser.page.text  # without JavaScript
    assert "csrf" not in browser.page.text


@pytest.mark.parametrize("state", [HOSTILE, "a" * 4096, "\u202e한글", "javascript:alert(1)"])
def test_X_01_X_02_values_are_escaped(house, state):
    browser = house.browser()
    browser.authorize(house.service, response_mode="form_post", prompt="none", state=state)
    assert "<script>alert" not in browser.page.text
    assert posted(browser.page)[1]["state"] == state


@pytest.mark.parametrize(
    ("error", "changed"),
    [
        ("login_required", {"prompt": "none"}),
        ("unsupported_response_type", {"response_type": "token"}),
        ("invalid_request", {"code_challenge": None, "code_challenge_method": None}),
        ("invalid_target", {"resource": "https://other.example"}),
    ],
)
def test_errors_travel_as_the_code_would_have(house, error, changed):
    browser = house.browser()
    browser.authorize(house.service, response_mode="form_post", **changed)
    target, fields = posted(browser.page)
    assert target == house.service.redirect_uri
    assert fields.keys() == {"error", "error_description", "state", "iss"}
    assert fields["error"] == error


def test_cancel_and_decline_travel_so_too(citizen, service, browser):
    browser.authorize(service, response_mode="form_post")
    browser.submit("/sign-in/cancel")
    assert posted(browser.page)[1]["error"] == "access_denied"
    browser.authorize(service, response_mode="form_post")
    browser.passkey(citizen)
    browser.code()
    browser.consent("deny")
    assert posted(browser.page)[1]["error"] == "access_denied"


def test_the_way_back_from_a_refusal_travels_so_too(ground, service, browser):
    browser.authorize(service, response_mode="form_post")
    ground.clock.now += 3601
    browser.submit("/sign-in/passkey", credential="{}")
    assert browser.page.status_code == 400
    assert posted(browser.page)[1]["error"] == "access_denied"
    assert "http://localhost:9001" in browser.page.headers["Content-Security-Policy"]


def test_a_redirect_uri_with_a_query_keeps_it(ground):
    service = ground.register(redirect_uris=["http://localhost:9001/cb?a=1&b=2"], sector="q.example")
    browser = ground.browser()
    browser.authorize(service, response_mode="form_post", prompt="none")
    assert posted(browser.page)[0] == "http://localhost:9001/cb?a=1&b=2"


# Signed answers.


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "Ed25519"])
@pytest.mark.parametrize(("mode", "as_form"), [("jwt", False), ("query.jwt", False), ("form_post.jwt", True)])
def test_a_signed_answer_holds_everything_and_nothing_stands_beside_it(ground, mode, as_form, alg):
    service, browser = ground.register(authorization_signed_response_alg=alg), ground.browser()
    browser.authorize(service, response_mode=mode, prompt="none")
    fields = posted(browser.page)[1] if as_form else browser.answer(service)
    assert fields.keys() == {"response"}
    claims = read_signed(ground, fields["response"])
    assert claims.keys() == {"iss", "aud", "exp", "error", "error_description", "state"}
    assert (claims["iss"], claims["aud"], claims["error"]) == (ORIGIN, service.id, "login_required")
    assert 10 < claims["exp"] - ground.clock() <= 600


def test_the_code_inside_a_signed_answer_is_one(ground, citizen):
    service, browser = ground.register(authorization_signed_response_alg="PS256"), ground.browser()
    browser.authorize(service, response_mode="jwt")
    walk(browser, citizen)
    claims = read_signed(ground, browser.answer(service)["response"])
    assert claims["state"] == "the-state"
    assert browser.token(service, claims["code"]).status_code == 200


def test_J_05_a_signed_answer_is_no_hint(ground, citizen):
    service, browser = ground.register(authorization_signed_response_alg="ES256"), ground.browser()
    browser.sign_in(service, citizen)
    browser.authorize(service, response_mode="jwt", prompt="none")
    token = browser.answer(service)["response"]
    browser.get(
        "/logout", query_string={"id_token_hint": token, "post_logout_redirect_uri": "http://localhost:9001/signed-out"}
    )
    assert browser.page.status_code == 200
    assert "logout-confirm" in browser.page.text


@pytest.mark.parametrize("mode", ["fragment", "web_message", "jwt", "query.jwt", "form_post.jwt"])
def test_A_15_a_mode_that_is_not_enabled_is_refused(house, mode):
    browser = house.browser()
    browser.authorize(house.service, response_mode=mode)
    assert browser.answer(house.service)["error"] == "invalid_request"


def test_message_signing_answers_are_signed_even_if_they_are_errors(ground):
    service = bank(ground, "fapi2-message-signing")
    browser = ground.browser()
    browser.authorize(service)  # neither pushed nor signed
    claims = read_signed(ground, browser.answer(service)["response"])
    assert claims["error"] == "invalid_request"
    token = request_object(ground, service, response_mode="jwt")
    visit(browser, service, push_as_bank(ground, service, {"request": token}))
    browser.submit("/sign-in/cancel")
    assert read_signed(ground, browser.answer(service)["response"])["error"] == "access_denied"


def test_a_pushed_request_is_answered_as_it_asked(ground, citizen, service, browser):
    visit(browser, service, push(ground, service, response_mode="form_post"))
    walk(browser, citizen)
    assert posted(browser.page)[1].keys() == {"code", "state", "iss"}


def test_a_plain_answer_is_still_a_redirect(citizen, service, browser):
    browser.sign_in(service, citizen, response_mode="query")
    assert dict(parse_qsl(urlsplit(browser.page.headers["Location"]).query)).keys() == {"code", "state", "iss"}
