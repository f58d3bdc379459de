"""The counter of the demonstration: staff on the demo phone, and signing in as one of them with it."""

import re
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from idp.demo.lab import lab
from idp.demo.officers import PILOTS, STAFF
from idp.demo.phone_memory import PhoneMemory
from idp.missions.mrz import read_mrz
from tests.ground import Ground, visible


@pytest.fixture
def ready(ground: Ground) -> Ground:
    with ground.app.app_context():
        done = CliRunner().invoke(lab, ["counter"], obj=ground.provider)
    assert done.exit_code == 0, done.output
    return ground


def with_the_demo_phone(browser, action: str, step: str):
    """Press the demo phone's button of the form that posts to `action`, approve, and send the answer."""
    browser.post(f"/demo/phone/{step}", browser.form(action))
    page = browser.page.text
    choice = re.search(r'name="choice" id="choice-\d+" value="([^"]+)"(?: checked)?><label[^>]*>이창구', page)
    fields = {"choice": choice[1]} if choice else {}
    browser.submit("/demo/phone/approve", decision="approve", **fields)
    return browser.post(action, browser.form(action))


def test_missions_issue_and_the_staff_is_on_the_demo_phone(ready):
    assert {one.place.code for one in ready.provider.missions.all() if one.issues} == set(PILOTS)
    assert [one.name for one in ready.provider.staff.all()] == [name for name, _, _ in STAFF]
    held = PhoneMemory(ready.provider.settings.var, ready.provider.random_bytes).look()
    assert len(held.passkeys) == len(STAFF)


def test_a_newcomer_opens_the_counter_with_the_demo_phone(ready):
    browser = ready.browser()
    browser.get("/staff/sign-in?next=/counter")
    assert with_the_demo_phone(browser, "/staff/sign-in", "staff").headers["Location"] == "/counter"
    assert "이창구" in visible(browser.get("/counter"))
    assert 'id="case-new"' in browser.page.text


def test_a_citizen_is_offered_no_passkey_of_staff_and_staff_none_of_a_citizen(ready, service):
    with ready.app.app_context():
        arguments = ["citizen", "--phone", "+4915112345678", "--demo-phone", "--json"]
        assert CliRunner().invoke(lab, arguments, obj=ready.provider).exit_code == 0
    browser = ready.browser()
    browser.authorize(service)
    offered = browser.post("/demo/phone/sign-in", browser.form("/sign-in/passkey")).text
    assert offered.count('name="choice"') == 1
    assert not any(name in offered for name, _, _ in STAFF)
    browser.get("/staff/sign-in")
    offered = browser.post("/demo/phone/staff", browser.form("/staff/sign-in")).text
    assert offered.count('name="choice"') == len(STAFF)


def test_the_page_of_the_demonstration_gives_a_passport_that_the_counter_takes(ready):
    page = ready.browser().get("/demo").text
    zone = re.search(r'id="demo-mrz">([^<].*?)</p>', page, re.DOTALL)[1]
    typed = re.sub(r"<br>", "\n", zone).replace("&lt;", "<")
    read_mrz(typed, datetime.fromtimestamp(ready.clock(), UTC).date())


@pytest.mark.parametrize(
    "arguments",
    [
        ["officer", "--name", "x", "--role", "officer"],
        ["officer", "--name", "x", "--role", "officer", "--mission", "atlantis"],
        ["officer", "--name", "", "--role", "auditor"],
    ],
)
def test_an_appointment_that_makes_no_sense_is_one_line(ground, arguments):
    with ground.app.app_context():
        done = CliRunner().invoke(lab, arguments, obj=ground.provider)
    assert done.exit_code == 1
    assert ground.rows("staff_members") == 0
