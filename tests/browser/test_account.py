"""A person's own pages in a browser: seen in both languages, walked with a second passkey, stopped and resumed."""

import pytest
from playwright.sync_api import expect

from idp.storage.account import Account
from tests.browser.gallery import Gallery
from tests.browser.steps import SERVICE

LOCALES = {"ko": "ko-KR", "en": "en-US"}
IN_BOTH = {"home", "passkeys"}  # the others are made of the same parts, and English sentences are the longer ones
PAGES = {
    "home": "/account",
    "services": "/account/services",
    "sessions": "/account/sessions",
    "history": "/account/history",
    "passkeys": "/account/passkeys",
    "data": "/account/data",
    "email": "/account/email",
    "feedback": "/account/feedback",
    "email confirm": "/email",
    "passkey new": "/account/passkeys/new",
    "stop": "/account/stop",
    "close": "/account/close",
    "resume": "/account/resume",
}


@pytest.mark.parametrize("language", LOCALES)
def test_every_page_of_ones_own(open_window, there, citizen, language):
    visitor, gallery = open_window(there, locale=LOCALES[language]), Gallery(language)
    visitor.holds(citizen.passkey)
    visitor.sign_in(SERVICE, citizen)
    for name, path in PAGES.items():
        if language != "en" and name not in IN_BOTH:
            continue
        visitor.page.goto(there.issuer + path)
        visitor.see("h1")
        gallery.show(visitor.page, f"account {name}")
    assert gallery.faults == []


def test_a_second_passkey_a_lost_one_and_the_way_back(open_window, there, citizen):
    visitor, gallery = open_window(there), Gallery("en")
    visitor.holds(citizen.passkey)
    page = visitor.page
    page.goto(f"{there.issuer}/account")
    visitor.prove_passkey()
    visitor.prove_phone(citizen)
    expect(page).to_have_url(f"{there.issuer}/account")
    page.goto(f"{there.issuer}/account/passkeys")
    visitor.press("#passkey-add")
    visitor.see("#name").fill("My tablet")
    visitor.forget()  # another device
    visitor.press("#passkey-create")
    expect(page).to_have_url(f"{there.issuer}/account/passkeys")
    expect(page.locator("h2", has_text="My tablet")).to_be_visible()
    page.locator('a[href$="/remove"]').first.click()
    visitor.see("#passkey-remove")
    gallery.show(page, "account passkey remove")
    page.goto(f"{there.issuer}/account/stop")
    page.locator('label[for="lost-1"]').click()
    visitor.press("#stop-now")
    visitor.see("#resume")
    gallery.show(page, "account stopped")
    visitor.press("#resume")
    visitor.press("#passkey")
    visitor.see("#back")
    gallery.show(page, "account resumed")
    assert gallery.faults == []


@pytest.mark.parametrize("language", LOCALES)
def test_the_page_for_a_lost_phone(open_window, there, citizen, language):
    """Without signing in: the link of a letter is read from the fragment, and the date of birth stops everything."""
    visitor, gallery = open_window(there, locale=LOCALES[language]), Gallery(language)
    page, wired = visitor.page, there.provider
    with wired.database.read() as reading:
        credential = Account(reading, citizen.person).credentials()[-1].id
    page.goto(f"{there.issuer}/lost")
    gallery.show(page, "lost")
    page.goto(wired.letters.stop_address(citizen.person, credential))
    visitor.see("#secret-read")
    expect(page).to_have_url(f"{there.issuer}/lost")  # the secret is out of the address
    visitor.see("#birthdate").fill(citizen.record.birthdate)
    visitor.press("#stop-by-link")
    visitor.see(".sign.success")
    gallery.show(page, "lost stopped")
    assert gallery.faults == []
