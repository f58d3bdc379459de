"""A person's own pages: adding ways to prove themself, and changing their number (abuse cases O-03, E-07, K-03)."""

import json
import re

import pytest
from sqlalchemy import text

from idp.authenticators.totp import code_at, step_at
from idp.credential.enrolment import MOST_PEOPLE_A_NUMBER
from idp.delivery.notices import KIND as NOTICE
from idp.demo.authenticator import SoftAuthenticator
from idp.telephony.channel import Channel
from tests.ground import ORIGIN, PHONE, visible
from tests.pages.account_walks import add_passkey, made
from tests.second_proofs import give_app, opt_out, use_app, use_passkey, use_printed

NEW = "+4915187654321"
FRESH = 1_200
PAGES = ("/account/ways", "/account/app", "/account/phone")
POSTS = (
    "/account/app",
    "/account/app/remove",
    "/account/printed",
    "/account/phone",
    "/account/phone/code",
    "/account/phone/resend",
    "/account/phone/call",
    "/account/phone/language",
    "/account/phone/opt-in",
    "/account/phone/other",
)


def signed_in(ground, citizen, place="ways"):
    browser = ground.browser()
    browser.get(f"/account/sign-in?to={place}")
    browser.passkey(citizen)
    browser.code(number=citizen.number)
    assert browser.page.headers["Location"] == f"{ORIGIN}/account/{place}"
    browser.get(f"/account/{place}")
    assert browser.page.status_code == 200
    return browser


def add_app(ground, browser):
    browser.get("/account/app")
    secret = re.search(r'id="app-secret"[^>]*>([A-Z2-7 ]+)<', browser.page.text)[1].replace(" ", "")
    from base64 import b32decode

    raw = b32decode(secret)
    browser.submit("/account/app", code=code_at(raw, step_at(ground.clock())))
    return raw


# Who may.


@pytest.mark.parametrize("path", PAGES)
def test_K_03_nobody_sees_a_page_without_both_proofs(ground, service, citizen, path):
    stranger, half = ground.browser(), ground.browser()
    half.authorize(service)
    half.passkey(citizen)
    for browser in (stranger, half):
        answer = browser.get(path)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/account/sign-in")


@pytest.mark.parametrize("path", POSTS)
def test_K_03_nobody_changes_anything_without_both_proofs_of_the_last_twenty_minutes(ground, citizen, path):
    browser = signed_in(ground, citizen)
    form = browser.form("/account/printed")
    ground.clock.now += FRESH + 1
    before = ground.contents()
    answer = browser.post(path, form | {"country": "DE", "number": NEW, "code": "123456"})
    assert answer.status_code == 303
    assert ground.contents() == before


@pytest.mark.parametrize("path", POSTS)
def test_CS_01_a_form_without_its_token_changes_nothing(ground, citizen, path):
    browser = signed_in(ground, citizen)
    before = ground.contents()
    assert browser.post(path, {"csrf": "x" * 64}).status_code == 403
    assert ground.contents() == before


def test_the_sign_in_leads_to_our_own_pages_only_and_gives_no_code(ground, citizen):
    assert ground.browser().get("/account/sign-in?to=//evil.example").status_code == 404
    signed_in(ground, citizen)
    assert ground.rows("grants") == 0


def test_turning_back_leads_to_a_page_of_ours(ground):
    browser = ground.browser()
    browser.get("/account/sign-in?to=ways")
    assert browser.submit("/sign-in/cancel").headers["Location"] == f"{ORIGIN}/account/ended"
    assert browser.get("/account/ended").status_code == 200


def test_right_after_an_enrolment_ways_are_added_without_another_message(ground):
    from tests.ground import RECORD

    link = ground.provider.credential_office.begin_enrolment(RECORD).rpartition("#")[2]
    browser = ground.browser()
    browser.get("/enrol")
    browser.submit("/enrol/open", secret=link)
    browser.submit("/enrol/record", decision="confirm")
    browser.submit("/enrol/phone", country="DE", number=PHONE)
    browser.submit("/enrol/code", code=ground.codes()[0])
    phone = SoftAuthenticator(ground.provider.random_bytes)
    first = phone.create(json.loads(browser.form("/enrol/passkey")["options"]), ORIGIN)
    browser.submit("/enrol/passkey", credential=json.dumps(first))
    assert 'id="more-ways"' in browser.page.text
    add_app(ground, browser)
    assert ground.rows("authenticator_apps") == 1
    browser.get("/account/passkeys/new")
    second, given = made(browser)
    browser.submit("/account/passkeys/new", credential=given, name="Tablet")
    assert browser.page.status_code == 200
    assert ground.rows("passkeys") == 2
    browser.post("/account/passkeys/new", {"csrf": browser.form("/account/printed")["csrf"], "credential": given})
    assert browser.page.status_code == 400  # the page of nobody
    assert len(ground.codes()) == 1
    assert browser.get("/account").text.count('action="/sign-in/passkey"') == 1  # nobody is signed in by it
    assert browser.get("/account/phone").status_code == 303  # the number is another matter
    ground.clock.now += 1_800
    assert browser.get("/account/ways").status_code == 303
    assert 'action="/sign-in/passkey"' in browser.get("/account/passkeys/new").text
    assert second.passkeys


