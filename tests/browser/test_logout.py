"""Signing out: here, everywhere, and asked whether."""

from time import monotonic

import pytest
from playwright.sync_api import expect

NOTICE_SECONDS = 15


def test_L_06_signing_out_ends_the_session_everywhere(visitor, citizen):
    visitor.sign_in("gov24", citizen)
    visitor.begin("okportal365")
    visitor.agree()
    visitor.signed_in("okportal365", citizen)
    visitor.page.goto(visitor.there.at("gov24"))
    visitor.press("#sign-out")
    expect(visitor.page.locator("#signed-out")).to_have_attribute("data-everywhere", "true")
    told(visitor, "okportal365")
    visitor.press("#sign-in")
    visitor.at_step(1)


def told(visitor, folder) -> None:
    """Wait until the provider's notice has reached the service: then nobody is signed in there."""
    until = monotonic() + NOTICE_SECONDS
    while monotonic() < until:
        visitor.page.goto(visitor.there.at(folder))
        if visitor.page.locator("#greeting").count() == 0:
            return
        visitor.page.wait_for_timeout(200)
    raise AssertionError(f"no notice reached {folder}")


def test_signing_out_of_one_service_keeps_the_session(visitor, citizen):
    visitor.sign_in("gov24", citizen)
    visitor.press("#sign-out-here")
    expect(visitor.page.locator("#signed-out")).to_have_attribute("data-everywhere", "false")
    visitor.begin("okportal365")
    visitor.at_step(3)


def test_signing_out_on_the_page_itself_is_confirmed_first(visitor, citizen):
    visitor.sign_in("gov24", citizen)
    visitor.page.goto(f"{visitor.there.issuer}/logout")
    visitor.press("#logout-confirm")
    visitor.see(".sign.success")
    visitor.page.reload()
    visitor.see(".sign.success")
    visitor.begin("okportal365")
    visitor.at_step(1)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_staying_keeps_the_session_and_leads_to_the_service(visitor, citizen, language):
    visitor.sign_in("gov24", citizen)
    visitor.page.goto(f"{visitor.there.issuer}/logout?client_id=gov24")
    visitor.press(f".languages [lang={language}]")
    visitor.press("#logout-stay")
    visitor.signed_in("gov24", citizen)
    visitor.begin("okportal365")
    visitor.at_step(3)
