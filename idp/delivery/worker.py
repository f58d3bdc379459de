"""The loop that empties the outbox: lease, open, deliver, record.

Deliveries run in a few threads (senders.py): a slow vendor holds a sender here and never a request of the provider.
What goes well is done in the loop's own thread, and together: what was leased at once is begun in one act, and what
came back at once is recorded in one. Nobody waits for others to come along. What does not go well is each sender's own
affair. Nothing that one item does ends the loop.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Final

from idp.delivery.outbox import (
    MAX_ATTEMPTS,
    Deliverers,
    DeliveryFailure,
    HandedOver,
    OutboxItem,
    OutboxStore,
    Prepare,
    next_attempt,
)
from idp.delivery.senders import Senders

#: Longer than any delivery takes, so that a lease ends only when its worker has.
LEASE_SECONDS: Final = 60
#: Pause after the database could not be asked.
STORE_PAUSE_SECONDS: Final = 5.0

#: Deliveries in one line of the log, which is cut off.
TOLD: Final = 5
#: Chores under way at once.
CHORES: Final = 3

log = logging.getLogger(__name__)

Work = tuple[OutboxItem, bytes | None]
"""An item, and its payload where it was opened to begin it together with others."""
Gone = tuple[OutboxItem, HandedOver | None]
"""An item that is out, and who has its message."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Something done from time to time; `act` is given the time, and may run in several workers at once."""

    act: Callable[[int], object]
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One process's share of the deliveries. Everything it touches is an argument."""

    store: OutboxStore
    deliverers: Deliverers
    #: Opens the sealed payload of an item; any exception means that it never will.
    open_payload: Callable[[OutboxItem], bytes]
    #: Epoch seconds.
    clock: Callable[[], int]
    #: What items of one kind that are leased together can begin together.
    together: Mapping[str, Prepare] = field(default_factory=dict)
    #: Deliveries under way at once.
    senders: int = 8
    #: Seconds between two looks into an empty outbox.
    idle_seconds: float = 0.5
    #: What else has to be done from time to time: removing what has served its time, sealing the audit.
    chores: tuple[Chore, ...] = ()
    #: Told the kind of each item and what became of the attempt.
    observe: Callable[[str, str], None] = lambda _kind, _outcome: None

    def run(self, stop: Event) -> None:
        """Work until `stop` is set; deliveries under way are finished and recorded before returning."""
        senders: Senders[Work, Gone | None] = Senders(self.senders, self._send)
        with ThreadPoolExecutor(CHORES, thread_name_prefix="chore") as pool, senders:
            Thread(target=self._wake, args=(senders, stop), name="ticks", daemon=True).start()
            due = [(self.clock(), chore) for chore in self.chores]
            while not stop.is_set():
                due = [self._do_if_due(pool, at, chore) for at, chore in due]
                for work in self.take_up(self._lease(senders.free, stop)):
                    senders.send(work)
                self._record_meanwhile(senders)
        self._record(senders.results(waiting=False)[0])

    def take_up(self, items: Sequence[OutboxItem]) -> list[Work]:
        """Begin leased items together, where their kind can; `handle` goes on with each. Never raises."""
        works: list[Work] = []
        several: dict[str, list[tuple[OutboxItem, bytes]]] = {}
        for item in items:
            payload = self._opened(item) if item.kind in self.together else None
            works.append((item, payload))
            if payload is not None:
                several.setdefault(item.kind, []).append((item, payload))
        for kind, opened in several.items():
            try:
                self.together[kind](opened)
            except Exception as error:  # noqa: BLE001 - each goes by itself, and says for itself what is the matter
                log.warning("outbox items not begun together: %s", type(error).__name__)
        return works

    def handle(self, item: OutboxItem, payload: bytes | None = None) -> None:
        """Deliver one leased item and record the outcome. Never raises.

        An outcome that cannot be recorded is left to the end of the lease.
        """
        self._record([self._send((item, payload))])

    def _wake(self, senders: Senders[Work, Gone | None], stop: Event) -> None:
        """Wake the loop whenever it is time for a look into the outbox, and when it is to end."""
        while not stop.wait(self.idle_seconds):
            senders.wake()
        senders.wake()

    def _record_meanwhile(self, senders: Senders[Work, Gone | None]) -> None:
        """Record what comes back until it is time for a look into the outbox; if all were busy, until one is free."""
        full, woken = not senders.free, False
        while not woken:
            results, woken = senders.results()
            self._record(results)
            woken = woken or (full and bool(results))

    def _do_if_due(self, pool: ThreadPoolExecutor, at: int, chore: Chore) -> tuple[int, Chore]:
        """Begin a chore when its time has come; returns when it is due next."""
        now = self.clock()
        if now < at:
            return at, chore
        pool.submit(self._do_chore, chore)
        return now + chore.seconds, chore

    def _do_chore(self, chore: Chore) -> None:
        try:
            chore.act(self.clock())
        except Exception as error:  # noqa: BLE001 - it is done again the next time
            log.error("chore failed: %s", type(error).__name__)  # noqa: TRY400

    def _lease(self, free: int, stop: Event) -> list[OutboxItem]:
        """Due items for the free senders; none, after a pause, where the database cannot be asked."""
        try:
            return self.store.lease(self.clock(), free, LEASE_SECONDS) if free else []
        except Exception as error:  # noqa: BLE001 - the database comes back; the worker must still be there
            log.error("outbox cannot be read: %s", type(error).__name__)  # noqa: TRY400
            stop.wait(STORE_PAUSE_SECONDS)
            return []

    def _send(self, work: Work) -> Gone | None:
        """Deliver one; what is not out is put off or given up here. Never raises."""
        item, payload = work
        try:
            return self._attempt(item, payload)
        except Exception as error:  # noqa: BLE001 - one bad item or a lost database must not end the loop
            _tell_lost(item, error)
            return None

    def _attempt(self, item: OutboxItem, payload: bytes | None) -> Gone | None:
        why = self._refusal(item) if payload is None else None
        if why:
            self._give_up(item, why)
            return None
        try:
            return item, self._deliver(item, payload)
        except DeliveryFailure as failure:
            self._put_off(item, failure)
            return None

    def _record(self, results: Sequence[Gone | None]) -> None:
        """Record together what is out; what is refused together is recorded one by one. Never raises."""
        gone = [one for one in results if one is not None]
        if not gone:
            return
        try:
            self.store.all_delivered([(item.id, handed) for item, handed in gone])
        except Exception as error:  # noqa: BLE001 - as in `_send`
            if len(gone) == 1:
                _tell_lost(gone[0][0], error)
            else:
                for one in gone:
                    self._record([one])
            return
        for item, _ in gone:
            self.observe(item.kind, "delivered")
        for start in range(0, len(gone), TOLD):
            told = ", ".join(f"{item.kind} {item.id}" for item, _ in gone[start : start + TOLD])
            log.info("outbox items delivered: %s", told)

    def _refusal(self, item: OutboxItem) -> str | None:
        """Why `item` is not even tried, or None."""
        if self.clock() >= item.not_after:
            return "too late"
        if item.attempts > MAX_ATTEMPTS:
            return "too many attempts"
        return None if item.kind in self.deliverers else "unknown kind"

    def _deliver(self, item: OutboxItem, payload: bytes | None) -> HandedOver | None:
        """Raises DeliveryFailure, whatever goes wrong."""
        if payload is None:
            payload = self._open(item)
        try:
            return self.deliverers[item.kind](item, payload)
        except DeliveryFailure:
            raise
        except Exception as error:  # noqa: BLE001 - a defect of ours, which the same item would meet again
            raise DeliveryFailure(f"defect: {type(error).__name__}") from None

    def _opened(self, item: OutboxItem) -> bytes | None:
        """The payload, if it is worth opening and opens; else whoever delivers it says why not."""
        try:
            return self.open_payload(item) if self._refusal(item) is None else None
        except Exception:  # noqa: BLE001 - as in `_open`
            return None

    def _open(self, item: OutboxItem) -> bytes:
        try:
            return self.open_payload(item)
        except Exception as error:  # noqa: BLE001 - the sealer's reasons are its own; none of them passes
            raise DeliveryFailure(f"payload does not open: {type(error).__name__}") from None

    def _put_off(self, item: OutboxItem, failure: DeliveryFailure) -> None:
        now = self.clock()
        at = next_attempt(item, now, failure)
        if at is None:
            self._give_up(item, str(failure))
            return
        self.store.retry(item.id, at, str(failure))
        self.observe(item.kind, "put_off")
        log.warning("outbox item %s (%s) in %d s again: %s", item.id, item.kind, at - now, failure)

    def _give_up(self, item: OutboxItem, why: str) -> None:
        self.store.failed(item.id, self.clock(), why)
        self.observe(item.kind, "given_up")
        log.error("outbox item %s (%s) given up: %s", item.id, item.kind, why)


def _tell_lost(item: OutboxItem, error: Exception) -> None:
    # Only the type: the text of a foreign exception may quote what it failed on.
    log.error("outbox item %s: outcome not recorded: %s", item.id, type(error).__name__)