# Ways.


def test_an_app_that_was_set_up_signs_in_and_its_first_code_is_spent(ground, service, citizen):
    browser = signed_in(ground, citizen)
    raw = add_app(ground, browser)
    assert "person:authenticator_app:added" in ground.events()
    for steps, right in ((0, False), (1, True)):
        browser = ground.browser()
        browser.authorize(service)
        browser.passkey(citizen)
        use_app(browser, code_at(raw, step_at(ground.clock()) + steps))
        assert ('action="/sign-in/consent"' in browser.page.text) is right


def test_an_app_that_has_not_shown_a_code_is_not_kept(ground, citizen):
    browser = signed_in(ground, citizen)
    browser.get("/account/app")
    secret = browser.page.text
    browser.submit("/account/app", code="000000")
    assert re.search(r'id="app-secret"[^>]*>([^<]+)<', secret)[1] in browser.page.text  # the same secret: scanned once
    assert ground.rows("authenticator_apps") == 0
    other = signed_in(ground, ground.enrol(number=NEW))
    form = other.form("/account/app/remove") if "/account/app/remove" in other.page.text else {}
    other.get("/account/app")
    stolen = browser.form("/account/app")["sealed"]
    other.post("/account/app", other.form("/account/app") | form | {"sealed": stolen, "code": "000000"})
    assert "field-error" in other.page.text
    assert ground.rows("authenticator_apps") == 0


def test_an_app_may_be_removed(ground, citizen):
    give_app(ground, citizen.person)
    browser = signed_in(ground, citizen)
    browser.submit("/account/app/remove")
    assert ground.rows("authenticator_apps") == 0


def test_printed_codes_are_shown_once_and_a_new_sheet_ends_the_old_one(ground, service, citizen):
    browser = signed_in(ground, citizen)
    sheets = []
    for _ in range(2):
        browser.get("/account/ways")
        browser.submit("/account/printed")
        sheets.append(re.findall(r"<li>([0-9A-Z]{4}-[0-9A-Z]{4})</li>", browser.page.text))
    assert [len(set(sheet)) for sheet in sheets] == [10, 10]
    assert sheets[1][0] not in browser.get("/account/ways").text
    for sheet, right in zip(sheets, (False, True), strict=True):
        browser = ground.browser()
        browser.authorize(service)
        browser.passkey(citizen)
        use_printed(browser, sheet[0])
        assert ('action="/sign-in/consent"' in browser.page.text) is right


def test_another_passkey_signs_in_alone_or_beside_the_first(ground, service, citizen):
    phone = add_passkey(ground.browser(), citizen).phone
    browser = ground.browser()
    browser.authorize(service)
    browser.passkey(citizen)
    use_passkey(browser, phone)
    assert 'action="/sign-in/consent"' in browser.page.text


# The number.


def change(browser, number=NEW):
    browser.get("/account/phone")
    browser.submit("/account/phone", country="DE", number=number)


def test_a_new_number_takes_codes_the_old_one_is_told_and_the_highest_level_waits(ground, service, citizen):
    browser = signed_in(ground, citizen, "phone")
    change(browser)
    browser.submit("/account/phone/code", code=ground.codes(NEW)[0])
    assert "3•" not in visible(browser.page)
    assert 'id="held"' in browser.page.text
    with ground.provider.database.read() as reading:
        kinds = [row.kind for row in reading.all(text("SELECT kind FROM outbox"))]
        held = reading.all(text("SELECT held_until FROM phones"))[0].held_until
    assert kinds.count(NOTICE) == 1
    assert held == ground.clock() + 72 * 3_600
    facts = []
    for later in (0, 72 * 3_600):
        ground.clock.now += later
        next_one = ground.browser()
        next_one.authorize(service)
        next_one.passkey(citizen)
        next_one.code(number=NEW)
        assert 'action="/sign-in/consent"' in next_one.page.text
        with ground.provider.database.read() as reading:
            facts.append(reading.all(text("SELECT facts FROM sign_ins ORDER BY id DESC LIMIT 1"))[0].facts)
    assert ["n" in one for one in facts] == [False, True]


def test_O_03_only_the_code_of_the_change_fits(ground, service, citizen):
    browser = signed_in(ground, citizen, "phone")
    sign_in_code = ground.codes()[0]
    change(browser)
    browser.submit("/account/phone/code", code=sign_in_code)
    assert "code-error" in browser.page.text
    elsewhere = ground.browser()
    elsewhere.authorize(service)
    elsewhere.passkey(citizen)
    elsewhere.code(ground.codes(NEW)[0])
    assert "code-error" in elsewhere.page.text


