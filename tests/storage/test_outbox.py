"""The outbox in each database keeps the promise of idp.delivery.outbox.OutboxStore."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import create_engine, event, select, text

from idp.delivery.outbox import HandedOver
from idp.storage.database import Database
from idp.storage.dispatches import SqlDispatches, settle
from idp.storage.models import OutboxRow
from idp.storage.models_messages import Dispatch, VendorId
from idp.storage.outbox import MAX_WHY, Fate, SqlOutbox, fate_of
from idp.storage.outbox_office import OutboxOffice
from idp.storage.wire import AlreadyTaken
from idp.telephony.channel import Channel
from idp.telephony.dispatch import Outline, State
from tests.statements import watched

NOW = 1_800_000_000
LEASE = 60
TABLE = OutboxRow.__table__


def sqlite_engine(path):
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 15, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _connect(connection, _record):
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection):
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        engine = sqlite_engine(tmp_path / "outbox.sqlite3")
    else:
        engine = create_engine(request.getfixturevalue("postgresql_url"), pool_size=12)
    for table in (TABLE, Dispatch.__table__, VendorId.__table__):
        table.drop(engine, checkfirst=True)
        table.create(engine)
    yield Database(engine, lambda: UUID(int=0))
    engine.dispose()


@pytest.fixture
def outbox(database):
    return SqlOutbox(database)


def add(database, number, due_at=NOW, not_after=NOW + 600):
    with database.begin() as transaction:
        transaction.add(
            OutboxRow,
            id=UUID(int=number),
            kind="text_message",
            payload=b"sealed %d" % number,
            attempts=0,
            due_at=due_at,
            created_at=NOW - 5,
            not_after=not_after,
        )


def row(database, number):
    with database.read() as reading:
        return reading.one(select(TABLE).where(TABLE.c.id == UUID(int=number)))


def test_a_due_row_is_leased_with_everything_a_delivery_needs(database, outbox):
    add(database, 1)
    (item,) = outbox.lease(NOW, 10, LEASE)
    assert (item.id, item.kind, item.payload) == (UUID(int=1), "text_message", b"sealed 1")
    assert (item.attempts, item.created_at, item.not_after) == (1, NOW - 5, NOW + 600)


def test_a_leased_row_is_out_of_reach_until_the_lease_ends(database, outbox):
    add(database, 1)
    assert len(outbox.lease(NOW, 10, LEASE)) == 1
    assert outbox.lease(NOW, 10, LEASE) == []
    assert outbox.lease(NOW + LEASE - 1, 10, LEASE) == []
    (again,) = outbox.lease(NOW + LEASE, 10, LEASE)
    assert again.attempts == 2
    assert (row(database, 1).due_at, row(database, 1).leased_until) == (NOW, NOW + 2 * LEASE)


def test_what_is_put_off_is_due_when_it_says_and_not_when_its_lease_would_have_ended(database, outbox):
    add(database, 1)
    outbox.lease(NOW, 1, LEASE)
    outbox.retry(UUID(int=1), NOW + 2, "twilio 503")
    assert len(outbox.lease(NOW + 2, 1, LEASE)) == 1


def test_a_worker_that_dies_again_and_again_does_not_stand_before_the_others(database, outbox):
    add(database, 1, due_at=NOW - 50)
    outbox.lease(NOW - 50, 1, LEASE)
    add(database, 2)
    assert [item.id.int for item in outbox.lease(NOW + LEASE, 1, LEASE)] == [2]


def test_an_operator_who_tries_a_message_at_once_takes_it_from_nobody(either_ground):
    database = either_ground.provider.database
    add(database, 1)
    outbox = SqlOutbox(database)
    outbox.lease(NOW, 1, LEASE)
    assert OutboxOffice(database, lambda: NOW + 1).again(UUID(int=1))
    assert (row(database, 1).due_at, row(database, 1).attempts) == (NOW + 1, 0)
    assert outbox.lease(NOW + LEASE - 1, 1, LEASE) == []
    assert len(outbox.lease(NOW + LEASE, 1, LEASE)) == 1


def test_the_longest_waiting_come_first_and_no_more_than_asked(database, outbox):
    for number, due_at in ((1, NOW), (2, NOW - 20), (3, NOW - 10), (4, NOW + 1)):
        add(database, number, due_at)
    assert {item.id.int for item in outbox.lease(NOW, 2, LEASE)} == {2, 3}
    assert {item.id.int for item in outbox.lease(NOW, 2, LEASE)} == {1}
    assert outbox.lease(NOW, 2, LEASE) == []


def test_a_delivered_row_is_gone(database, outbox):
    add(database, 1)
    outbox.lease(NOW, 1, LEASE)
    outbox.delivered(UUID(int=1))
    assert row(database, 1) is None
    assert outbox.lease(NOW + 10**6, 10, LEASE) == []


def test_a_lease_and_what_is_out_do_not_wait_for_the_disk_and_whom_it_was_handed_to_does(postgresql_ground):
    """A power cut may undo the first and the last; it goes to the disk with what lies between them."""
    database = postgresql_ground.provider.database
    dispatches, waits = SqlDispatches(database), []

    def ask(reading):
        waits.append(reading.one(text("SELECT current_setting('synchronous_commit') AS said")).said)

    class Asking(Database):
        def act(self, statement, **values):
            with self.begin() as step:
                rows = step.all(statement, **values)
                ask(step)
                return rows

        def act_together(self, *several):
            with self.begin() as step:
                step.each(*several)
                ask(step)

    asking = SqlOutbox(Asking(database.engine, database.new_id))
    for number in (1, 2):
        add(database, number)
        asking.lease(NOW, 1, LEASE)
        outline = Outline(id=UUID(int=number), about=None, channel=Channel.SMS, region="DE", asked_at=NOW, price=1)
        dispatches.trying(outline, "first", (), known=False)
        asking.all_delivered([(UUID(int=number), HandedOver("x", named_by_it=number == 2))])
    assert waits == ["off"] * 4
    with database.begin() as step:
        ask(step)
    assert waits[-1] == "on", "it holds for that step alone"


def test_a_row_given_up_loses_its_payload_and_keeps_its_reason(database, outbox):
    add(database, 1)
    outbox.failed(UUID(int=1), NOW + 3, "x" * 10_000)
    done = row(database, 1)
    assert (done.payload, done.due_at, done.delivered_at, done.failed_at) == (None, None, None, NOW + 3)
    assert done.why == "x" * MAX_WHY
    assert outbox.lease(NOW + 10**6, 10, LEASE) == []


def test_a_row_put_off_returns_at_its_time_with_its_payload(database, outbox):
    add(database, 1)
    outbox.lease(NOW, 1, LEASE)
    outbox.retry(UUID(int=1), NOW + 8, "twilio 503")
    assert row(database, 1).why == "twilio 503"
    assert outbox.lease(NOW + 7, 10, LEASE) == []
    (item,) = outbox.lease(NOW + 8, 10, LEASE)
    assert (item.attempts, item.payload) == (2, b"sealed 1")


@pytest.mark.parametrize("first", ["delivered", "failed"])
@pytest.mark.parametrize("late", ["delivered", "failed", "retry"])
def test_the_first_outcome_stands_against_a_worker_whose_lease_had_ended(database, outbox, first, late):
    add(database, 1)
    outbox.lease(NOW, 1, LEASE)
    outbox.lease(NOW + LEASE, 1, LEASE)
    outcomes = {
        "delivered": lambda: outbox.delivered(UUID(int=1)),
        "failed": lambda: outbox.failed(UUID(int=1), NOW + 99, late),
        "retry": lambda: outbox.retry(UUID(int=1), NOW + 99, "late"),
    }
    outcomes[first]()
    before = row(database, 1)
    outcomes[late]()
    assert row(database, 1) == before
    assert outbox.lease(NOW + 10**6, 10, LEASE) == []


def test_no_two_workers_get_the_same_row(database):
    count, workers = 120, 8
    for number in range(1, count + 1):
        add(database, number)
    together = Barrier(workers)

    def take_all():
        outbox, taken = SqlOutbox(database), []
        together.wait(30)
        while items := outbox.lease(NOW, 3, LEASE):
            taken += [item.id.int for item in items]
        return taken

    with ThreadPoolExecutor(workers) as pool:
        taken = [number for each in [pool.submit(take_all) for _ in range(workers)] for number in each.result(60)]
    # A worker that finds all due rows locked by others may stop early; what is left is still due.
    left = [item.id.int for item in SqlOutbox(database).lease(NOW, count, LEASE)]
    assert sorted(taken + left) == list(range(1, count + 1))


def test_an_idle_worker_writes_nothing(database, outbox):
    add(database, 1, due_at=NOW + 100)
    before = place_of(database, 1)
    sent = []
    with watched(database, sent.append):
        assert outbox.lease(NOW, 10, LEASE) == []
        assert len(sent) == 1
        if database.engine.dialect.name == "sqlite":  # which would take its one write lock for it
            assert "UPDATE" not in sent[0]
        assert place_of(database, 1) == before
        assert len(outbox.lease(NOW + 100, 10, LEASE)) == 1
    assert any("UPDATE outbox" in statement for statement in sent)


def place_of(database, number):
    """Which version of the row is there: a write would make another."""
    version = "xmin::text || ctid::text" if database.engine.dialect.name == "postgresql" else "attempts"
    with database.engine.connect() as reading:
        return reading.execute(text(f"SELECT {version} FROM outbox WHERE id = :id"), {"id": UUID(int=number).hex}).one()


def test_who_has_a_message_is_noted_with_the_end_of_its_row(database, outbox):
    item, late = UUID(int=1), UUID(int=2)
    dispatches = SqlDispatches(database)
    for number, message in ((1, item), (2, late)):
        add(database, number)
        outline = Outline(id=message, about=None, channel=Channel.SMS, region="DE", asked_at=NOW, price=1)
        dispatches.trying(outline, "first", (), known=False)
    with database.begin() as transaction:  # the receipt was faster than the vendor's answer
        settle(transaction, gateway="first", state=State.DELIVERED, now=NOW, message=late, vendor_id=None)
    for message in (item, late):
        outbox.delivered(message, HandedOver(f"theirs-{message.int}"))
        outbox.delivered(message, HandedOver("told again", named_by_it=True))
    with database.read() as reading:
        states = [(one.state, one.vendor_id) for one in reading.all(select(Dispatch.__table__).order_by(Dispatch.id))]
    assert states == [(State.HANDED_OVER, "theirs-1"), (State.DELIVERED, "theirs-2")]
    assert row(database, 1) is row(database, 2) is None


def test_several_outcomes_are_one_act(database, outbox):
    for number in (1, 2, 3, 4):
        add(database, number)
        outline = Outline(id=UUID(int=number), about=None, channel=Channel.SMS, region="DE", asked_at=NOW, price=1)
        SqlDispatches(database).trying(outline, "sns", (), known=False)
    with database.begin() as transaction:
        transaction.add(VendorId, id=UUID(int=4), vendor_id="in the way")
    outbox.lease(NOW, 10, LEASE)
    named = [(UUID(int=number), HandedOver(f"theirs-{number}", named_by_it=True)) for number in (2, 4)]
    outbox.all_delivered([(UUID(int=1), HandedOver("theirs-1")), named[0]])
    with pytest.raises(AlreadyTaken):
        outbox.all_delivered([(UUID(int=3), None), named[1]])
    assert [row(database, number) is None for number in (1, 2, 3, 4)] == [True, True, False, False]
    with database.read() as reading:
        states = [tuple(one) for one in reading.all(select(Dispatch.state, Dispatch.vendor_id).order_by(Dispatch.id))]
    assert states == [(State.HANDED_OVER, f"theirs-{number}") for number in (1, 2)] + [(State.TRYING, None)] * 2


def test_a_message_is_found_by_the_vendors_name_where_its_receipts_know_no_other(database, outbox):
    for number, named_by_it in ((1, True), (2, False)):
        add(database, number)
        outline = Outline(id=UUID(int=number), about=None, channel=Channel.SMS, region="DE", asked_at=NOW, price=1)
        SqlDispatches(database).trying(outline, "sns", (), known=False)
        told = HandedOver(f"theirs-{number}", named_by_it=named_by_it)
        outbox.delivered(UUID(int=number), told)
        outbox.delivered(UUID(int=number), told)
    said = {"state": State.DELIVERED, "now": NOW + 9, "message": None}
    with database.begin() as transaction:
        changed = [
            settle(transaction, gateway=gateway, vendor_id=name, **said)
            for gateway, name in (("other", "theirs-1"), ("sns", "theirs-1"), ("sns", "theirs-1"), ("sns", "theirs-2"))
        ]
    assert changed == [False, True, False, False]


@pytest.mark.parametrize(
    ("there", "state", "fate"),
    [
        (False, None, Fate.NONE),
        (True, None, Fate.WAITING),
        (True, State.TRYING, Fate.WAITING),
        (True, State.DELIVERED, Fate.WAITING),  # the receipt was faster than the answer
        (True, State.FAILED, Fate.FAILED),
        (True, State.UNKNOWN, Fate.UNCERTAIN),
        (False, State.HANDED_OVER, Fate.SENT),
        (False, State.DELIVERED, Fate.SENT),
        (False, State.UNDELIVERED, Fate.FAILED),
        (False, State.UNKNOWN, Fate.UNCERTAIN),
    ],
)
def test_what_became_of_a_message_is_told_at_every_moment(database, there, state, fate):
    if there:
        add(database, 1)
    if state is not None:
        outline = Outline(id=UUID(int=1), about=None, channel=Channel.SMS, region="DE", asked_at=NOW, price=1)
        SqlDispatches(database).trying(outline, "first", (), known=False)
        with database.begin() as transaction:
            transaction.run(Dispatch.__table__.update().values(state=state.value))
    with database.read() as reading:
        assert fate_of(reading, UUID(int=1), NOW) is fate


def test_of_a_row_that_the_version_before_has_delivered_it_is_told_too(database):
    add(database, 1)
    with database.begin() as transaction:
        transaction.run(TABLE.update().values(delivered_at=NOW, due_at=None, payload=None))
    with database.read() as reading:
        assert fate_of(reading, UUID(int=1), NOW) is Fate.SENT


def test_a_look_into_a_large_outbox_reads_the_index_of_due_rows(tmp_path):
    # Only of SQLite: the planner of PostgreSQL chooses by size, and here the table is empty.
    engine = sqlite_engine(tmp_path / "outbox.sqlite3")
    TABLE.create(engine)
    with engine.connect() as connection:
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN SELECT id FROM outbox WHERE due_at <= 1").all()
    engine.dispose()
    assert "ix_outbox_due_at" in str(plan)
