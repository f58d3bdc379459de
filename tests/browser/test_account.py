"""A person's own pages in a browser: seen in both languages, walked with a second passkey, stopped and resumed."""

import re
from dataclasses import replace
from time import monotonic, sleep

import pytest
from playwright.sync_api import expect

from idp.delivery.mail_gateways import read_letters
from idp.keys.sealing import row_context
from idp.storage.account import Account
from tests.browser.gallery import Gallery
from tests.browser.installation import MESSAGE_SECONDS
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
    if language == "en":  # opened cold, as from a mailbox; in Korean where its page stands already
        page.goto("about:blank")
    page.goto(wired.letters.stop_address(citizen.person, credential))
    visitor.see("#secret-read")
    expect(page).to_have_url(f"{there.issuer}/lost")  # the secret is out of the address
    visitor.see("#birthdate").fill(citizen.record.birthdate)
    visitor.press("#stop-by-link")
    visitor.see(".sign.success")
    gallery.show(page, "lost stopped")
    assert gallery.faults == []


def test_the_link_of_a_letter_confirms_the_address(open_window, there, citizen):
    """Opened cold, in a browser that is signed in nowhere; its secret is read, and is out of the address."""
    wired = there.provider
    mails = wired.settings.mails_file
    with wired.database.begin() as step:
        account = Account(step, citizen.person)
        person, record = account.person(), replace(citizen.record, email="a@b.example", email_verified=False)
        sealed = wired.sealers.record.seal(record.to_json(), row_context("persons", "record", citizen.person))
        assert account.change_record(person.record, sealed, wired.clock())
        wired.letters.ask_to_confirm(step, citizen.person, wired.clock())
    visitor = open_window(there)
    visitor.page.goto(confirmation(mails, "a@b.example"))
    visitor.see("#secret-read")
    expect(visitor.page).to_have_url(f"{there.issuer}/email")
    visitor.press("#email-confirm")
    visitor.see(".sign.success")


def confirmation(mails, address):
    """The link in the letter to an address, once the worker has posted it."""
    until = monotonic() + MESSAGE_SECONDS
    while monotonic() < until:
        for letter in read_letters(mails):
            if letter.to == address:
                return re.search(r"http\S+/email#\S+", letter.body)[0]
        sleep(0.1)
    raise AssertionError("no letter arrived")
