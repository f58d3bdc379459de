"""Apostille issues only for a person who has just proved themself again, and okportal365 may sign in silently."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.clients.conftest import BASE
from tests.clients.fake_provider import NOW, USERINFO
from tests.clients.test_sign_in import reason


@pytest.fixture
def apostille(visit):
    here = visit("apostille")
    browser = here.browser()
    here.sign_in(browser)
    return here, browser


def press_issue(browser):
    answer = browser.post("/issue", base_url=BASE, headers={"Origin": BASE})
    assert answer.status_code == 303
    return answer.location


def test_issuing_asks_for_a_proof_made_now(apostille):
    here, browser = apostille
    assert 'data-fresh="false"' in browser.get("/issue", base_url=BASE).text
    address = press_issue(browser)
    assert parse_qs(urlsplit(address).query)["max_age"] == ["0"]
    here.clock.now = here.provider.now = NOW + 60
    assert here.come_back(browser, here.provider.authorize(address)).location == "/issue"
    assert 'data-fresh="true"' in browser.get("/issue", base_url=BASE).text
    assert 'id="issued"' in browser.post("/issue", base_url=BASE).text


def test_a_first_sign_in_is_no_step_up_however_fresh(apostille):
    here, browser = apostille
    assert press_issue(browser).startswith(here.provider.issuer)


def test_a_proof_serves_for_five_minutes(apostille):
    here, browser = apostille
    here.come_back(browser, here.provider.authorize(press_issue(browser)))
    here.clock.now += 300
    assert browser.post("/issue", base_url=BASE).status_code == 200
    here.clock.now += 1
    assert browser.post("/issue", base_url=BASE).status_code == 303


def test_an_old_proof_is_refused_and_the_sign_in_goes_on(apostille):
    here, browser = apostille
    here.clock.now = here.provider.now = NOW + 600
    address = press_issue(browser)
    here.provider.claims = {"auth_time": NOW}
    assert reason(here.come_back(browser, here.provider.authorize(address))) == "auth_time"
    assert here.is_signed_in(browser)
    assert 'data-fresh="false"' in browser.get("/issue", base_url=BASE).text


def test_another_person_cannot_step_in(apostille):
    here, browser = apostille
    address = press_issue(browser)
    here.provider.claims = {"sub": "somebody-else"}
    here.provider.userinfo = {**USERINFO, "sub": "somebody-else"}
    assert reason(here.come_back(browser, here.provider.authorize(address))) == "other_person"
    assert 'data-fresh="false"' in browser.get("/issue", base_url=BASE).text


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_issues_without_signing_in(visit, method):
    here = visit("apostille")
    answer = getattr(here.browser(), method)("/issue", base_url=BASE)
    assert (answer.status_code, answer.location) == (303, "/")


def test_okportal365_can_try_without_a_page(visit):
    here = visit("okportal365")
    browser = here.browser()
    address = here.start(browser, "/continue")
    assert parse_qs(urlsplit(address).query)["prompt"] == ["none"]
    here.provider.answer = {"code": None, "error": "login_required"}
    assert reason(here.come_back(browser, here.provider.authorize(address))) == "login_required"
    here.provider.answer = {}
    here.provider.claims = {"auth_time": NOW - 600}
    assert here.sign_in(browser, "/continue").status_code == 303
    assert 'id="single-sign-on"' in browser.get("/", base_url=BASE).text
