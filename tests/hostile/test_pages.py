"""Text of strangers on our pages, and pages in strangers' frames and scripts (abuse cases X and K)."""

import re
from html.parser import HTMLParser

import pytest

from tests.ground import ORIGIN, call

MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "javascript:alert(1)",
    "</title></script><svg onload=alert(1)>",
    "\u202e\u2066evil",
]
HANDLERS = re.compile(r"^on|^srcdoc$|^style$")
ADDRESSES = ("/", "/static/x", "/enrol", "https://", "http://localhost", "#")


FIELDS = ("code", "sign_in", "secret", "number", "x")


class Checked(HTMLParser):
    """A page whose scripts, styles, handlers and addresses are ours."""

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            assert not HANDLERS.match(name), (tag, name)
            if name in {"href", "src", "action", "formaction"}:
                assert (value or "").startswith(ADDRESSES), (tag, name, value)
        inline = dict(attrs).get("src") is None and dict(attrs).get("type") != "application/json"
        assert tag != "style"
        assert not (tag == "script" and inline), "inline script"
        assert tag not in {"iframe", "object", "embed", "base"}


def harmless(page):
    assert page.content_type == "text/html; charset=utf-8"
    Checked().feed(page.text)
    assert "<script>alert" not in page.text
    assert "<img" not in page.text
    assert "onload=" not in page.text.replace("onload=alert(1)&gt;", "")
    assert "49${" not in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("text", MARKUP)
@pytest.mark.parametrize(
    "name", ["state", "nonce", "ui_locales", "login_hint", "id_token_hint", "acr_values", "client_id", "redirect_uri"]
)
def test_X_01_nothing_that_a_link_carries_becomes_markup(house, name, text, language):
    browser = house.browser()
    browser.client.set_cookie("idp-language", language, domain="localhost")
    browser.authorize(house.service, **{name: text})
    if browser.page.status_code != 303:
        harmless(browser.page)


@pytest.mark.parametrize("text", MARKUP[:-1])
def test_X_01_nor_what_an_administrator_wrote_as_a_name(house, text):
    service = house.ground.register(client_name=text)
    browser = house.browser()
    browser.authorize(service)
    harmless(browser.page)
    browser.passkey(house.citizen)
    harmless(browser.page)
    browser.code()
    harmless(browser.page)
    assert text.replace("{{7*7}}", "") not in browser.page.text or text == "javascript:alert(1)"


@pytest.mark.parametrize("text", MARKUP)
@pytest.mark.parametrize(
    "path", ["/sign-in/code", "/sign-in/consent", "/enrol/open", "/enrol/phone", "/logout/confirm"]
)
def test_X_01_nor_what_is_typed_into_a_form(house, path, text):
    browser = house.browser()
    browser.get("/enrol")
    browser.post(path, browser.form("/enrol/open") | dict.fromkeys(FIELDS, text))
    harmless(browser.page)


@pytest.mark.parametrize("path", ["/<script>alert(1)</script>", "/%3Cscript%3E", "/sign-in/<img>", "/static/a/<svg>"])
def test_X_01_nor_a_path(house, path):
    page = house.browser().get(path)
    assert page.status_code == 404
    harmless(page)


def answers(house):
    """One answer of each kind: pages, JSON, redirects, static files, errors."""
    browser = house.browser()
    yield "home", browser.get("/")
    yield "passkey page", browser.authorize(house.service)
    sheet = re.search(r'href="(/static/[^"]+\.css)"', browser.page.text)
    yield "code page", browser.passkey(house.citizen)
    yield "consent page", browser.code()
    yield "redirect", browser.consent()
    yield "logout page", browser.get("/logout")
    yield "refusal", browser.get("/authorize")
    yield "not found", browser.get("/nowhere")
    yield "wrong method", browser.get("/sign-in/code")
    yield "wrong host", house.ground.app.test_client().get("/", base_url="https://evil.example")
    yield "enrol", browser.get("/enrol")
    yield "style sheet", browser.get(sheet[1])
    yield "static not found", browser.get("/static/0/nothing.css")
    yield "discovery", browser.get("/.well-known/openid-configuration")
    yield "token error", call(house.ground, "/token", {"a": "b"})
    yield "userinfo error", browser.get("/userinfo")
    yield "livez", browser.get("/livez")


def test_X_03_X_05_every_answer_carries_its_protection(house):
    for name, answer in answers(house):
        headers = answer.headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], name
        assert headers["X-Frame-Options"] == "DENY", name
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}, name
        cache = headers["Cache-Control"]
        public = name in {"style sheet", "discovery"}
        assert cache.startswith("public") if public else cache in {"no-store", "no-cache"}, name
        if public:
            assert "Set-Cookie" not in headers, name
        answer.close()  # a static file is open until then


@pytest.mark.parametrize(
    ("application", "registered", "targets"),
    [
        ("web", "http://localhost:9001/callback", ["'self'", "http://localhost:*", "http://localhost:9001"]),
        ("web", "https://service.go.kr/callback", ["'self'", "https:"]),
        ("native", "http://127.0.0.1:5000/callback", ["'self'", "http://127.0.0.1:*", "http://127.0.0.1:5000"]),
    ],
)
def test_X_03_a_form_may_end_where_its_service_leads_on_and_else_nowhere(house, application, registered, targets):
    kept = {"post_logout_redirect_uris": None, "client_uri": None}
    service = house.ground.register(application_type=application, redirect_uris=[registered], **kept)
    page = house.browser().authorize(service)
    policy = page.headers["Content-Security-Policy"].split("form-action ")[1]
    assert policy.split(";")[0].split() == targets
    assert house.browser().get("/").headers["Content-Security-Policy"].endswith("form-action 'self'")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ORIGIN + ".evil.example", "http://localhost:9001"])
def test_X_06_only_public_documents_are_readable_from_other_sites(house, origin):
    client = house.ground.app.test_client()
    public = {"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"}
    for rule in house.ground.app.url_map.iter_rules():
        if rule.arguments:
            continue
        for method in sorted(rule.methods & {"GET", "POST", "OPTIONS"}):
            answer = client.open(rule.rule, method=method, base_url=ORIGIN, headers={"Origin": origin})
            allowed = answer.headers.get("Access-Control-Allow-Origin")
            assert allowed == ("*" if rule.rule in public and method == "GET" else None), (rule.rule, method)
            assert "Access-Control-Allow-Credentials" not in answer.headers
