"""A hint says whom a service means; the ID token that says it is in no page, address or row (Core §3.1.2.1)."""

import re

import pytest

from tests.ground import RECORD, Registered, Walker
from tests.signed_requests import push


@pytest.fixture
def known(ground, service, citizen):
    """A browser that is signed in, and the ID token that the service got."""
    browser = ground.browser()
    return browser, browser.tokens(service, citizen)["id_token"]


def came_back(browser: Walker, service: Registered) -> set[str]:
    return {"code", "error"} & set(browser.answer(service))


def test_A_13_the_person_whom_a_hint_means_signs_in_and_the_hint_is_kept_nowhere(ground, service, citizen, known):
    browser, hint = known
    browser.authorize(service, prompt="login", id_token_hint=hint)
    assert hint not in browser.page.text
    browser.passkey(citizen)
    browser.code()
    assert came_back(browser, service) == {"code"}
    assert hint not in str(ground.contents())


@pytest.mark.parametrize(
    "claims",
    [
        '{"id_token":{"\\ud800":null}}',
        '{"userinfo":{"name":{"value":"\\udfff"}}}',
        '{"x":' + "[" * 980 + "]" * 980 + "}",
    ],
    ids=["name", "value", "deep"],
)
def test_A_14_claims_that_could_not_be_written_again_are_refused_with_a_hint_too(ground, service, known, claims):
    browser, hint = known
    browser.authorize(service, claims=claims, id_token_hint=hint)
    assert browser.answer(service)["error"] == "invalid_request"
    assert push(ground, service, claims=claims, id_token_hint=hint).get_json()["error"] == "invalid_request"


@pytest.mark.parametrize("how", ["plain", "reloaded", "pushed"])
def test_A_13_nobody_else_is_answered_for(ground, service, known, how):
    _, hint = known
    other, browser = ground.enrol(RECORD, "+4915187654321"), ground.browser()
    asked = {"id_token_hint": hint, "login_hint": "+4915112345678"}
    if how == "pushed":
        pushed = push(ground, service, **asked).get_json()
        rows = str(ground.contents()["pushed_requests"])
        assert "sub" in rows
        assert not any(value in rows for value in asked.values())
        browser.get("/authorize", query_string={"client_id": service.id, "request_uri": pushed["request_uri"]})
    else:
        browser.authorize(service, **asked)
    if how == "reloaded":
        address = re.search(r'data-here="([^"]*)"', browser.page.text)
        assert address, browser.page.text
        browser.get(address[1].replace("&amp;", "&"))
    browser.passkey(other)
    assert came_back(browser, service) == {"error"}
