"""Figures by the hour: each settled row of the audit is counted once, whoever counts, and no page counts rows."""

from threading import Barrier, Thread

from idp.audit.catalogue import AuditRow, Event
from idp.storage import client_days, hourly_counts
from idp.storage.client_days import days_of
from idp.storage.hourly_counts import HOUR, THE_HOUSE, busiest, count_hours, hours_of

ISSUED = Event.CODE_ISSUED.tag


def happen(ground, client, times, event=Event.CODE_ISSUED):
    wired = ground.provider
    for _ in range(times):
        with wired.database.begin() as step:
            step.new_id = lambda: made_now(ground)
            step.record(AuditRow(event, ground.clock(), client=client))


def made_now(ground):
    """A key made at the time of the test's clock: real keys carry the real time."""
    wired = ground.provider
    real = wired.world.new_id()
    return type(real)(int=(ground.clock() * 1000 << 80) | (real.int & ((1 << 80) - 1)))


def counts(ground, client=THE_HOUSE):
    with ground.provider.database.read() as reading:
        return {what: count for (_, what), count in hours_of(reading, client, 0).items()}


def test_every_settled_row_is_counted_once_for_its_client_and_for_the_house(either_ground):
    ground, database = either_ground, either_ground.provider.database
    happen(ground, "gov24", 3)
    happen(ground, "apostille", 2)
    happen(ground, None, 1, Event.CODE_REFUSED)
    happen(ground, "gov24", 1, Event.CLIENT_ADDED)
    assert count_hours(database, ground.clock()) == 0, "the newest minute has not settled"
    ground.clock.now += 120
    assert count_hours(database, ground.clock()) >= 7
    assert count_hours(database, ground.clock()) == 0
    assert counts(ground) == {ISSUED: 5, Event.CODE_REFUSED.tag: 1}
    assert counts(ground, "gov24") == {ISSUED: 3}
    happen(ground, "gov24", 4)
    ground.clock.now += 120
    count_hours(database, ground.clock())
    assert counts(ground, "gov24") == {ISSUED: 7}
    with database.read() as reading:
        assert busiest(reading, {ISSUED}, 0, 1) == [("gov24", 7)]


def test_rows_are_read_a_bounded_number_at_a_time(ground, monkeypatch):
    monkeypatch.setattr(hourly_counts, "_END", hourly_counts._END.offset(1))
    happen(ground, "gov24", 9)
    ground.clock.now += 120
    count_hours(ground.provider.database, ground.clock())
    assert counts(ground, "gov24") == {ISSUED: 9}


def test_of_many_workers_one_counts(either_ground):
    ground, database = either_ground, either_ground.provider.database
    happen(ground, "gov24", 20)
    ground.clock.now += 120
    together = Barrier(4)

    def count():
        together.wait()
        count_hours(database, ground.clock())

    workers = [Thread(target=count) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert counts(ground, "gov24") == {ISSUED: 20}


def test_old_hours_go(ground):
    happen(ground, "gov24", 1)
    ground.clock.now += 120
    count_hours(ground.provider.database, ground.clock())
    count_hours(ground.provider.database, ground.clock() + (hourly_counts.KEEP_HOURS + 2) * HOUR)
    assert counts(ground, "gov24") == {}


def test_figures_of_the_house_leave_sandbox_clients_out_and_these_have_their_own(either_ground):
    ground = either_ground
    live, trial = ground.register().id, ground.register(environment="sandbox").id
    happen(ground, live, 2)
    happen(ground, trial, 5)
    ground.clock.now += 120
    count_hours(ground.provider.database, ground.clock())
    assert counts(ground)[ISSUED] == 2
    assert counts(ground, trial) == {ISSUED: 5}
    with ground.provider.database.read() as reading:
        assert busiest(reading, {ISSUED}, 0, 1) == [(trial, 5)]
        assert busiest(reading, {ISSUED}, 0, 1, leave_out=ground.provider.clients.is_sandbox) == [(trial, 5)]
        ground.provider.clients.find(trial)
        assert busiest(reading, {ISSUED}, 0, 1, leave_out=ground.provider.clients.is_sandbox) == [(live, 2)]


def test_a_service_sees_what_was_counted_and_what_came_since_each_once(either_ground):
    ground, database = either_ground, either_ground.provider.database

    def today(client="gov24"):
        with database.read() as reading:
            return days_of(reading, client, ground.clock())[0][1]

    happen(ground, "gov24", 3)
    happen(ground, "gov24", 1, Event.CONSENT_GIVEN)
    happen(ground, "apostille", 1)
    assert today() == {"codes": 4}, "nothing was counted yet"
    ground.clock.now += 120
    count_hours(database, ground.clock())
    assert today() == {"codes": 4}
    happen(ground, "gov24", 2, Event.TOKENS_ISSUED)
    happen(ground, "gov24", 1)
    assert today() == {"codes": 5, "tokens": 2}


def test_whatever_a_service_is_shown_is_counted_by_the_hour():
    assert client_days.COUNTED.keys() <= hourly_counts.COUNTED
