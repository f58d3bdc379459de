"""The loop that empties the outbox: nothing one item does ends it, and it stops when it is told."""

import logging
import time
from dataclasses import dataclass, field
from threading import Event, Thread
from uuid import UUID

import pytest

from idp.delivery.outbox import MAX_ATTEMPTS, NotDelivered, OutboxItem, Undeliverable
from idp.delivery.worker import LEASE_SECONDS, Chore, Worker
from tests.delivery.fakes import NOW, Clock, MemoryOutbox


@dataclass
class Deliveries:
    """What was delivered; `failures` are raised first, one an attempt."""

    failures: list = field(default_factory=list)
    seen: list = field(default_factory=list)

    def __call__(self, item, payload):
        if self.failures:
            raise self.failures.pop(0)
        self.seen.append((item.id.int, payload))


def item(number=1, attempts=0, not_after=NOW + 600, kind="text_message"):
    return OutboxItem(UUID(int=number << 8), kind, b"sealed", attempts, NOW, not_after)


def worker(store, deliver, clock=None, **kwargs):
    settings = {
        "store": store,
        "deliverers": {"text_message": deliver},
        "open_payload": lambda item: item.payload.replace(b"sealed", b"opened"),
        "clock": clock or Clock(),
        "senders": 2,
        "idle_seconds": 0.01,
    }
    return Worker(**(settings | kwargs))


def run_until(worker, done):
    """Run the loop in a thread until `done()`; True when it then stopped by itself."""
    stop = Event()
    thread = Thread(target=worker.run, args=(stop,))
    thread.start()
    limit = time.monotonic() + 20
    while not done() and time.monotonic() < limit:
        time.sleep(0.005)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    return done()


def handle(store, subject, leased):
    (taken,) = store.lease(leased.clock(), 1, LEASE_SECONDS)
    leased.handle(taken)
    return store.rows[subject.id]


def test_an_item_is_opened_delivered_and_loses_its_payload():
    store, deliveries = MemoryOutbox(), Deliveries()
    row = handle(store, store.add(item()), worker(store, deliveries))
    assert deliveries.seen == [(256, b"opened")]
    assert (row.outcome, row.item.payload) == ("delivered", b"")


def test_a_failed_attempt_is_put_off_and_tried_again():
    store, deliveries, clock = MemoryOutbox(), Deliveries([NotDelivered("vendor down")]), Clock()
    subject = store.add(item())
    row = handle(store, subject, worker(store, deliveries, clock))
    assert (row.outcome, row.due_at, row.why) == ("waiting", NOW + 2, "vendor down")
    clock.now += 2
    row = handle(store, subject, worker(store, deliveries, clock))
    assert (row.outcome, row.item.attempts) == ("delivered", 2)


def refuse_to_open(_item):
    raise LookupError("sealed under 482913")


@pytest.mark.parametrize(
    ("why", "subject", "failures", "changed"),
    [
        ("too late", item(not_after=NOW), [], {}),
        ("too many attempts", item(attempts=MAX_ATTEMPTS), [], {}),
        ("unknown kind", item(kind="pigeon"), [], {}),
        ("opted out", item(), [Undeliverable("opted out")], {}),
        ("vendor down", item(not_after=NOW + 2), [NotDelivered("vendor down")], {}),
        ("defect: ZeroDivisionError", item(), [ZeroDivisionError("482913")], {}),
        ("payload does not open: LookupError", item(), [], {"open_payload": refuse_to_open}),
    ],
)
def test_given_up_with_its_reason_and_without_its_payload(why, subject, failures, changed, caplog):
    store, deliveries = MemoryOutbox(), Deliveries(failures)
    row = handle(store, store.add(subject), worker(store, deliveries, **changed))
    assert (row.outcome, row.why, row.item.payload) == ("failed", why, b"")
    assert deliveries.seen == []
    assert "482913" not in caplog.text, "O-10: a foreign exception's text must not reach the log"


def test_the_loop_delivers_everything_and_ends_when_told():
    store, deliveries = MemoryOutbox(), Deliveries()
    for number in range(1, 40):
        store.add(item(number))
    assert run_until(worker(store, deliveries), lambda: len(deliveries.seen) == 39)
    assert {row.outcome for row in store.rows.values()} == {"delivered"}


def test_one_bad_item_does_not_keep_the_others():
    store, deliveries = MemoryOutbox(), Deliveries([SystemError("bad"), Undeliverable("bad")])
    for number in range(1, 6):
        store.add(item(number))
    assert run_until(worker(store, deliveries), lambda: all(row.due_at is None for row in store.rows.values()))
    assert sorted(row.outcome for row in store.rows.values()) == ["delivered"] * 3 + ["failed"] * 2


def test_a_slow_vendor_holds_one_sender_and_not_the_others():
    store, deliveries, answered = MemoryOutbox(), Deliveries(), Event()

    def deliver(subject, payload):
        if subject.id.int == 256:
            answered.wait(20)
        deliveries(subject, payload)

    for number in range(1, 6):
        store.add(item(number))
    stop = Event()
    thread = Thread(target=worker(store, deliver).run, args=(stop,))
    thread.start()
    limit = time.monotonic() + 20
    while len(deliveries.seen) < 4 and time.monotonic() < limit:
        time.sleep(0.005)
    assert [number for number, _ in deliveries.seen] == [512, 768, 1024, 1280]
    stop.set()
    answered.set()
    thread.join(20)
    assert store.rows[UUID(int=256)].outcome == "delivered", "what is under way is finished and recorded"


