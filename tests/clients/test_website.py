"""What every page of every service sends along: headers, cookie, language, and no answer to foreign forms."""

import re
from dataclasses import replace

import pytest

from clients.relying_party.website import create_website
from tests.clients.conftest import BASE, SERVICES
from tests.clients.fake_provider import USERINFO

PATHS = ["/", "/callback", "/signed-out", "/privacy", "/terms", "/no-such-page", "/relying-party/page.css"]


@pytest.mark.parametrize("slug", SERVICES)
@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_guarded(visit, slug, path):
    here = visit(slug)
    with here.browser().get(path, base_url=BASE) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self';")
    assert f"form-action 'self' {here.provider.issuer}" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert (headers["Cache-Control"] == "no-store") == (not path.endswith(".css"))


@pytest.mark.parametrize("slug", SERVICES)
@pytest.mark.parametrize("path", ["/", "/callback", "/signed-out", "/privacy", "/no-such-page", "signed in"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_no_page_carries_a_script_or_style_of_its_own_or_of_strangers(visit, slug, path, language):
    here = visit(slug)
    browser = here.browser()
    if path == "signed in":
        here.sign_in(browser)
        path = "/"
    page = browser.get(path, base_url=BASE, query_string={"lang": language}).text
    assert f'<html lang="{language}">' in page
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script>|javascript:", page)
    assert not re.search(r'(src|href)="(https?:)?//', page)


def test_X_01_what_the_provider_says_is_text_and_never_markup(visit):
    here = visit("gov24")
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{7*7}}'
    here.provider.userinfo = {**USERINFO, "name": evil, "name#en": evil, evil: evil, "address": {evil: evil}}
    browser = here.browser()
    here.sign_in(browser)
    page = browser.get("/", base_url=BASE).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert ">49" not in page
    assert "{{7*7}}" in page


@pytest.mark.parametrize("parameter", ["error", "error_description", "state", "code"])
def test_X_01_nothing_of_the_answers_address_is_shown(visit, parameter):
    here = visit("gov24")
    page = here.browser().get("/callback", base_url=BASE, query_string={parameter: "<b>owned</b>"}).text
    assert "owned" not in page


def test_each_service_has_a_cookie_of_its_own_that_scripts_cannot_read(visit):
    cookies = set()
    for slug in SERVICES:
        cookie = visit(slug).browser().get("/sign-in", base_url=BASE).headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        cookies.add(cookie.split("=")[0])
    assert cookies == {f"{slug}_session" for slug in SERVICES}


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(visit):
    here = visit("gov24")
    credentials = replace(here.app.extensions["relying_party"].credentials, base="https://gov24.example")
    app = create_website(SERVICES["gov24"].SERVICE, credentials, SERVICES["gov24"].FOLDER)
    answer = app.test_client().get("/?lang=en", base_url="https://gov24.example")
    assert answer.headers["Set-Cookie"].startswith("__Host-gov24_session=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_the_cookie_stays_small_and_holds_no_person(visit):
    here = visit("gov24")
    browser = here.browser()
    for _ in range(20):
        here.start(browser)
    here.sign_in(browser)
    cookie = browser.get_cookie("gov24_session", domain="localhost")
    assert len(cookie.value) < 2500
    with browser.session_transaction(base_url=BASE) as session:
        kept = str(dict(session))
    assert "홍길동" not in kept
    assert "pairwise" not in kept


@pytest.mark.parametrize("path", ["/sign-out", "/sign-out-here"])
@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://localhost:9002", "http://localhost"])
def test_CS_01_a_foreign_form_signs_nobody_out(visit, path, origin):
    here = visit("gov24")
    browser = here.browser()
    here.sign_in(browser)
    answer = browser.post(path, base_url=BASE, headers={"Origin": origin})
    assert answer.status_code == 403
    assert 'data-reason="foreign_request"' in answer.text
    assert here.is_signed_in(browser)


@pytest.mark.parametrize(
    ("accepted", "chosen", "language"),
    [
        ("", "", "ko"),
        ("en-US,en;q=0.9", "", "en"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "", "ko"),
        ("de", "", "ko"),
        ("en", "ko", "ko"),
        ("ko", "en", "en"),
        ("en", "<script>", "en"),
    ],
)
def test_a_page_speaks_the_visitors_language(visit, accepted, chosen, language):
    browser = visit("gov24").browser()
    page = browser.get(f"/?lang={chosen}", base_url=BASE, headers={"Accept-Language": accepted}).text
    assert f'<html lang="{language}">' in page


def test_a_chosen_language_stays(visit):
    browser = visit("gov24").browser()
    browser.get("/?lang=en", base_url=BASE)
    assert '<html lang="en">' in browser.get("/signed-out", base_url=BASE).text


def test_another_name_of_this_machine_leads_to_the_registered_one(visit):
    browser = visit("gov24").browser()
    answer = browser.get("/sign-in?lang=en", base_url="http://127.0.0.1:9001")
    assert (answer.status_code, answer.location) == (302, f"{BASE}/sign-in?lang=en")


@pytest.mark.parametrize(("method", "path", "status"), [("get", "/nowhere", 404), ("get", "/sign-out", 405)])
def test_an_address_that_leads_nowhere_leads_home(visit, method, path, status):
    answer = getattr(visit("gov24").browser(), method)(path, base_url=BASE)
    assert answer.status_code == status
    assert 'href="/"' in answer.text
