"""Counting with what is queued: one more within the limit, or the step is Outdated and nothing was counted (O-06)."""

import pytest
from sqlalchemy import select, update

from idp.storage import Outdated
from idp.storage.models import Passkey, Phone, UsedOnce
from idp.storage.models_second_proofs import SendCount
from idp.storage.passkeys import Passkeys
from idp.storage.send_counts import NUMBER, SendCounts, asking_with_number, with_number
from idp.telephony.limits import HOUR_SECONDS, Count, Kind, Limit, Tally, hour_of
from tests.ground import START
from tests.statements import watched

ADDRESS = Count(Kind.ADDRESS, 77)
MOST = Limit(hour=3, day=5)
HOUR = hour_of(START)
STANDS = [
    # hour of the row, in that hour, in that day, whether one more is within the limit, and what stands then
    pytest.param(HOUR, 2, 4, (HOUR, 3, 5), id="the last of both"),
    pytest.param(HOUR, 3, 4, None, id="hour used up"),
    pytest.param(HOUR, 2, 5, None, id="day used up"),
    pytest.param(HOUR - 1, 3, 4, (HOUR, 1, 5), id="another hour"),
    pytest.param(HOUR - 1, 3, 5, None, id="another hour of a used up day"),
    pytest.param(HOUR - 24, 3, 5, (HOUR, 1, 1), id="yesterday"),
]


@pytest.fixture
def now():
    """Late enough in its day that an hour earlier is the same one."""
    assert START // HOUR_SECONDS % 24 > 0
    return START


def passkey_in(ground):
    with ground.provider.database.read() as reading:
        (row,) = reading.all(select(Passkey.webauthn_id))
        return Passkeys(reading).find(row.webauthn_id, START).passkey


@pytest.mark.parametrize(("hour", "in_hour", "in_day", "after"), STANDS)
def test_a_counter_is_raised_within_its_limit_or_not_at_all(either_ground, now, hour, in_hour, in_day, after):
    database = either_ground.provider.database
    with database.begin() as step:
        step.add(SendCount, subject=77, hour=hour, in_hour=in_hour, in_day=in_day, verified=1)
    _queue_with(database, lambda step: SendCounts(step).raise_within(ADDRESS, MOST, now), allowed=after is not None)
    with database.read() as reading:
        (row,) = reading.all(select(SendCount.hour, SendCount.in_hour, SendCount.in_day))
    assert tuple(row) == (after or (hour, in_hour, in_day))


def test_a_counter_that_is_not_there_is_not_raised(either_ground, now):
    database = either_ground.provider.database
    _queue_with(database, lambda step: SendCounts(step).raise_within(ADDRESS, MOST, now), allowed=False)


@pytest.mark.parametrize(("hour", "in_hour", "in_day", "after"), STANDS)
def test_a_passkey_sends_within_its_limit_or_is_not_used_at_all(either_ground, now, hour, in_hour, in_day, after):
    either_ground.enrol()
    database = either_ground.provider.database
    database.act(update(Passkey).values(sends_hour=hour, sends_in_hour=in_hour, sends_in_day=in_day))
    passkey = passkey_in(either_ground)

    def use(step):
        Passkeys(step).used_to_send_within(passkey, sign_count=9, backed_up=False, most=MOST, now=now)

    _queue_with(database, use, allowed=after is not None)
    columns = (Passkey.sends_hour, Passkey.sends_in_hour, Passkey.sends_in_day, Passkey.sign_count)
    with database.read() as reading:
        (row,) = reading.all(select(*columns))
    assert tuple(row) == ((*after, 9) if after else (hour, in_hour, in_day, passkey.sign_count))


@pytest.mark.parametrize("change", [{"sign_count": 4}, {"state": "suspended"}])
def test_a_passkey_that_changed_meanwhile_is_not_used(either_ground, now, change):
    either_ground.enrol()
    database = either_ground.provider.database
    passkey = passkey_in(either_ground)
    database.act(update(Passkey).values(change))

    def use(step):
        Passkeys(step).used_to_send_within(passkey, sign_count=9, backed_up=False, most=MOST, now=now)

    _queue_with(database, use, allowed=False)


def test_what_was_sent_to_a_number_is_the_same_by_its_phone_and_by_a_passkey_of_its_holder(either_ground):
    """A family's phone is one number: what left on the word of any of its holders counts."""
    first, second = either_ground.enrol(), either_ground.enrol()
    assert first.number == second.number
    database = either_ground.provider.database
    database.act(update(Passkey).values(sends_hour=HOUR, sends_in_hour=2, sends_in_day=3))
    with database.begin() as step:
        step.add(SendCount, subject=77, hour=HOUR, in_hour=1, in_day=4, verified=0)
    with database.read() as reading:
        phones = reading.all(select(Phone.id))
        passkeys = reading.all(select(Passkey.webauthn_id))
        found = [SendCounts(reading).find_with_number(row.id, ADDRESS, START) for row in phones]
        asked = [asking_with_number(row.webauthn_id, ADDRESS, START) for row in passkeys]
        found += [with_number(rows, ADDRESS, START) for rows in reading.each(*asked)]
    assert found == 4 * [[(NUMBER, Tally(4, 6)), (ADDRESS, Tally(1, 4))]]


def test_a_passkey_step_that_sends_is_two_looks_and_one_statement(postgresql_ground):
    """The looks travel together: whoever waits for the database waits twice."""
    ground, seen = postgresql_ground, []
    browser, service, citizen = ground.browser(), ground.register(), ground.enrol()
    for _ in range(2):  # the first message from an address makes its counter
        browser.authorize(service)
        seen.clear()
        with watched(ground.provider.database, seen.append):
            assert 'action="/sign-in/code"' in browser.passkey(citizen).text
    assert [text.split()[0] for text in seen] == ["SELECT", "SELECT", "WITH"]


def _queue_with(database, count, *, allowed):
    def step():
        with database.begin() as step:
            count(step)
            step.add(UsedOnce, digest=b"queued", expires_at=1)

    if allowed:
        step()
        return
    with pytest.raises(Outdated):
        step()
    with database.read() as reading:
        assert not reading.all(select(UsedOnce.digest))