def test_no_more_is_leased_than_can_be_delivered_at_once():
    store, answered, leased = MemoryOutbox(), Event(), []
    for number in range(1, 10):
        store.add(item(number))

    def deliver(_item, _payload):
        leased.append(sum(row.item.attempts for row in store.rows.values()))
        answered.wait(0.02)

    assert run_until(worker(store, deliver), lambda: len(leased) == 9)
    assert all(count <= done + 2 for done, count in enumerate(leased))


def test_a_database_that_is_away_is_asked_again(caplog, monkeypatch):
    monkeypatch.setattr("idp.delivery.worker.STORE_PAUSE_SECONDS", 0.01)
    store, deliveries = MemoryOutbox(broken=3), Deliveries()
    store.add(item())
    assert run_until(worker(store, deliveries), lambda: len(deliveries.seen) == 1)
    assert "ConnectionError" in caplog.text
    assert "password" not in caplog.text


def test_an_outcome_that_cannot_be_recorded_leaves_the_item_leased(caplog):
    class Forgetful(MemoryOutbox):
        def _end(self, *outcome):
            raise ConnectionError(outcome)

    store, deliveries, clock = Forgetful(), Deliveries(), Clock()
    row = handle(store, store.add(item()), worker(store, deliveries, clock))
    assert (row.outcome, row.due_at) == ("waiting", NOW + LEASE_SECONDS)
    assert "not recorded" in caplog.text
    clock.now += LEASE_SECONDS
    assert len(store.lease(clock(), 1, LEASE_SECONDS)) == 1


# Together.


def test_what_is_leased_together_is_begun_together_and_delivered_one_by_one():
    store, deliveries, begun = MemoryOutbox(), Deliveries(), []
    for subject in (item(1), item(2), item(3, kind="notice"), item(4, not_after=NOW)):
        store.add(subject)
    kinds = {"text_message": deliveries, "notice": deliveries}
    together = {"text_message": lambda several: begun.append([(one.id.int >> 8, payload) for one, payload in several])}
    opened = []

    def open_payload(subject):
        opened.append(subject.id.int >> 8)
        return b"opened"

    work = worker(store, deliveries, deliverers=kinds, together=together, open_payload=open_payload, senders=4)
    assert run_until(work, lambda: all(row.due_at is None for row in store.rows.values()))
    assert begun == [[(1, b"opened"), (2, b"opened")]], "not what is too late, and not of another kind"
    assert sorted(opened) == [1, 2, 3], "each payload is opened once"
    assert [row.outcome for row in store.rows.values()] == ["delivered"] * 3 + ["failed"]


def test_what_cannot_be_opened_or_begun_together_goes_by_itself(caplog):
    store, deliveries = MemoryOutbox(), Deliveries()
    for number in (1, 2):
        store.add(item(number))

    def open_payload(subject):
        if subject.id.int == 256:
            raise LookupError("482913")
        return b"opened"

    def fail(_several):
        raise ConnectionError("482913")

    work = worker(store, deliveries, together={"text_message": fail}, open_payload=open_payload)
    assert run_until(work, lambda: all(row.due_at is None for row in store.rows.values()))
    assert deliveries.seen == [(512, b"opened")]
    assert [row.outcome for row in store.rows.values()] == ["failed", "delivered"]
    assert "not begun together: ConnectionError" in caplog.text
    assert "482913" not in caplog.text


def test_one_outcome_that_is_refused_does_not_keep_the_others_from_being_recorded(caplog):
    class Refusing(MemoryOutbox):
        def all_delivered(self, several):
            if UUID(int=256) in [one for one, _ in several]:
                raise ValueError("a vendor's name with a NUL")
            super().all_delivered(several)

    store, deliveries, met = Refusing(), Deliveries(), Event()

    def deliver(subject, payload):
        deliveries(subject, payload)
        if len(deliveries.seen) == 3:
            met.set()
        met.wait(20)

    for number in (1, 2, 3):
        store.add(item(number))
    work = worker(store, deliver, senders=4)
    assert run_until(work, lambda: [row.outcome for row in store.rows.values()].count("delivered") == 2)
    assert [row.outcome for row in store.rows.values()] == ["waiting", "delivered", "delivered"]
    assert caplog.text.count("outcome not recorded: ValueError") == 1


def test_O_10_the_log_names_items_and_never_their_content(caplog):
    caplog.set_level(logging.DEBUG)
    store, deliveries = MemoryOutbox(), Deliveries([NotDelivered("twilio 503")])
    subject = store.add(item())
    handle(store, subject, worker(store, deliveries))
    assert str(subject.id) in caplog.text
    assert "opened" not in caplog.text
    assert "sealed" not in caplog.text


def test_chores_are_done_from_time_to_time_and_a_failing_one_ends_nothing():
    done = []
    stop = Event()

    def chore(now):
        done.append(now)
        if len(done) == 3:
            stop.set()
        raise RuntimeError("never mind")

    ticks = iter(range(0, 10**9, 300))
    work = Worker(
        store=NothingDue(),
        deliverers={},
        open_payload=lambda _item: b"",
        clock=lambda: next(ticks),
        idle_seconds=0.001,
        chores=(Chore(chore, 600),),
    )
    work.run(stop)
    assert len(done) >= 3


class NothingDue:
    def lease(self, _now, _limit, _lease_seconds):
        return []
