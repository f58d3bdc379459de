"""Two tabs, reload, back, pages that lay open: nobody is stranded."""

import re
from dataclasses import replace
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from idp.interaction.sealed_request import LIFETIME_SECONDS
from idp.pages.browser import BROWSER
from tests.browser.steps import PAGES, SERVICE, to_code, to_consent, to_passkey
from tests.browser.visitor import Visitor

READABLE = re.compile("/authorize|/sign-in/[0-9a-f-]{36}")
STEPS = {"passkey": 1, "code": 2, "wrong code": 2, "used-up code": 2, "consent": 3}


@pytest.mark.parametrize("name", PAGES)
def test_a_reload_shows_the_same_step_and_sends_nothing_again(visitor, citizen, name):
    PAGES[name](visitor, citizen)
    sent = 0 if name == "passkey" else 1
    if sent:
        visitor.there.code(citizen.number)
    visitor.page.wait_for_load_state()
    assert READABLE.fullmatch(urlsplit(visitor.page.url).path)  # no address that only answers a form
    visitor.page.reload()
    visitor.at_step(STEPS[name])
    visitor.page.wait_for_timeout(700)  # a worker's pause between two looks: time for a second message to show
    assert len(visitor.there.codes(citizen.number)) == sent


def test_after_a_reload_of_every_page_the_sign_in_still_ends_well(visitor, citizen):
    visitor.begin(SERVICE)
    visitor.page.reload()
    visitor.prove_passkey()
    visitor.page.reload()
    visitor.prove_phone(citizen)
    visitor.page.reload()
    visitor.agree()
    visitor.signed_in(SERVICE, citizen)
    visitor.page.reload()
    visitor.signed_in(SERVICE, citizen)


def test_two_tabs_both_end_well(visitor, citizen):
    to_code(visitor, citizen)
    first, code = visitor.page, visitor.there.code(citizen.number)
    visitor.page = visitor.context.new_page()
    visitor.holds(replace(citizen.passkey, sign_count=10))  # the device has counted the first tab's proof
    visitor.begin("okportal365")
    visitor.prove_passkey()
    visitor.prove_phone(citizen, messages=2)
    visitor.agree()
    visitor.signed_in("okportal365", citizen)
    visitor.page = first
    visitor.type_code(code)
    visitor.agree()
    visitor.signed_in(SERVICE, citizen)


def test_a_tab_that_waited_is_signed_in_by_the_other(visitor, citizen):
    to_passkey(visitor, citizen)
    first = visitor.page
    visitor.page = visitor.context.new_page()
    visitor.holds(citizen.passkey)
    visitor.sign_in(SERVICE, citizen)
    visitor.page = first
    visitor.page.reload()
    visitor.signed_in(SERVICE, citizen)


def test_the_same_sign_in_in_two_tabs_is_over_once(visitor, citizen):
    to_consent(visitor, citizen)
    first = visitor.page
    visitor.page = visitor.context.new_page()
    visitor.page.goto(first.url)
    visitor.agree()
    visitor.signed_in(SERVICE, citizen)
    visitor.page = first
    visitor.agree()
    visitor.see("h1")
    visitor.press("#back")
    visitor.signed_in(SERVICE, citizen)


def test_back_from_the_code_begins_the_step_before_anew(visitor, citizen):
    to_code(visitor, citizen)
    visitor.page.go_back()
    visitor.at_step(1)
    visitor.prove_passkey()
    visitor.prove_phone(citizen, messages=2)
    visitor.agree()
    visitor.signed_in(SERVICE, citizen)


def test_back_from_the_consent_does_not_ask_for_a_spent_code(visitor, citizen):
    to_consent(visitor, citizen)
    visitor.page.go_back()
    visitor.at_step(3)
    visitor.agree()
    visitor.signed_in(SERVICE, citizen)


