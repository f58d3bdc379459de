"""The loop that empties the outbox: lease, open, deliver, record.

Deliveries run in a few threads, because nearly all of their time is waiting for a vendor: a slow one holds a
sender here and never a request of the provider. Nothing that one item does ends the loop.
"""

import logging
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event
from typing import Final

from idp.delivery.outbox import (
    MAX_ATTEMPTS,
    Deliverers,
    DeliveryFailure,
    HandedOver,
    OutboxItem,
    OutboxStore,
    next_attempt,
)

#: Longer than any delivery takes, so that a lease ends only when its worker has.
LEASE_SECONDS: Final = 60
#: Pause after the database could not be asked.
STORE_PAUSE_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


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
    #: Deliveries under way at once.
    senders: int = 4
    #: Seconds between two looks into an empty outbox.
    idle_seconds: float = 0.5
    #: What else has to be done from time to time: removing what has served its time, sealing the audit.
    chores: tuple[Chore, ...] = ()
    #: Told the kind of each item and what became of the attempt.
    observe: Callable[[str, str], None] = lambda _kind, _outcome: None

    def run(self, stop: Event) -> None:
        """Work until `stop` is set; deliveries under way are finished and recorded before returning."""
        busy: set[Future[None]] = set()
        with ThreadPoolExecutor(self.senders, thread_name_prefix="sender") as pool:
            due = [(self.clock(), chore) for chore in self.chores]
            while not stop.is_set():
                due = [self._do_if_due(pool, at, chore) for at, chore in due]
                busy = {delivery for delivery in busy if not delivery.done()}
                free = self.senders - len(busy)
                items, pause = self._lease(free) if free else ([], 0.0)
                busy |= {pool.submit(self.handle, item) for item in items}
                if len(busy) == self.senders:
                    wait(busy, timeout=self.idle_seconds, return_when=FIRST_COMPLETED)
                else:
                    stop.wait(pause)

    def handle(self, item: OutboxItem) -> None:
        """Deliver one leased item and record the outcome. Never raises.

        An outcome that cannot be recorded is left to the end of the lease.
        """
        try:
            self._attempt(item)
        except Exception as error:  # noqa: BLE001 - one bad item or a lost database must not end the loop
            # Only the type: the text of a foreign exception may quote what it failed on.
            log.error("outbox item %s: outcome not recorded: %s", item.id, type(error).__name__)  # noqa: TRY400

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

    def _lease(self, free: int) -> tuple[list[OutboxItem], float]:
        """Due items for the free senders, and how long to pause when senders stay free."""
        try:
            return self.store.lease(self.clock(), free, LEASE_SECONDS), self.idle_seconds
        except Exception as error:  # noqa: BLE001 - the database comes back; the worker must still be there
            log.error("outbox cannot be read: %s", type(error).__name__)  # noqa: TRY400
            return [], STORE_PAUSE_SECONDS

    def _attempt(self, item: OutboxItem) -> None:
        why = self._refusal(item)
        if why:
            self._give_up(item, why)
            return
        try:
            handed = self._deliver(item)
        except DeliveryFailure as failure:
            self._put_off(item, failure)
            return
        self.store.delivered(item.id, handed)
        self.observe(item.kind, "delivered")
        log.info("outbox item %s (%s) delivered, attempt %d", item.id, item.kind, item.attempts)

    def _refusal(self, item: OutboxItem) -> str | None:
        """Why `item` is not even tried, or None."""
        if self.clock() >= item.not_after:
            return "too late"
        if item.attempts > MAX_ATTEMPTS:
            return "too many attempts"
        return None if item.kind in self.deliverers else "unknown kind"

    def _deliver(self, item: OutboxItem) -> HandedOver | None:
        """Raises DeliveryFailure, whatever goes wrong."""
        try:
            payload = self.open_payload(item)
        except Exception as error:  # noqa: BLE001 - the sealer's reasons are its own; none of them passes
            raise DeliveryFailure(f"payload does not open: {type(error).__name__}") from None
        try:
            return self.deliverers[item.kind](item, payload)
        except DeliveryFailure:
            raise
        except Exception as error:  # noqa: BLE001 - a defect of ours, which the same item would meet again
            raise DeliveryFailure(f"defect: {type(error).__name__}") from None

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
