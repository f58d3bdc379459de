"""The guide as engineers see it: no violation that axe-core finds, no sideways scrolling, code that can be copied."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.gallery import Gallery
from tests.browser.installation import Installation

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_guide_is_accessible(there: Installation, chromium: Browser, language):
    context = chromium.new_context()
    page, gallery = context.new_page(), Gallery(language)
    page.goto(f"{there.issuer}/developers?lang={language}")
    gallery.show(page, "developers")
    assert gallery.faults == []
    context.close()


def test_a_configuration_is_filled_in_and_copied(there: Installation, chromium: Browser):
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{there.issuer}/developers?lang=en&for=openid-client")
    page.get_by_label("Client id").fill("my-own-service")
    page.get_by_role("button", name="Fill in").click()
    box = page.locator("#configuration")
    expect(box).to_contain_text('"my-own-service"')
    page.locator("[data-copy=configuration]").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == box.text_content()
    context.close()
