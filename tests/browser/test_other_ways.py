"""When no message arrives: the page learns of it by itself, and every other way leads on, script or none."""

import pytest
from playwright.sync_api import expect

from tests.browser.gallery import Gallery
from tests.browser.steps import SERVICE, to_code, to_used_up_code, wrong
from tests.second_proofs import app_code, give_app, give_passkey, give_printed

LOCALES = {"ko": "ko-KR", "en": "en-US"}


@pytest.fixture(params=LOCALES)
def language(request):
    return request.param


@pytest.fixture
def gallery(language):
    opened = Gallery(language, touched=True)
    yield opened
    assert opened.faults == []


@pytest.fixture
def reader(open_window, there, citizen, language):
    """That person, with a browser in the language."""
    opened = open_window(there, locale=LOCALES[language])
    opened.holds(citizen.passkey)
    return opened


def test_a_failure_shows_other_ways_by_itself_and_another_message_signs_in(visitor, citizen):
    to_code(visitor, citizen)
    expect(visitor.page.locator("#message-failed")).to_have_count(0)
    visitor.there.lose_message(citizen)
    visitor.see("#message-failed")  # nobody reloaded
    visitor.press("#resend")
    visitor.see(".notice.success")
    visitor.prove_phone(citizen, messages=2)
    visitor.agree()
    visitor.signed_in(SERVICE, citizen)


def test_a_call_brings_the_code_where_messages_do_not(visitor, citizen):
    to_code(visitor, citizen)
    visitor.there.lose_message(citizen)
    visitor.see("#message-failed")
    visitor.press("#call")
    visitor.see(".notice.success")
    visitor.prove_phone(citizen, messages=2)
    visitor.agree()
    visitor.signed_in(SERVICE, citizen)


def test_going_back_from_another_way_and_reloading_strand_nobody(visitor, citizen):
    give_printed(visitor.there, citizen.person)
    to_code(visitor, citizen)
    visitor.press("#way-printed")
    visitor.see("#typed-form")
    visitor.page.reload()
    visitor.see("#typed-form")
    visitor.page.go_back()
    visitor.see("#code-form")
    visitor.page.reload()
    visitor.prove_phone(citizen)
    visitor.agree()
    visitor.signed_in(SERVICE, citizen)


def test_used_up_codes_leave_the_other_ways(visitor, citizen):
    secret = give_app(visitor.there, citizen.person)
    to_used_up_code(visitor, citizen)
    visitor.press("#way-app")
    visitor.see("#code").fill(app_code(visitor.there, secret))
    visitor.press("#code-submit")
    visitor.agree()
    visitor.signed_in(SERVICE, citizen)


def test_without_script_a_link_tells_and_a_printed_code_signs_in(open_window, there, citizen):
    codes = give_printed(there, citizen.person)
    visitor = open_window(there)
    visitor.holds(citizen.passkey)
    to_code(visitor, citizen)
    at = visitor.page.locator("body").get_attribute("data-here")
    plain = open_window(there, java_script_enabled=False)
    plain.context.add_cookies(visitor.context.cookies())
    plain.page.goto(there.issuer + at)
    there.lose_message(citizen)
    plain.page.locator("#message-fate noscript a").click()
    plain.see("#message-failed")
    plain.page.locator("#way-printed").click()
    plain.see("#code").fill(codes[0])
    plain.page.locator("#code-submit").click()
    plain.see("#consent-allow")


def test_the_pages_of_other_ways(reader, citizen, gallery):
    page, there = reader.page, reader.there
    give_app(there, citizen.person)
    codes = give_printed(there, citizen.person)
    give_passkey(there, citizen)
    to_code(reader, citizen)
    gallery.show(page, "code with ways")
    there.lose_message(citizen)
    reader.see("#message-failed")
    gallery.show(page, "code failed")
    reader.press("#way-app")
    reader.see("#typed-form")
    gallery.show(page, "way app")
    reader.see("#code").fill("000000")
    reader.press("#code-submit")
    reader.see("#code-error")
    gallery.show(page, "way app wrong")
    reader.press("#all-ways")
    reader.press("#way-passkey")
    reader.see("#passkey")
    gallery.show(page, "way passkey")
    reader.press("#all-ways")
    reader.press("#way-printed")
    gallery.show(page, "way printed")
    reader.see("#code").fill(codes[0])
    reader.press("#code-submit")
    reader.see("#consent-allow")


def test_the_pages_of_a_person_s_own(reader, citizen, gallery):
    page, there = reader.page, reader.there
    page.goto(f"{there.issuer}/account/sign-in?to=ways")
    gallery.show(page, "account sign in")
    reader.prove_passkey()
    reader.prove_phone(citizen)
    reader.see("#app-add")
    gallery.show(page, "account ways")
    reader.press("#app-add")
    reader.see("#app-submit")
    gallery.show(page, "account app")
    page.go_back()
    reader.press("#printed-make")
    reader.see("#printed-done")
    expect(page.locator("#print")).to_be_visible()
    gallery.show(page, "account printed")
    reader.press("#printed-done")
    reader.forget()
    reader.press("#passkey-add")
    reader.see("#passkey-create")
    gallery.show(page, "account passkey")
    reader.press("#passkey-create")
    reader.see("#passkey-add")
    page.goto(f"{there.issuer}/account/ways")
    reader.see("#app-add")
    gallery.show(page, "account ways more")
    reader.press("#phone-change")
    reader.see("#number").fill("12")
    with page.expect_navigation():
        reader.press("#phone-submit")
    gallery.show(page, "account phone")
    number = there.new_number()
    reader.see("#number").fill(number)
    reader.press("#phone-submit")
    reader.see("#code-form")
    gallery.show(page, "account phone code")
    code = there.code(number)
    reader.type_code(wrong(code))
    reader.see("#code-error")
    reader.type_code(code)
    reader.see("#held")
    gallery.show(page, "account phone changed")
    page.goto(f"{there.issuer}/account/ended")
    gallery.show(page, "account ended")
