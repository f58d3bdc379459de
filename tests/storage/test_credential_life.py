"""What time does: reminders once each, the end of a credential with its sessions, evidence forgotten."""

import pytest
from sqlalchemy import text

from idp.command import chores_of
from idp.storage.credential_life import DAY, KEEP_EVIDENCE
from tests.ground import Ground
from tests.missions.counters import Phone, counter, issue


def told(ground: Ground) -> int:
    with ground.provider.database.read() as reading:
        return reading.one(text("SELECT count(*) AS n FROM outbox WHERE kind = 'notice'")).n


def states(ground: Ground) -> list[str]:
    with ground.provider.database.read() as reading:
        return [row.state for row in reading.all(text("SELECT state FROM credentials"))]


def work(ground: Ground) -> int:
    """The worker's chores; how many notices it queued."""
    before = told(ground)
    for chore in chores_of(ground.provider):
        chore.act(ground.clock())
    return told(ground) - before


@pytest.fixture
def end(ground: Ground) -> int:
    """When the credential of a citizen ends."""
    ground.enrol()
    with ground.provider.database.read() as reading:
        return reading.one(text("SELECT expires_at FROM credentials")).expires_at


def test_reminders_come_at_90_30_and_7_days_once_each(ground, end):
    for days, expected in ((91, 0), (90, 1), (89, 0), (30, 1), (29, 0), (7, 1), (1, 0)):
        ground.clock.now = end - days * DAY
        assert work(ground) == expected, days
        assert work(ground) == 0
    assert ground.events().count("provider:credential:reminded") == 3


def test_a_worker_that_slept_sends_one_reminder_and_not_three(ground, end):
    ground.clock.now = end - DAY
    assert work(ground) == 1


def test_what_ends_is_told_and_its_sessions_end(ground, service, citizen):
    browser = ground.browser()
    with ground.provider.database.read() as reading:
        end = reading.one(text("SELECT expires_at FROM credentials")).expires_at
    ground.clock.now = end - 60
    with ground.provider.database.begin() as transaction:  # signed in now and then: the number is still theirs
        transaction.run(text(f"UPDATE phones SET verified_at = {ground.clock.now}"))
    tokens = browser.tokens(service, citizen)
    work(ground)
    ground.clock.now = end
    assert browser.userinfo(tokens["access_token"]).status_code == 401  # before any worker came by
    assert work(ground) == 1
    assert states(ground) == ["expired"]
    assert (
        ground.events().count("provider:credential:expired") == ground.events().count("provider:session:stopped") == 1
    )
    assert work(ground) == 0


def test_the_evidence_of_a_case_is_forgotten_and_an_overdue_case_lets_go(ground):
    at = counter(ground)
    issue(at, Phone(ground))
    ground.clock.now += KEEP_EVIDENCE
    work(ground)
    with ground.provider.database.read() as reading:
        kept = reading.one(text("SELECT evidence, record, state FROM cases"))
    assert (kept.evidence, kept.record, kept.state) == (None, None, "done")


def test_an_overdue_case_ends_by_itself(ground):
    at = counter(ground)
    at.start()
    ground.clock.now += DAY
    work(ground)
    with ground.provider.database.read() as reading:
        assert tuple(reading.one(text("SELECT state, outcome, held FROM cases"))) == ("ended", "outcome.expired", None)
