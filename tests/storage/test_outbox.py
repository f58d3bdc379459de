"""The outbox in each database keeps the promise of idp.delivery.outbox.OutboxStore."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import create_engine, event, select

from idp.storage.database import Database
from idp.storage.models import OutboxRow
from idp.storage.outbox import MAX_WHY, SqlOutbox
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
    TABLE.drop(engine, checkfirst=True)
    TABLE.create(engine)
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


def test_the_longest_waiting_come_first_and_no_more_than_asked(database, outbox):
    for number, due_at in ((1, NOW), (2, NOW - 20), (3, NOW - 10), (4, NOW + 1)):
        add(database, number, due_at)
    assert {item.id.int for item in outbox.lease(NOW, 2, LEASE)} == {2, 3}
    assert {item.id.int for item in outbox.lease(NOW, 2, LEASE)} == {1}
    assert outbox.lease(NOW, 2, LEASE) == []


def test_a_delivered_row_loses_its_payload_and_never_returns(database, outbox):
    add(database, 1)
    outbox.lease(NOW, 1, LEASE)
    outbox.delivered(UUID(int=1), NOW + 3)
    done = row(database, 1)
    assert (done.payload, done.due_at, done.delivered_at, done.failed_at) == (None, None, NOW + 3, None)
    assert outbox.lease(NOW + 10**6, 10, LEASE) == []


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


@pytest.mark.parametrize("late", ["delivered", "failed", "retry"])
def test_the_first_outcome_stands_against_a_worker_whose_lease_had_ended(database, outbox, late):
    add(database, 1)
    outbox.lease(NOW, 1, LEASE)
    outbox.lease(NOW + LEASE, 1, LEASE)
    outbox.delivered(UUID(int=1), NOW + 61)
    before = row(database, 1)
    {
        "delivered": lambda: outbox.delivered(UUID(int=1), NOW + 99),
        "failed": lambda: outbox.failed(UUID(int=1), NOW + 99, "late"),
        "retry": lambda: outbox.retry(UUID(int=1), NOW + 99, "late"),
    }[late]()
    assert row(database, 1) == before


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
    sent = []
    with watched(database, sent.append):
        assert outbox.lease(NOW, 10, LEASE) == []
        assert ["UPDATE" in statement for statement in sent] == [False]
        assert len(outbox.lease(NOW + 100, 10, LEASE)) == 1
    assert any("UPDATE outbox" in statement for statement in sent)


def test_a_look_into_a_large_outbox_reads_the_index_of_due_rows(tmp_path):
    # Only of SQLite: the planner of PostgreSQL chooses by size, and here the table is empty.
    engine = sqlite_engine(tmp_path / "outbox.sqlite3")
    TABLE.create(engine)
    with engine.connect() as connection:
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN SELECT id FROM outbox WHERE due_at <= 1").all()
    engine.dispose()
    assert "ix_outbox_due_at" in str(plan)
