"""Signing in as a test citizen: only for the client's own engineers, never mixed with live, nothing leaves."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

import pytest
from sqlalchemy import select, update

from idp.audit.catalogue import Event
from idp.delivery.text_messages import KIND
from idp.interaction.sealed_request import unseal
from idp.people.status import PersonStatus
from idp.sandbox.citizens import CITIZENS
from idp.sandbox.numbers import NUMBERS, Outcome
from idp.staff.roles import Role
from idp.storage.models import OutboxRow, Person
from idp.storage.models_sandbox import SandboxCitizen
from idp.storage.sandbox import MOST_USES_AN_HOUR, SandboxCitizens
from tests.ground import ORIGIN, call, copy_ground, visible
from tests.sandboxes import open_sandbox
from tests.staff.colleagues import appoint, at_desk

STOPPED = {"deceased", "renounced", "suspended", "expired"}


@pytest.fixture(scope="module")
def house(template, tmp_path_factory):
    made = copy_ground(template, tmp_path_factory.mktemp("sandbox"))
    yield made
    made.provider.database.engine.dispose()


@pytest.fixture(scope="module")
def sandbox(house):
    """One sandbox client for the tables."""
    return open_sandbox(house)


def outbox(ground):
    with ground.provider.database.read() as reading:
        return [row.kind for row in reading.all(select(OutboxRow.kind))]


def test_an_engineer_signs_in_as_a_test_citizen_and_nothing_leaves(ground):
    box = open_sandbox(ground)
    code = box.sign_in(scope="openid profile email phone")["code"]
    tokens = box.browser.token(box.service, code).get_json()
    claims = box.browser.userinfo(tokens["access_token"]).get_json()
    assert claims["name#ko-Hang"] == "홍길동"
    assert claims["phone_number"] == "+447700900001"
    assert claims["sub"].startswith("sandbox.")
    inactive = call(ground, "/introspect", {"token": tokens["access_token"]}, box.service).get_json()
    assert inactive["sub"] == claims["sub"]
    assert KIND not in outbox(ground)
    assert ground.codes("+447700900001") == []
    tags = ground.events()
    assert Event.SANDBOX_ANSWERED.tag in tags
    assert tags.count(Event.SANDBOX_FILLED.tag) == 1


def test_single_sign_on_works_within_one_sandbox_client_alone(ground):
    box, other = open_sandbox(ground), ground.register(environment="sandbox")
    live = ground.register()
    box.sign_in()
    box.browser.authorize(box.service)
    assert "code" in box.browser.answer(box.service)
    for stranger in (other, live):
        box.browser.authorize(stranger, prompt="none")
        assert box.browser.answer(stranger)["error"] == "login_required"
    box.browser.get("/account")
    assert "/sign-in/passkey" in box.browser.page.text  # a test citizen has no pages of their own


def test_a_live_person_does_not_exist_for_a_sandbox_client(ground, citizen):
    box = open_sandbox(ground)
    box.browser.authorize(box.service)
    assert 'id="passkey"' not in box.browser.page.text
    form = box.browser.form("/sandbox/citizens")
    live = ground.browser()
    live.client = box.browser.client
    options = challenge_of(ground, box.browser, form["request"])
    credential = json.dumps(citizen.phone.get(options, ORIGIN))
    before = ground.contents()
    answer = box.browser.post("/sign-in/passkey", form | {"credential": credential})
    assert 'action="/sandbox/citizens"' in answer.text
    assert ground.contents() == before


def challenge_of(ground, browser, sealed):
    """The challenge that travels in a page, as its options would show it."""
    cookie = next(c.value for (_, _, name), c in browser.client._cookies.items() if name == "idp-browser")
    travelling = unseal(sealed, sha256(cookie.encode()).digest(), ground.provider.sealers.page)
    challenge = urlsafe_b64encode(travelling.challenge).rstrip(b"=").decode()
    return {"challenge": challenge, "rpId": "localhost", "allowCredentials": [], "userVerification": "required"}


@pytest.mark.parametrize("who", ["nobody", "another engineer", "an administrator"])
def test_V_02_nobody_but_the_clients_own_engineers_gets_a_test_citizen(house, sandbox, who):
    if who == "nobody":
        browser = house.browser()
    elif who == "another engineer":
        browser = open_sandbox(house).browser
    else:
        browser = at_desk(house, appoint(house, Role.ADMINISTRATOR, None))
    browser.authorize(sandbox.service)
    form = browser.form("/sandbox/citizens")
    before = {name: rows for name, rows in house.contents().items() if name != "staff_sessions"}
    expected = {"nobody": 401, "another engineer": 404, "an administrator": 403}[who]
    assert browser.post("/sandbox/citizens", form).status_code == expected
    assert browser.post("/sandbox/answer", form | {"citizen": "complete"}).status_code == expected
    assert browser.get(f"/workbench/clients/{sandbox.service.id}/messages").status_code == expected
    after = {name: rows for name, rows in house.contents().items() if name != "staff_sessions"}
    assert after == before


def test_the_sealed_request_of_another_browser_is_worth_nothing(house, sandbox):
    stranger = house.browser()
    stranger.authorize(sandbox.service)
    sealed = stranger.form("/sandbox/citizens")["request"]
    sandbox.browser.authorize(sandbox.service)
    form = sandbox.browser.form("/sandbox/citizens") | {"request": sealed, "citizen": "complete"}
    assert sandbox.browser.post("/sandbox/answer", form).status_code == 400


def test_a_live_client_has_no_test_citizens_even_for_its_engineer(ground):
    live, engineer = ground.register(), appoint(ground, Role.CLIENT_ENGINEER, None)
    ground.provider.staff.bind(engineer.id, live.id)
    browser = at_desk(ground, engineer)
    browser.authorize(live)
    form = browser.form("/sign-in/passkey")
    assert browser.post("/sandbox/citizens", form).status_code == 404
    assert browser.post("/sandbox/answer", form | {"citizen": "complete"}).status_code == 404
    assert ground.rows("sandbox_citizens") == 0


def test_a_test_citizens_passkey_opens_nothing_at_a_live_client(ground):
    """Even somebody who holds its key: for the live client there is no such person."""
    box, live = open_sandbox(ground), ground.register()
    box.choose()
    with ground.provider.database.begin() as step:
        used = SandboxCitizens(step, box.service.id).use("complete", ground.provider.sealers.record, ground.clock())
    browser = ground.browser()
    browser.authorize(live)
    challenge = urlsafe_b64decode(browser.options()["challenge"] + "=")
    credential = used.passkey.answer(challenge, rp_id="localhost", origin=ORIGIN, sign_count=used.sign_count)
    before = ground.contents()
    answer = browser.submit("/sign-in/passkey", credential=credential)
    assert answer.status_code == 400
    assert "/sign-in/passkey" in answer.text
    assert ground.contents() == before


@pytest.mark.parametrize("one", CITIZENS, ids=lambda one: one.name)
def test_each_test_citizen_meets_what_they_are_for(house, sandbox, one):
    house.clock.now += 3600
    sandbox.browser = at_desk(house, sandbox.engineer)
    sandbox.choose(prompt="login consent")
    sandbox.answer(one.name)
    page, outcome = sandbox.browser.page, NUMBERS.get(one.number or "")
    text = visible(page)
    if one.name in STOPPED:
        assert page.status_code == 403
        return
    if outcome in {None, Outcome.UNREACHED, Outcome.LOCKED, Outcome.LIMIT}:
        assert page.status_code in {400, 403, 429}, text
        return
    assert page.status_code == 200, text
    asks_code = 'action="/sign-in/code"' in page.text
    assert asks_code is (outcome in {Outcome.ARRIVES, Outcome.LATE, Outcome.LOST})
    assert ('id="message-failed"' in page.text) is (outcome is Outcome.FAILED)
    assert ('id="silence"' in page.text) is (outcome in {Outcome.OPTED_OUT, Outcome.UNCERTAIN})
    if outcome is Outcome.CALL_ONLY:
        assert 'id="resend"' not in page.text
        assert 'id="call"' in page.text
    there = len(sandbox.messages())
    house.clock.now += 61
    if outcome is Outcome.LATE:
        assert len(sandbox.messages()) == there + 1
    elif outcome is Outcome.ARRIVES:
        sandbox.browser.submit("/sign-in/code", code=sandbox.messages()[0])
        assert 'action="/sign-in/consent"' in sandbox.browser.page.text


def test_the_passkey_of_a_test_citizen_answers_so_often_an_hour_and_no_oftener(ground):
    box = open_sandbox(ground)
    box.choose()
    with ground.provider.database.begin() as step:
        hour = ground.clock() // 3600
        step.run(update(SandboxCitizen).values(uses_hour=hour, uses_in_hour=MOST_USES_AN_HOUR - 1))
    box.answer("minor")
    assert 'action="/sign-in/code"' in box.browser.page.text
    box.choose()
    box.answer("minor")
    assert box.browser.page.status_code == 429
    ground.clock.now += 3600
    box.browser = at_desk(ground, box.engineer)
    box.choose()
    box.answer("minor")
    assert 'action="/sign-in/code"' in box.browser.page.text


def test_whoever_is_no_engineer_any_more_loses_the_sandbox_at_once(ground):
    box = open_sandbox(ground)
    box.choose()
    ground.provider.staff.unbind(box.engineer.id, box.service.id)
    box.answer("complete")
    assert box.browser.page.status_code == 404


def test_switched_off_a_sandbox_client_counts_as_disabled(template, tmp_path):
    off = copy_ground(template, tmp_path, sandbox=False)
    box = open_sandbox(off)
    assert box.browser.authorize(box.service).status_code == 400
    assert call(off, "/token", {"grant_type": "authorization_code"}, box.service).status_code == 401
    assert box.browser.get(f"/workbench/clients/{box.service.id}/messages").status_code == 404
    off.provider.database.engine.dispose()


def test_a_test_citizen_gets_no_letter_and_no_notice(ground):
    box = open_sandbox(ground)
    box.choose()
    with ground.provider.database.read() as reading:
        person = reading.one(select(Person.id).where(Person.sandbox_of == box.service.id)).id
    ground.provider.credential_office.change_person(person, PersonStatus.DECEASED, "test")
    assert outbox(ground) == []
