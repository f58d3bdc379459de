"""The audit in months on PostgreSQL: made ahead, filled, dropped whole, and always verifiable."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from idp.audit.catalogue import AuditRow, Event
from idp.audit.retention import DAY, SIGN_IN_EVENTS
from idp.storage import audit_months
from idp.storage.audit_months import AHEAD, AuditMonths, begin_of, month_of
from tests.races import race

SECOND_PROOF = Event.CODE_SENT  # a sign-in's
DECISION = Event.CLIENT_DISABLED  # a record
SUMMARIZE = (
    "SELECT brin_summarize_range(indexrelid, 0) AS new FROM pg_index"
    " WHERE indrelid = CAST(CAST(:part AS text) AS regclass) AND NOT indisprimary"
)


def tables(ground):
    """Where the rows of this test lie: table -> how many."""
    with ground.provider.database.read() as reading:
        found = reading.all(text("SELECT tableoid::regclass::text AS name, count(*) AS n FROM audit_events GROUP BY 1"))
    return {row.name: row.n for row in found}


def act(ground, *events):
    with ground.provider.database.begin() as step:
        for event in events:
            step.record(AuditRow(event, ground.clock(), UUID(int=1)))


def months(ground):
    return [part.name for part in AuditMonths(ground.provider.database).parts() if part.month]


@pytest.mark.parametrize(
    ("year", "month", "begins"), [(2026, 12, (2026, 12)), (2026, 13, (2027, 1)), (2026, 26, (2028, 2))]
)
def test_months_run_on_over_the_year(year, month, begins):
    assert month_of(begin_of(year, month)) == begins
    assert month_of(begin_of(year, month) - 1) < begins


def test_months_are_made_ahead_once_and_take_the_rows_that_waited_for_them(postgresql_ground):
    ground, ledger = postgresql_ground, postgresql_ground.provider.ledger
    act(ground, SECOND_PROOF, DECISION)
    before = tables(ground)
    assert before["audit_events_rest"] >= 2, "nobody had made a month: the rows are kept all the same"
    made = race(ledger.make_room, 3)  # three workers
    assert len([name for each in made for name in each]) == len({name for each in made for name in each}) == AHEAD + 1
    assert ledger.make_room() == []
    now = datetime.fromtimestamp(ground.clock(), UTC)
    here = f"audit_events_{now.year}_{now.month:02}"
    after = tables(ground)
    assert "audit_events_rest" not in after
    assert after[f"{here}_sign_in"] == 1
    assert after[f"{here}_sign_in"] + after[f"{here}_record"] == before["audit_events_rest"]
    act(ground, *SIGN_IN_EVENTS)
    assert tables(ground)[f"{here}_sign_in"] == 1 + len(SIGN_IN_EVENTS)
    ledger.seal()
    assert ledger.verify().finding is None


@pytest.mark.parametrize("in_months", [False, True])
def test_the_filter_of_people_is_made_of_full_pages_and_not_kept_up_by_every_row(postgresql_ground, in_months):
    """What was summarised when it was empty is changed by each row that comes."""
    ground = postgresql_ground
    if in_months:
        ground.provider.ledger.make_room()
    act(ground, SECOND_PROOF, DECISION)
    with ground.provider.database.read() as reading:
        made = {name: reading.all(text(SUMMARIZE), part=name) for name in tables(ground)}
    assert {name: [row[0] for row in rows] for name, rows in made.items()} == {name: [1] for name in made}
    assert len(made) == (2 if in_months else 1)


def test_a_month_that_the_part_before_reaches_over_is_not_made(postgresql_ground):
    [before] = [part for part in AuditMonths(postgresql_ground.provider.database).parts() if part.month is None]
    postgresql_ground.clock.now = before.ends - 1
    made = postgresql_ground.provider.ledger.make_room()
    assert [name.removeprefix("audit_events_") for name in made] == [
        "{}_{:02}".format(*month_of(begin_of(*month_of(before.ends)) + i * 31 * DAY)) for i in range(AHEAD)
    ]


def test_V_07_months_are_dropped_after_their_time_seals_stay_and_verification_understands(postgresql_ground):
    ground, ledger = postgresql_ground, postgresql_ground.provider.ledger
    for _ in range(3):  # three months with both kinds, the batches reaching over the ends of the months
        ledger.make_room()
        act(ground, SECOND_PROOF, DECISION)
        ground.clock.now = begin_of(*month_of(ground.clock.now + 31 * DAY)) - 1
        act(ground, SECOND_PROOF, DECISION)
        ground.clock.now += 5
        act(ground, SECOND_PROOF, DECISION)
        ledger.seal()
    rows, three = ground.rows("audit_events"), months(ground)
    assert (ledger.let_go(), ground.rows("audit_events")) == (0, rows)
    first = min(name for name in three if name.endswith("_sign_in"))
    ends = next(part.ends for part in AuditMonths(ground.provider.database).parts() if part.name == first)
    ground.clock.now = ends + 730 * DAY + 4  # its last rows were sealed five seconds after its end
    ledger.seal()
    assert (ledger.let_go(), first in months(ground)) == (0, True)
    ground.clock.now += 2
    act(ground, DECISION)
    ledger.seal()
    assert (ledger.let_go(), first in months(ground)) == (2, False)
    report = ledger.verify()
    assert (report.finding, report.gone) == (None, 2)
    ground.clock.now += 3650 * DAY
    act(ground, DECISION)
    ledger.seal()
    assert ledger.let_go() > rows - 4
    assert [name for name in months(ground) if name in three] == [], "whole months went, with the tables around them"
    report = ledger.verify()
    assert (report.finding, report.rows, report.waiting) == (None, ground.rows("audit_events"), 0)
    assert report.gone + report.rows == sum(
        ledger.read(statement)["rows"] for _, statement in ledger.store.statements(0)
    )


def test_V_07_a_month_with_a_row_that_nobody_sealed_stays(postgresql_ground):
    ground, ledger = postgresql_ground, postgresql_ground.provider.ledger
    ledger.make_room()
    act(ground, SECOND_PROOF)
    ledger.seal()
    name = next(name for name in tables(ground) if name.endswith("_sign_in"))
    ground.clock.now += 5000 * DAY
    ledger.seal()
    with ground.provider.database.begin() as step:
        step.run(text("UPDATE audit_events SET seal = NULL WHERE event = :tag"), tag=SECOND_PROOF.tag)
    ledger.let_go()
    assert name in months(ground), "what contradicts the seals is evidence"
    assert ledger.verify().finding is not None


def test_V_07_a_month_dropped_by_hand_is_named(postgresql_ground):
    ground, ledger = postgresql_ground, postgresql_ground.provider.ledger
    ledger.make_room()
    act(ground, SECOND_PROOF, SECOND_PROOF)
    ledger.seal()
    name = next(name for name in tables(ground) if name.endswith("_sign_in"))
    with ground.provider.database.begin() as step:
        step.run(text(f"DROP TABLE {name}"))
    assert "removed" in str(ledger.verify().finding)


def test_the_filter_of_people_follows_the_rows_of_every_part(postgresql_ground):
    ledger = postgresql_ground.provider.ledger
    ledger.make_room()
    with postgresql_ground.provider.database.read() as reading:
        assert reading.all(audit_months._UNSUMMARIZED) == []
        leaves = reading.all(text("SELECT 1 FROM pg_partition_tree('ix_audit_events_person_id') WHERE isleaf"))
    assert len(leaves) >= 2 * (AHEAD + 1)


def test_on_sqlite_there_are_no_months(ground):
    assert ground.provider.ledger.make_room() == []
