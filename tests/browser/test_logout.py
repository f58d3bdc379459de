"""Signing out: here, everywhere, and asked whether."""

import pytest
from playwright.sync_api import expect


def test_signing_out_ends_the_session_everywhere(visitor, citizen):
    visitor.sign_in("gov24", citizen)
    visitor.press("#sign-out")
    expect(visitor.page.locator("#signed-out")).to_have_attribute("data-everywhere", "true")
    visitor.begin("okportal365")
    visitor.at_step(1)


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