def test_back_from_the_service_says_that_the_sign_in_is_over_and_leads_back(visitor, citizen):
    visitor.sign_in(SERVICE, citizen)
    visitor.page.go_back()
    visitor.see("#back")
    visitor.press("#back")
    visitor.signed_in(SERVICE, citizen)


def test_a_passkey_page_that_lay_open_too_long_leads_back_to_the_service(visitor, citizen):
    to_passkey(visitor, citizen)
    field = visitor.page.locator("#passkey-form [name=request]")
    cookies = {one["name"]: one["value"] for one in visitor.context.cookies()}
    aged = visitor.there.aged(field.input_value(), sha256(cookies[BROWSER].encode()).digest(), LIFETIME_SECONDS)
    field.evaluate("(field, value) => { field.value = value }", aged)
    visitor.press("#passkey")
    visitor.press("#back")
    visitor.refused(SERVICE, "access_denied")
    assert visitor.there.codes(citizen.number) == []


@pytest.mark.parametrize("name", ["code", "consent"])
def test_a_sign_in_that_lay_open_too_long_leads_back_to_the_service(visitor, citizen, name):
    PAGES[name](visitor, citizen)
    visitor.there.age_sign_ins(citizen, 86_400)
    visitor.page.reload()
    visitor.press("#back")
    visitor.refused(SERVICE, "access_denied")
    visitor.press("#sign-in")
    visitor.see("#passkey, #consent-allow")


def test_a_browser_that_lost_its_cookies_is_told_what_to_do(visitor, citizen):
    to_code(visitor, citizen)
    visitor.context.clear_cookies(name=BROWSER)
    visitor.type_code(visitor.there.code(citizen.number))
    expect(visitor.see("h1")).not_to_be_empty()
    expect(visitor.page.locator("main strong")).not_to_be_empty()


@pytest.mark.parametrize("name", ["code", "consent"])
def test_a_refusal_can_be_read_in_the_other_language_and_still_leads_back(visitor, citizen, name):
    PAGES[name](visitor, citizen)
    visitor.there.age_sign_ins(citizen, 86_400)
    visitor.press("#cancel")
    expect(visitor.see("#back")).to_contain_text("Government 24")
    visitor.press(".languages [lang=ko]")
    expect(visitor.see("#back")).to_contain_text("정부24")
    visitor.press("#back")
    visitor.refused(SERVICE, "access_denied")


def test_the_language_of_a_refused_request_keeps_what_was_refused(open_window, there):
    visitor = open_window(there)
    visitor.page.goto(f"{there.issuer}/authorize?client_id=nobody&redirect_uri=https://rp.example/cb")
    english = visitor.see("h1").inner_text()
    visitor.press(".languages [lang=ko]")
    assert visitor.see("h1").inner_text() == there.say("ko", "refusal.unknown_client.heading")
    visitor.press(".languages [lang=en]")
    assert visitor.see("h1").inner_text() == english


@pytest.mark.parametrize("path", ["//evil.example/", "/%5Cevil.example/", "///evil.example"])
def test_N_links_of_a_page_that_does_not_exist_stay_here(open_window, there, path):
    visitor = open_window(there)
    visitor.page.goto(there.issuer + path)
    visitor.press(".languages [lang=ko]")
    expect(visitor.page.locator("html")).to_have_attribute("lang", "ko")
    assert visitor.page.url.startswith(there.issuer + "/")


def test_an_address_that_does_not_exist_is_a_page(open_window, there):
    visitor = open_window(there)
    answer = visitor.page.goto(f"{there.issuer}/nowhere")
    assert answer.status == 404
    visitor.see("h1")


def test_somebody_elses_sign_in_address_shows_nothing(visitor, citizen, open_window, there):
    to_code(visitor, citizen)
    other: Visitor = open_window(there)
    answer = other.page.goto(visitor.page.url)
    assert answer.status == 400
    assert citizen.number[-2:] not in other.page.locator("main").inner_text()
