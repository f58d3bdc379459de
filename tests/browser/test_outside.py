"""Browsers inside other apps, old ones, and ones that keep no cookies: each is told what to open instead."""

import re
from urllib.parse import quote, urlsplit

from playwright.sync_api import expect

from tests.browser.gallery import Gallery
from tests.browser.steps import SERVICE, to_passkey

ANDROID = "Mozilla/5.0 (Linux; Android 14; SM-S918N; wv) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0 Mobile"
APPS = {"kakaotalk": f"{ANDROID} KAKAOTALK/25.1.0", "facebook": f"{ANDROID} [FBAN/FB4A;FBAV/440.0.0]"}
PHONE = {"width": 320, "height": 700}
NO_PASSKEYS = "delete window.PublicKeyCredential"
NO_COOKIES = "Object.defineProperty(navigator, 'cookieEnabled', { get: () => false })"


def inside(open_window, there, app):
    """Somebody who opened a link in an app that shows it itself."""
    visitor = open_window(there, locale="ko-KR", user_agent=APPS[app], viewport=PHONE)
    visitor.context.add_init_script(NO_PASSKEYS)
    return visitor


def test_the_screen_of_an_app_names_the_service_to_open_elsewhere(open_window, there):
    visitor = inside(open_window, there, "kakaotalk")
    visitor.begin(SERVICE)
    visitor.see("#other-browser")
    service = visitor.see("#other-browser-address").inner_text()
    assert urlsplit(service).netloc == urlsplit(there.at(SERVICE)).netloc  # where a sign-in begins anew
    assert "client_id" not in service  # never this request: it belongs to this browser
    opens = visitor.see("#other-browser-open").get_attribute("href")
    assert opens.startswith("kakaotalk://web/openExternal?url=")
    assert opens.endswith(quote(urlsplit(service).netloc, safe="") + "%2F") or quote(service, safe="") in opens
    expect(visitor.page.locator("#passkey-trouble")).to_be_hidden()  # said once
    visitor.press("#other-browser-copy")  # without the right to the clipboard the address is selected
    assert visitor.page.evaluate("getSelection().toString()").strip() in {service, ""}
    gallery = Gallery("ko", touched=True)
    gallery.show(visitor.page, "passkey inside an app")
    assert gallery.faults == []
    visitor.press("#cancel")
    visitor.refused(SERVICE, "access_denied")


def test_another_app_hands_the_service_to_the_phones_own_browser(open_window, there):
    visitor = inside(open_window, there, "facebook")
    visitor.begin(SERVICE)
    opens = visitor.see("#other-browser-open").get_attribute("href")
    wanted = r"intent://localhost:[0-9]+/#Intent;scheme=http;action=android\.intent\.action\.VIEW;end"
    assert re.fullmatch(wanted, opens), opens


def test_E_01_an_enrolments_link_can_still_be_taken_elsewhere(open_window, there):
    visitor = inside(open_window, there, "facebook")
    link = there.provider.credential_office.begin_enrolment(there.record())
    visitor.page.goto(link)
    assert visitor.see("#other-browser-address").inner_text() == link  # nothing of it is spent
    expect(visitor.page.locator("#other-browser-open")).to_be_hidden()  # an intent would lose the secret
    assert "#" not in visitor.page.url
    gallery = Gallery("ko", touched=True)
    gallery.show(visitor.page, "enrol open inside an app")
    assert gallery.faults == []


def test_an_ordinary_browser_hears_nothing_of_it(visitor, citizen):
    to_passkey(visitor, citizen)
    visitor.page.wait_for_load_state()
    expect(visitor.page.locator("#other-browser")).to_be_hidden()


def test_a_browser_that_keeps_no_cookies_is_told_before_and_after(open_window, there, citizen):
    visitor = open_window(there)
    visitor.context.add_init_script(NO_COOKIES)
    visitor.holds(citizen.passkey)
    to_passkey(visitor, citizen)
    expect(visitor.see("#passkey-trouble")).to_have_text(there.say("en", "passkey.trouble.cookies"))
    visitor.context.clear_cookies()  # as a browser does that keeps none
    visitor.press("#passkey")
    expect(visitor.see("h1")).to_have_text(there.say("en", "refusal.no_cookie.heading"))
