"""The demo phone's pages: messages arrive, passkeys answer, and nobody's page can make it answer unasked."""

import html
import json
import os
import re

import pytest

from idp.authenticators.passkey_registration import creation_options, verify_registration
from idp.telephony.gateways.contract import Message
from idp.telephony.gateways.file import FileGateway
from tests.demo.conftest import NOW, ORIGIN

CHALLENGE = b"c" * 32


@pytest.fixture
def gateway(settings):
    return FileGateway(settings.messages_file, lambda: NOW)


def enrolment(name: str = "홍길동") -> str:
    options = creation_options(
        CHALLENGE, rp_id="localhost", rp_name="Overseas ID", user_handle=os.urandom(64), display_name=name
    )
    return json.dumps(options)


def sign_in(**changes) -> str:
    return json.dumps({"challenge": "AAAA", "rpId": "localhost"} | changes)


def fields(page) -> dict[str, str]:
    """The hidden fields of the page's form."""
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found}


def choices(page) -> list[tuple[str, str]]:
    return re.findall(r'name="choice" id="[\w-]+" value="([\w-]+)".*?<label[^>]*>([^<]*)<', page.text)


def approve(browser, page, **form):
    return browser.post("/demo/phone/approve", fields(page) | {"decision": "approve"} | form)


def enrol(browser, name="홍길동"):
    return approve(browser, browser.post("/demo/phone/enrol", {"options": enrolment(name)}))


def text(number: int, to: str = "+4915112345678") -> Message:
    code = number + 123450
    return Message(id=f"m{number}", to=to, body=f"{code}\n@localhost #{code}", region="DE")


def test_an_enrolment_makes_a_passkey_and_sends_it_where_a_browser_would(browser, memory):
    asked = browser.post("/demo/phone/enrol", {"options": enrolment()})
    assert ORIGIN in asked.text
    assert memory.look().passkeys == []  # nothing happens before the holder approves

    answered = approve(browser, asked)
    assert 'action="/enrol/passkey"' in answered.text
    made = verify_registration(fields(answered)["credential"], challenge=CHALLENGE, rp_id="localhost", origin=ORIGIN)
    assert [p.credential_id for p in memory.look().passkeys] == [made.webauthn_id]


def test_a_sign_in_answers_with_the_chosen_passkey_and_carries_the_request(browser, memory):
    for name in ("홍길동", "김하늘"):
        enrol(browser, name)
    asked = browser.post("/demo/phone/sign-in", {"options": sign_in(), "request": "sealed"})
    assert [name for _, name in choices(asked)] == ["김하늘", "홍길동"]

    oldest = choices(asked)[1][0]
    answered = approve(browser, asked, choice=oldest)
    assert 'action="/sign-in/passkey"' in answered.text
    assert fields(answered)["request"] == "sealed"
    assert json.loads(fields(answered)["credential"])["id"] == oldest
    assert [p.sign_count for p in memory.look().passkeys] == [1, 0]


def test_the_answer_carries_the_token_of_its_browser(browser):
    assert fields(enrol(browser))["csrf"] == fields(browser.get("/demo"))["csrf"]


def test_refusing_sends_an_empty_answer_and_uses_no_passkey(browser, memory):
    enrol(browser)
    asked = browser.post("/demo/phone/sign-in", {"options": sign_in(), "request": "sealed"})
    answered = approve(browser, asked, decision="refuse")
    assert (fields(answered)["request"], fields(answered)["credential"]) == ("sealed", "")
    assert memory.look().passkeys[0].sign_count == 0


def test_a_passkey_that_is_not_here_sends_an_empty_answer(browser):
    asked = browser.post("/demo/phone/sign-in", {"options": sign_in(), "request": "sealed"})
    assert 'id="demo-approve"' not in asked.text
    assert fields(approve(browser, asked, choice="AAAA"))["credential"] == ""


POSTS = ["/demo/phone/sign-in", "/demo/phone/enrol", "/demo/phone/approve"]


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("form", [{}, {"options": "{"}, {"options": "[]", "kind": "SIGN_IN"}, {"kind": "OTHER"}])
def test_a_form_without_a_ceremony_is_refused(browser, path, form):
    assert browser.post(path, form).status_code == 400


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("how", ["no token", "no cookie", "another origin"])
def test_a_form_that_is_not_from_our_page_is_refused(browser, path, how):
    form = {"options": enrolment(), "kind": "ENROL", "decision": "approve"}
    if how == "no token":
        browser.get("/demo")
        answer = browser.post_bare(path, form)
    elif how == "no cookie":
        answer = browser.post_bare(path, form | {"csrf": "0" * 64})
    else:
        answer = browser.post(path, form, Origin="https://evil.example")
    assert answer.status_code == 403


def test_messages_are_shown_newest_first_with_a_masked_number(browser, gateway):
    for number in range(25):
        gateway.send(text(number, f"+49151123456{number:02}"))
    page = browser.get("/demo/phone").text
    assert re.findall(r'class="number">(\d+)<', page) == [str(123450 + n) for n in range(24, 4, -1)]
    assert "+49 ••••••24" in page
    assert "+4915112345624" not in page


def test_messages_json_lists_newest_first_all_or_of_one_number(browser, gateway):
    gateway.send(text(1))
    gateway.send(text(2, to="+12025550123"))
    gateway.send(text(3))
    assert [one["code"] for one in browser.get("/demo/messages.json").json] == ["123453", "123452", "123451"]
    mine = browser.get("/demo/messages.json?phone=%2B4915112345678").json
    assert [one["id"] for one in mine] == ["m3", "m1"]
    for unescaped in ("+4915112345678", "4915112345678", "%2B49%20151%2012345678"):
        assert browser.get(f"/demo/messages.json?phone={unescaped}").json == mine
    assert browser.get("/demo/messages.json?phone=").json == []
    assert set(mine[0]) == {"id", "to", "text", "at", "code", "channel"}


def test_messages_json_is_empty_before_the_first(browser):
    assert browser.get("/demo/messages.json").json == []


def test_the_phone_shows_its_passkeys_newest_first(browser):
    for name in ("홍길동", "김하늘"):
        enrol(browser, name)
    assert re.findall(r'class="group"><strong>(.*?)<', browser.get("/demo/phone").text) == ["김하늘", "홍길동"]


@pytest.mark.parametrize("path", ["/demo", "/demo/phone"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_pages_speak_both_languages(browser, path, language):
    assert f'<html lang="{language}">' in browser.get(f"{path}?lang={language}").text


def test_a_new_citizen_gets_a_link_that_opens_an_enrolment(browser):
    page = browser.post("/demo/phone/enrolment", {})
    link = html.unescape(re.search(r'id="demo-enrolment-open" href="([^"]+)"', page.text)[1])
    assert link.startswith(f"{ORIGIN}/enrol#")
    opened = browser.post("/enrol/open", {"secret": link.rsplit("#", 1)[1]})
    assert opened.status_code == 200
    assert 'id="record-confirm"' in opened.text


@pytest.mark.parametrize("path", [*POSTS, "/demo/phone/enrolment"])
def test_another_language_for_an_answered_form_leads_back_to_the_phone(browser, path):
    answer = browser.get(f"{path}?lang=en")
    assert (answer.status_code, answer.location) == (303, "/demo/phone")
    assert '<html lang="en">' in browser.get(answer.location).text


def test_the_front_page_is_there_without_services(browser):
    assert browser.get("/demo").status_code == 200
