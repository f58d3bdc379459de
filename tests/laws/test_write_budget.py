"""What a whole first sign-in may write on PostgreSQL: 5 transactions, 4 kB of WAL, in 6 requests; and its message.

How it is counted. Transactions: a transaction that writes is assigned an id (PostgreSQL §67.1), and only such a one
is, so the difference of `pg_snapshot_xmax` counts them exactly; a monitoring connection that only reads adds none.
WAL: the difference of `pg_current_wal_insert_lsn`. After a CHECKPOINT the first change of every page writes the
whole page, which says more about the checkpoint than about us: a sign-in goes ahead and takes these. What autovacuum
or the checkpointer writes in between can only add, so the least of several sign-ins is ours.
"""

import psycopg
import pytest

from idp.command import _worker_of
from tests.ground import Ground, Registered

WRITE_TRANSACTIONS = 5
WAL_BYTES = 4096
DELIVERY_TRANSACTIONS = 3
DELIVERY_WAL_BYTES = 1024
REQUESTS = 6
TIMES = 5


@pytest.fixture
def monitor(postgresql_ground):
    address = postgresql_ground.provider.settings.database_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


def counters(monitor: psycopg.Connection) -> tuple[int, int]:
    row = monitor.execute(
        "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint, pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
    ).fetchone()
    return int(row[0]), int(row[1])


def first_sign_in(ground: Ground, service: Registered, which: int) -> int:
    """A person signs in for the first time, from the service's link to their claims; how many requests that took."""
    citizen, browser, requests = ground.citizens[which], ground.browser(), 0

    def counted(response):
        nonlocal requests
        requests += 1
        return response

    counted(browser.authorize(service))
    counted(browser.passkey(citizen))
    counted(browser.code(number=citizen.number))
    counted(browser.consent())
    answer = counted(browser.token(service, browser.answer(service)["code"]))
    assert counted(browser.userinfo(answer.get_json()["access_token"])).status_code == 200
    return requests


@pytest.fixture
def measured(postgresql_ground, monitor):
    """Transactions, bytes and requests of a first sign-in: the least of several."""
    ground, service = postgresql_ground, postgresql_ground.register()
    for i in range(TIMES + 1):
        ground.enrol(number=f"+4915112345{i:03}")
    monitor.execute("CHECKPOINT")
    first_sign_in(ground, service, 0)
    each = []
    for i in range(1, TIMES + 1):
        before = counters(monitor)
        requests = first_sign_in(ground, service, i)
        after = counters(monitor)
        each.append((after[0] - before[0], after[1] - before[1], requests))
    return tuple(min(values) for values in zip(*each, strict=True))


def test_a_first_sign_in_is_at_most_five_write_transactions_and_six_requests(measured):
    transactions, wal, requests = measured
    assert requests <= REQUESTS
    assert 0 < transactions <= WRITE_TRANSACTIONS
    assert 0 < wal <= WAL_BYTES


def test_the_delivery_of_its_message_is_three_write_transactions_and_a_kilobyte(postgresql_ground, monitor):
    """Leased; paid for and about to be asked for; handed over. None of them moves a row to another page."""
    ground, service, worker = postgresql_ground, postgresql_ground.register(), _worker_of(postgresql_ground.provider)
    measured = []
    for i in range(TIMES + 1):
        citizen, browser = ground.enrol(number=f"+4915112345{i:03}"), ground.browser()
        browser.authorize(service)
        browser.passkey(citizen)
        if not i:  # what the worker does for the first time goes ahead, and the pages that a checkpoint left
            monitor.execute("CHECKPOINT")
        before = counters(monitor)
        (item,) = worker.store.lease(ground.clock(), 1, 60)
        (work,) = worker.take_up([item])
        worker.handle(*work)
        measured.append([now - then for now, then in zip(counters(monitor), before, strict=True)])
        assert ground.rows("outbox") == 0
    transactions, wal = (min(values) for values in zip(*measured[1:], strict=True))
    assert transactions == DELIVERY_TRANSACTIONS
    assert 0 < wal <= DELIVERY_WAL_BYTES


def test_single_sign_on_writes_twice(postgresql_ground, monitor):
    """A code for the way back, and the tokens for it: looking at a session writes nothing of its own."""
    ground, service, citizen = postgresql_ground, postgresql_ground.register(), postgresql_ground.enrol()
    browser = ground.browser()
    browser.sign_in(service, citizen)
    measured = []
    for _ in range(TIMES):
        before = counters(monitor)
        browser.tokens(service, citizen)
        measured.append(counters(monitor)[0] - before[0])
    assert min(measured) == 2


@pytest.mark.parametrize("what", ["userinfo", "authorize anonymously", "discovery", "a refused code"])
def test_what_only_looks_writes_nothing(postgresql_ground, monitor, what):
    ground, service, citizen = postgresql_ground, postgresql_ground.register(), postgresql_ground.enrol()
    browser = ground.browser()
    tokens = browser.tokens(service, citizen)
    stranger = ground.browser()
    acts = {
        "userinfo": lambda: browser.userinfo(tokens["access_token"]),
        "authorize anonymously": lambda: stranger.authorize(service),
        "discovery": lambda: stranger.get("/.well-known/openid-configuration"),
        "a refused code": lambda: browser.token(service, "A" * 64),
    }
    measured = []
    for _ in range(TIMES):
        before = counters(monitor)
        acts[what]()
        measured.append(counters(monitor)[0] - before[0])
    assert min(measured) == 0
