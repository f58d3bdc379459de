"""First enrolment: from the link that an officer's command prints to the first sign-in."""

import json
import os
import re
import subprocess

import pytest
from playwright.sync_api import expect

from idp.demo.citizens import citizen_record
from idp.demo.up import IDP
from idp.telephony.gateways.file import read_messages
from tests.browser.installation import Citizen


@pytest.fixture
def link(there):
    """A one-time link."""
    return there.provider.credential_office.begin_enrolment(there.record())


@pytest.fixture
def printed_link(there, tmp_path):
    """The one that `idp enrol` prints."""
    record = citizen_record("DE", random_bytes=os.urandom, now=there.provider.clock())
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record), "utf-8")
    done = subprocess.run(
        [*IDP, "enrol", "--record", path], env=there.surroundings, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def newcomer(open_window, there):
    """Somebody whose phone holds no passkey yet."""
    opened = open_window(there, viewport={"width": 390, "height": 844})
    opened.holds()
    return opened


def to_phone(newcomer, link):
    newcomer.page.goto(link)
    newcomer.see("#secret-read")
    newcomer.press("#enrol-open")
    newcomer.press("#record-confirm")
    newcomer.see("#number")


def give_number(newcomer, number):
    newcomer.page.locator("#country").select_option("DE")
    newcomer.page.locator("#number").fill(number)
    newcomer.press("#phone-submit")


def test_a_newcomer_enrols_and_signs_in(newcomer, there, printed_link):
    number = there.new_number()
    to_phone(newcomer, printed_link)
    give_number(newcomer, number.replace("+49", "0"))
    newcomer.type_code(there.code(number))
    newcomer.press("#passkey-create")
    newcomer.see(".sign.success")
    newcomer.begin("gov24")
    newcomer.prove_passkey()
    newcomer.type_code(there.code(number, messages=2))
    newcomer.agree()
    expect(newcomer.page.locator("#greeting")).to_be_visible()
    assert newcomer.claim("phone_number") == number


def test_a_newcomer_is_called_in_the_language_that_they_choose_when_no_message_comes(newcomer, there, link):
    number = there.new_number()
    to_phone(newcomer, link)
    newcomer.page.locator("#message-language").select_option("ja")
    give_number(newcomer, number)
    first = there.code(number)
    there.give_up(number)
    newcomer.see("#message-failed")  # the page learns of it by itself
    newcomer.press("#call")
    newcomer.see(".notice.success")
    second = there.code(number, messages=2)
    assert first != second
    said = read_messages(there.provider.settings.messages_file, number)[0]
    assert said.channel == "voice"
    assert re.search("[ぁ-ん]", said.text)
    newcomer.type_code(second)
    newcomer.press("#passkey-create")
    newcomer.see(".sign.success")


def test_the_secret_of_the_link_stays_in_no_address(newcomer, link):
    secret = link.split("#")[1]
    asked = []
    newcomer.context.on("request", lambda request: asked.append(request.url))
    newcomer.page.goto(link)
    newcomer.see("#secret-read")
    assert secret not in newcomer.page.url
    newcomer.press("#enrol-open")
    newcomer.see("#record-confirm")
    assert [url for url in asked if secret in url.split("#")[0]] == []
    assert secret not in newcomer.page.content()


def test_a_link_opened_where_its_page_stands_already_is_read(newcomer, there, link):
    newcomer.page.goto(f"{there.issuer}/enrol")
    newcomer.see("#secret")
    newcomer.page.goto(link)
    newcomer.see("#secret-read")
    newcomer.press("#enrol-open")
    newcomer.see("#record-confirm")


def test_E_01_the_link_works_on_one_device_only(newcomer, open_window, there, link):
    to_phone(newcomer, link)
    thief = open_window(there)
    thief.page.goto(link)
    thief.press("#enrol-open")
    expect(thief.see("h1")).to_have_text(there.say("en", "refusal.enrolment_unknown.heading"))
    newcomer.page.reload()
    newcomer.see("#number")


def test_a_reload_on_every_page_loses_nothing(newcomer, there, link):
    number = there.new_number()
    newcomer.page.goto(link)
    newcomer.press("#enrol-open")
    newcomer.see("#record-confirm")
    newcomer.page.reload()
    newcomer.press("#record-confirm")
    newcomer.see("#number")
    newcomer.page.reload()
    give_number(newcomer, number)
    newcomer.see("#code")
    newcomer.page.reload()
    newcomer.type_code(there.code(number))
    newcomer.see("#passkey-create")
    newcomer.page.reload()
    newcomer.press("#passkey-create")
    newcomer.see(".sign.success")
    assert len(there.codes(number)) == 1


def test_a_wrong_record_stops_the_enrolment(newcomer, there, link):
    newcomer.page.goto(link)
    newcomer.press("#enrol-open")
    newcomer.press("#record-wrong")
    expect(newcomer.see("h1")).to_have_text(there.say("en", "refusal.enrolment_record_wrong.heading"))
    newcomer.page.goto(link)
    newcomer.press("#enrol-open")
    expect(newcomer.see("h1")).to_have_text(there.say("en", "refusal.enrolment_unknown.heading"))


def test_a_mistyped_number_can_be_changed(newcomer, there, link):
    mistyped, number = there.new_number(), there.new_number()
    to_phone(newcomer, link)
    give_number(newcomer, mistyped)
    newcomer.see("#code")
    newcomer.press("#change-number")
    newcomer.see("#number")
    give_number(newcomer, number)
    newcomer.see("#code, #number-error")


def test_a_refused_prompt_says_what_to_do_and_the_button_works_again(newcomer, there, link):
    number = there.new_number()
    to_phone(newcomer, link)
    give_number(newcomer, number)
    newcomer.type_code(there.code(number))
    newcomer.verification(False)
    newcomer.see("#passkey-create")
    newcomer.page.wait_for_load_state()
    newcomer.press("#passkey-create")
    expect(newcomer.see("#passkey-trouble")).not_to_be_empty()
    newcomer.verification(True)
    newcomer.press("#passkey-create")
    newcomer.see(".sign.success")


def test_somebody_enrolled_already_is_told_so(newcomer, there):
    citizen: Citizen = there.enrol()
    number = there.new_number()
    to_phone(newcomer, there.provider.credential_office.begin_enrolment(citizen.record))
    give_number(newcomer, number)
    newcomer.type_code(there.code(number))
    newcomer.press("#passkey-create")
    expect(newcomer.see("h1")).to_have_text(there.say("en", "refusal.already_enrolled.heading"))
