"""The demo phone's pages, with the provider around them played by the test."""

import json
import os

import pytest
from flask import Flask

from idp.authenticators.passkey_registration import creation_options, verify_registration
from idp.demo.phone import NewCitizen, ShownService, Surroundings, demo_phone
from idp.demo.phone_memory import PhoneMemory
from idp.telephony.gateways.contract import TextMessage
from idp.telephony.gateways.file import FileGateway

ORIGIN = "http://localhost:9000"
CHALLENGE = b"c" * 32


@pytest.fixture
def memory(tmp_path):
    return PhoneMemory(tmp_path, os.urandom)


@pytest.fixture
def gateway(tmp_path):
    return FileGateway(tmp_path / "messages.jsonl", lambda: 1_800_000_000)


@pytest.fixture
def browser(tmp_path, memory):
    """A client of the demo phone; each page answers as JSON with its template and its variables."""
    around = Surroundings(
        origin=ORIGIN,
        messages_file=tmp_path / "messages.jsonl",
        memory=memory,
        render=lambda template, **variables: {"template": template} | variables,
        refuse=lambda name: ({"refusal": name}, 400),
        services=lambda: [ShownService("정부24", "http://localhost:9001", "")],
        new_citizen=lambda: NewCitizen("김하늘", f"{ORIGIN}/enrol#secret"),
    )
    app = Flask(__name__)
    app.register_blueprint(demo_phone(around))
    return app.test_client()


def enrolment(name: str = "홍길동") -> str:
    options = creation_options(
        CHALLENGE, rp_id="localhost", rp_name="Overseas ID", user_handle=os.urandom(64), display_name=name
    )
    return json.dumps(options)


def sign_in(**changes) -> str:
    return json.dumps({"challenge": "AAAA", "rpId": "localhost"} | changes)


def fields(page) -> dict[str, str]:
    return dict(page.json["fields"])


def approve(browser, page, **form):
    return browser.post("/demo/phone/approve", data=fields(page) | {"csrf": "token", "decision": "approve"} | form)


def enrol(browser, name="홍길동"):
    return approve(browser, browser.post("/demo/phone/enrol", data={"options": enrolment(name)}))


def text(number: int, to: str = "+4915112345678") -> TextMessage:
    return TextMessage(id=f"m{number}", to=to, body=f"{number + 123450}\n@localhost #{number + 123450}", region="DE")


def test_the_front_page_shows_the_services(browser):
    page = browser.get("/demo").json
    assert page["template"] == "demo/home.html"
    assert page["services"] == [{"name": "정부24", "uri": "http://localhost:9001", "what": ""}]


def test_an_enrolment_makes_a_passkey_and_sends_it_where_a_browser_would(browser, memory):
    asked = browser.post("/demo/phone/enrol", data={"options": enrolment()})
    assert (asked.json["what"], asked.json["origin"], asked.json["choices"]) == ("enrol", ORIGIN, [])
    assert memory.look().passkeys == []  # nothing happens before the holder approves

    answered = approve(browser, asked)
    assert answered.json["template"] == "demo/answer.html"
    assert answered.json["action"] == "/enrol/passkey"
    assert fields(answered)["csrf"] == "token"
    made = verify_registration(fields(answered)["credential"], challenge=CHALLENGE, rp_id="localhost", origin=ORIGIN)
    assert [p.credential_id for p in memory.look().passkeys] == [made.webauthn_id]


def test_a_sign_in_answers_with_the_chosen_passkey_and_carries_the_request(browser, memory):
    for name in ("홍길동", "김하늘"):
        enrol(browser, name)
    asked = browser.post("/demo/phone/sign-in", data={"options": sign_in(), "request": "sealed"})
    assert asked.json["what"] == "sign in"
    assert [one["name"] for one in asked.json["choices"]] == ["김하늘", "홍길동"]

    answered = approve(browser, asked, choice=asked.json["choices"][1]["id"])
    assert answered.json["action"] == "/sign-in/passkey"
    assert fields(answered)["request"] == "sealed"
    assert json.loads(fields(answered)["credential"])["id"] == asked.json["choices"][1]["id"]
    assert [p.sign_count for p in memory.look().passkeys] == [1, 0]


def test_refusing_sends_an_empty_answer_and_uses_no_passkey(browser, memory):
    enrol(browser)
    asked = browser.post("/demo/phone/sign-in", data={"options": sign_in(), "request": "sealed"})
    answered = approve(browser, asked, decision="refuse")
    assert fields(answered) == {"csrf": "token", "request": "sealed", "credential": ""}
    assert memory.look().passkeys[0].sign_count == 0


def test_a_passkey_that_is_not_here_sends_an_empty_answer(browser):
    asked = browser.post("/demo/phone/sign-in", data={"options": sign_in(), "request": "sealed"})
    assert fields(approve(browser, asked, choice="AAAA"))["credential"] == ""


@pytest.mark.parametrize("path", ["/demo/phone/sign-in", "/demo/phone/enrol", "/demo/phone/approve"])
@pytest.mark.parametrize("form", [{}, {"options": "{"}, {"options": "[]", "kind": "SIGN_IN"}, {"kind": "OTHER"}])
def test_a_form_without_a_ceremony_is_refused(browser, path, form):
    answer = browser.post(path, data=form)
    assert (answer.status_code, answer.json) == (400, {"refusal": "invalid_request"})


def test_a_new_citizen_gets_a_link(browser):
    page = browser.post("/demo/phone/enrolment").json
    assert page == {"template": "demo/enrolment.html", "name": "김하늘", "link": f"{ORIGIN}/enrol#secret"}


def test_messages_are_shown_newest_first_with_a_masked_number(browser, gateway):
    for number in range(25):
        gateway.send(text(number, f"+49151123456{number:02}"))
    messages = browser.get("/demo/phone").json["messages"]
    assert messages[0]["to_masked"] == "+49 ••••••24"
    assert messages[0]["code"] == "123474"
    assert len(messages) == 20


def test_messages_json_lists_newest_first_all_or_of_one_number(browser, gateway):
    gateway.send(text(1))
    gateway.send(text(2, to="+12025550123"))
    gateway.send(text(3))
    assert [one["code"] for one in browser.get("/demo/messages.json").json] == ["123453", "123452", "123451"]
    mine = browser.get("/demo/messages.json?phone=%2B4915112345678").json
    assert [one["id"] for one in mine] == ["m3", "m1"]
    assert set(mine[0]) == {"id", "to", "text", "at", "code"}


def test_messages_json_is_empty_before_the_first(browser):
    assert browser.get("/demo/messages.json").json == []


def test_the_phone_shows_its_passkeys_newest_first(browser):
    for name in ("홍길동", "김하늘"):
        enrol(browser, name)
    assert [one["name"] for one in browser.get("/demo/phone").json["passkeys"]] == ["김하늘", "홍길동"]