def test_O_01_five_wrong_codes_end_the_change_and_leave_the_number(ground, citizen):
    browser = signed_in(ground, citizen, "phone")
    change(browser)
    right = ground.codes(NEW)[0]
    form = browser.form("/account/phone/code")
    for _ in range(5):
        browser.post("/account/phone/code", form | {"code": "000000" if right != "000000" else "111111"})
    browser.post("/account/phone/code", form | {"code": right})
    assert ground.events().count("person:phone_number:changed") == 0


def test_after_a_wrong_code_the_change_goes_on_with_a_new_message(ground, citizen):
    browser = signed_in(ground, citizen, "phone")
    change(browser)
    browser.submit("/account/phone/code", code="000000" if ground.codes(NEW)[0] != "000000" else "111111")
    browser.submit("/account/phone/resend")
    assert len(ground.codes(NEW)) == 1  # not within a minute
    ground.clock.now += 60
    browser.submit("/account/phone/resend")
    browser.submit("/account/phone/code", code=ground.codes(NEW)[0])
    assert ground.events().count("person:phone_number:changed") == 1


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("+18005550199", "number"),
        ("+881612345678", "number"),
        ("+88299123456", "number"),
        ("+979123456789", "number"),
        ("+4930123456", "number"),
        ("12", "number"),
        ("", "number"),
    ],
)
def test_O_06_what_costs_or_cannot_read_a_message_is_no_new_number(ground, citizen, number, why):
    browser = signed_in(ground, citizen, "phone")
    change(browser, number)
    assert f'id="{why}-error"' in browser.page.text
    assert len(ground.codes(number)) == 0
    assert ground.rows("phone_changes") == 0


def test_a_number_that_opted_out_or_that_many_share_is_refused(ground, citizen):
    browser = signed_in(ground, citizen, "phone")
    opt_out(ground, NEW)
    change(browser)
    assert "number-error" in browser.page.text
    assert ground.codes(NEW) == []


@pytest.mark.parametrize(
    "claimed", ["phone_number_verified", "phone_verified", "verified_at", "code_sends", "held_until"]
)
def test_O_09_nobody_says_of_their_own_number_that_it_is_proven(ground, citizen, claimed):
    browser = signed_in(ground, citizen, "phone")
    browser.submit("/account/phone", country="DE", number=NEW, **{claimed: "true"})
    browser.submit(
        "/account/phone/code", code="000000" if ground.codes(NEW)[0] != "000000" else "111111", **{claimed: "1"}
    )
    assert "person:phone_number:changed" not in ground.events()
    assert ground.rows("phones") == 1


def test_who_answered_stop_is_told_on_their_own_page_and_takes_it_back_there(ground, citizen):
    browser = signed_in(ground, citizen, "phone")
    assert 'id="opted-out"' not in browser.page.text
    opt_out(ground, citizen.number)
    browser.get("/account/phone")
    assert 'id="opted-out"' in browser.page.text
    browser.submit("/account/phone/opt-in")
    assert 'id="opted-out"' not in browser.page.text
    assert "person:phone_number:opted_in" in ground.events()


def test_Y_01_that_many_share_a_number_is_told_to_who_has_typed_its_code_only(ground, citizen):
    shared = "+4915187654322"
    for _ in range(MOST_PEOPLE_A_NUMBER):
        ground.enrol(number=shared)
    browser = signed_in(ground, citizen, "phone")
    change(browser, shared)
    assert "number-error" not in browser.page.text
    browser.submit("/account/phone/code", code=ground.codes(shared)[0])
    assert "이미 여러 사람이 등록한 번호" in visible(browser.page)
    assert "person:phone_number:changed" not in ground.events()


def test_the_code_of_a_new_number_can_be_called_out_and_goes_by_another_gateway(ground, citizen):
    browser = signed_in(ground, citizen, "phone")
    change(browser)
    ground.clock.now += 60
    browser.submit("/account/phone/call")
    assert "전화를 걸어 인증번호를 불러 드립니다" in visible(browser.page)
    assert ground.messages()[-1].channel is Channel.VOICE
    assert ground.messages()[-1].is_new
    browser.submit("/account/phone/code", code=ground.codes(NEW)[0])
    assert ground.events().count("person:phone_number:changed") == 1


def test_a_language_of_messages_is_chosen_apart_from_that_of_the_pages(ground, citizen):
    browser = signed_in(ground, citizen, "phone")
    browser.submit("/account/phone/language", language="vi")
    assert 'value="vi" lang="vi" selected' in browser.page.text
    assert browser.submit("/account/phone/language", language="tlh").status_code == 400
    change(browser)
    assert ground.messages()[-1].language == "vi"
    later = ground.browser()
    later.get("/account/sign-in?to=phone")
    later.passkey(citizen)
    assert ground.messages()[-1].language == "vi"
    assert later.page.headers["Content-Language"] == "ko"


def test_O_06_the_range_and_the_person_have_limits_and_the_page_says_until_when(ground, citizen):
    browser = signed_in(ground, citizen, "phone")
    for i in range(7):
        change(browser, f"+4915187650{i:03}")
        if "number-error" in browser.page.text:
            break
        browser.submit("/account/phone/other")
    assert i == ground.provider.settings.send_person_hour
    assert "UTC" in visible(browser.page)
