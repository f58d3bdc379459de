"""Korean and English: whose wish counts, and that changing it loses nothing."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import PAGES, SERVICE, to_passkey


def expect_language(visitor, language):
    expect(visitor.page.locator("html")).to_have_attribute("lang", language)


@pytest.mark.parametrize("name", PAGES)
def test_changing_the_language_keeps_the_step(visitor, citizen, name):
    PAGES[name](visitor, citizen)
    step = visitor.page.locator("[aria-current=step]").inner_text()[0]
    expect_language(visitor, "en")
    visitor.press(".languages [lang=ko]")
    expect_language(visitor, "ko")
    visitor.at_step(int(step))
    assert len(visitor.there.codes(citizen.number)) <= 1


def test_a_sign_in_goes_on_in_the_language_chosen(visitor, citizen):
    visitor.begin(SERVICE)
    visitor.press(".languages [lang=ko]")
    visitor.prove_passkey()
    expect_language(visitor, "ko")
    visitor.press(".languages [lang=en]")
    visitor.prove_phone(citizen)
    expect_language(visitor, "en")
    visitor.press(".languages [lang=ko]")
    visitor.agree()
    visitor.signed_in(SERVICE, citizen)


@pytest.mark.parametrize(("locale", "language"), [("ko-KR", "ko"), ("en-US", "en"), ("de-DE", "ko")])
def test_the_browsers_language_is_spoken(open_window, there, locale, language):
    visitor = open_window(there, locale=locale)
    visitor.page.goto(there.issuer + "/")
    expect_language(visitor, language)


@pytest.mark.parametrize(("wish", "language"), [("ko", "ko"), ("en", "en")])
def test_the_service_may_wish_for_a_language(open_window, there, wish, language):
    visitor = open_window(there, locale="en-US" if wish == "ko" else "ko-KR")
    visitor.page.goto(f"{there.at(SERVICE)}/?lang={wish}")
    visitor.press("#sign-in")
    visitor.at_step(1)
    expect_language(visitor, language)


def test_what_a_person_chose_here_outweighs_the_services_wish(visitor, citizen):
    to_passkey(visitor, citizen)
    visitor.press(".languages [lang=ko]")
    to_passkey(visitor, citizen)  # the service, in English, wishes for English
    expect_language(visitor, "ko")
