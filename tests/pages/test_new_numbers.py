"""A number at its enrolment: nobody is shut out at the counter because one message does not come."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, text

from idp.pages.rendering import STATIC
from idp.storage.country_overrides import override
from idp.storage.dispatches import SqlDispatches
from idp.storage.models import OutboxRow
from idp.storage.opt_outs import OptOuts
from idp.telephony.channel import Channel
from idp.telephony.dispatch import Outline, State
from tests.ground import RECORD, Ground, Walker, visible

NUMBER = "+4915112345999"
NIGHT, MORNING = 1_800_046_800, 1_800_082_800  # 22:00 and 08:00 of the next day in Berlin


@pytest.fixture
def browser(ground: Ground) -> Walker:
    """Somebody who has confirmed their record, and is asked for a number."""
    link = urlsplit(ground.provider.credential_office.begin_enrolment(replace(RECORD, passport="M70689010"))).fragment
    made = ground.browser()
    made.get("/enrol?lang=en")
    made.submit("/enrol/open", secret=link)
    made.submit("/enrol/record", decision="confirm")
    return made


def name(browser: Walker, **fields: str) -> None:
    browser.submit("/enrol/phone", country="DE", number=NUMBER, **fields)


def becomes(ground: Ground, state: State) -> None:
    """The newest message, as a worker left it."""
    wired = ground.provider
    with wired.database.read() as reading:
        row = reading.one(select(OutboxRow.id).order_by(OutboxRow.created_at.desc()).limit(1))
    memory = SqlDispatches(wired.database)
    outline = Outline(id=row.id, about=None, channel=Channel.SMS, region="DE", asked_at=ground.clock(), price=1)
    memory.trying(outline, "first", (), known=False)
    if state is not State.TRYING:
        memory.ended(outline.id, state)


def change_country(ground: Ground, **members: object) -> None:
    wired = ground.provider
    with wired.database.begin() as step:
        override(step, wired.coverage.base, "DE", members, ground.clock())
    ground.clock.now += 60


def test_a_call_brings_the_first_code_as_well_as_a_message(ground, browser):
    name(browser, way="call")
    assert ground.messages()[-1].channel is Channel.VOICE
    assert "say the code" in visible(browser.page)
    browser.submit("/enrol/code", code=ground.codes(NUMBER)[0])
    assert 'action="/enrol/passkey"' in browser.page.text


def test_after_a_message_that_does_not_come_a_call_may_be_asked_for_within_the_same_limits(ground, browser):
    name(browser)
    browser.submit("/enrol/code/call")
    assert "cannot be sent yet" in visible(browser.page)
    for way in ("call", "resend"):
        ground.clock.now += 60
        browser.submit(f"/enrol/code/{way}")
    assert ground.rows("outbox") == 3
    assert 'action="/enrol/code/call"' not in browser.page.text, "three in all, whatever the way"
    browser.submit("/enrol/code", code=ground.codes(NUMBER)[0])
    assert 'action="/enrol/passkey"' in browser.page.text


@pytest.mark.parametrize(
    ("state", "told", "may_type"),
    [
        (State.FAILED, "message-failed", False),
        (State.UNDELIVERED, "message-failed", False),
        (State.UNKNOWN, "message-uncertain", True),
    ],
)
def test_what_became_of_the_message_is_told_at_once_and_nobody_has_to_wait(ground, browser, state, told, may_type):
    name(browser)
    assert browser.get("/enrol/code/message").get_json() == {"state": "waiting"}
    becomes(ground, state)
    assert browser.get("/enrol/code/message").get_json() == {
        "state": "failed" if told == "message-failed" else "uncertain"
    }
    browser.get("/enrol/now")
    assert f'id="{told}"' in browser.page.text
    assert 'data-wait="0"' in browser.page.text
    assert ('action="/enrol/code"' in browser.page.text) is may_type
    browser.submit("/enrol/code/call")
    browser.submit("/enrol/code", code=ground.codes(NUMBER)[0])
    assert 'action="/enrol/passkey"' in browser.page.text


def test_the_page_looks_for_a_failure_more_often_than_every_three_seconds():
    script = (STATIC / "code.js").read_text("utf-8")
    assert int(re.search(r"const EVERY = (\d+);", script)[1]) <= 2_000


def test_a_vendor_that_does_not_answer_is_not_waited_for_longer_than_it_may_take(ground, browser):
    name(browser)
    becomes(ground, State.TRYING)
    assert browser.get("/enrol/code/message").get_json() == {"state": "waiting"}
    ground.clock.now += 21
    assert browser.get("/enrol/code/message").get_json() == {"state": "uncertain"}


def test_a_newer_code_takes_the_older_one_out_of_the_outbox(ground, browser):
    """A worker that was away would send both, and the one that comes last may be the one that no longer fits."""
    name(browser)
    older = ground.codes(NUMBER)
    ground.clock.now += 60
    browser.submit("/enrol/code/resend")
    assert len(ground.codes(NUMBER)) == 1
    assert ground.codes(NUMBER) != older
    browser.submit("/enrol/code", code=older[0])
    assert "not right" in visible(browser.page)


def test_nobody_is_called_at_night_and_the_page_says_from_when(ground, browser):
    ground.clock.now = NIGHT - 900
    link = urlsplit(ground.provider.credential_office.begin_enrolment(replace(RECORD, passport="M70689011"))).fragment
    browser = ground.browser()
    browser.get("/enrol?lang=en")
    browser.submit("/enrol/open", secret=link)
    browser.submit("/enrol/record", decision="confirm")
    name(browser)
    ground.clock.now = NIGHT
    browser.get("/enrol/now")
    assert "from 07:00 local time in Germany" in visible(browser.page)
    assert 'action="/enrol/code/call"' not in browser.page.text
    assert 'action="/enrol/code/resend"' in browser.page.text
    form = browser.form("/enrol/code/resend")
    browser.post("/enrol/code/call", form)
    assert "from 07:00 local time" in visible(browser.page)
    browser.submit("/enrol/phone/change")
    name(browser, way="call")
    assert "It is night there" in visible(browser.page)
    assert ground.rows("outbox") == 1


def test_a_country_without_messages_still_has_its_call(ground, browser):
    change_country(ground, sms=False)
    name(browser)
    assert "cannot be reached that way" in visible(browser.page)
    name(browser, way="call")
    assert ground.messages()[-1].channel is Channel.VOICE


def test_a_number_that_answered_stop_is_told_and_takes_it_back_by_itself(ground, browser):
    wired = ground.provider
    with wired.database.begin() as step:
        OptOuts(step).add(wired.keyed.look_up.of("phone", NUMBER), 1)
    name(browser)
    assert "answered STOP" in visible(browser.page)
    assert ground.rows("outbox") == 0
    name(browser, again="yes")
    assert ground.rows("outbox") == 1
    assert "person:phone_number:opted_in" in ground.events()


@pytest.mark.parametrize(
    ("page", "reads", "offered"),
    [
        ("ko", "ko,de;q=0.5", "ko"),
        ("en", "en-US,en", "en"),
        ("en", "de-DE,de;q=0.9,en;q=0.5", "de"),
        ("en", "fr,en;q=0.5", "fr"),
        ("en", "en,fr;q=0.5", "en"),
    ],
)
def test_the_language_that_is_offered_is_one_that_the_person_reads(ground, page, reads, offered):
    link = urlsplit(ground.provider.credential_office.begin_enrolment(replace(RECORD, passport="M70689012"))).fragment
    browser = ground.browser()
    browser.get(f"/enrol?lang={page}")
    browser.submit("/enrol/open", secret=link)
    browser.submit("/enrol/record", decision="confirm")
    browser.get("/enrol/now", headers={"Accept-Language": reads})
    assert f'value="{offered}" lang="{offered}" selected' in browser.page.text


def test_the_language_chosen_with_the_number_stays_the_persons(ground, browser):
    name(browser, language="uz")
    assert ground.messages()[-1].language == "uz"
    ground.clock.now += 60
    browser.submit("/enrol/code/call")
    assert ground.messages()[-1].language == "uz"
    with ground.provider.database.read() as reading:
        assert reading.one(text("SELECT message_language FROM enrolments")).message_language == "uz"


def test_a_language_that_there_is_not_changes_nothing(ground, browser):
    name(browser, language="tlh" * 50)
    assert ground.messages()[-1].language == "en"
