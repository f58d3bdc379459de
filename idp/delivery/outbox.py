"""The durable outbox: what waits to leave, how often it is tried, and when it is no longer worth it.

A row is written in the transaction of the act that causes it, so no message is lost and none is sent for an
act that did not happen. Delivery is at least once: a worker leases a row, sends it and records the outcome,
and when it dies in between, the lease runs out and another worker sends the row again under the same id.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

#: Waiting doubles from here with every attempt, up to the longest.
FIRST_WAIT_SECONDS: Final = 2
LONGEST_WAIT_SECONDS: Final = 900
#: A row that has been leased this often without an outcome probably kills its worker.
MAX_ATTEMPTS: Final = 30
#: How often a thing is handed over at most when we cannot tell whether it went out.
MAX_UNCERTAIN_ATTEMPTS: Final = 2


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One leased row. `attempts` counts this one too; times are in epoch seconds."""

    #: Also the idempotency key towards whoever takes the delivery.
    id: UUID
    kind: str
    #: Sealed; what is inside depends on the kind.
    payload: bytes = field(repr=False)
    attempts: int
    created_at: int
    #: From this second on the delivery is worth nothing any more.
    not_after: int


class DeliveryFailure(Exception):
    """An attempt did not succeed. The text is short and for the operator, without personal data."""


class Undeliverable(DeliveryFailure):
    """No further attempt can succeed."""


class LeftUncertain(Undeliverable):
    """Nobody knows whether it went out, and a further attempt could deliver it twice: there is none."""


class NotDelivered(DeliveryFailure):
    """This attempt did not succeed; a later one may.

    `wait` is how long the other side asks us to wait, in seconds. `uncertain` says that it may nevertheless
    have taken the delivery, so that trying again can deliver twice.
    """

    def __init__(self, why: str, *, wait: int = 0, uncertain: bool = False) -> None:
        super().__init__(why)
        self.wait = wait
        self.uncertain = uncertain


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Somebody has taken a message who will speak of it again, by the name that they gave it."""

    vendor_id: str
    #: Whether they may know no other name for it.
    named_by_it: bool = False


#: Delivers one item, given its opened payload, in bounded time. Raises DeliveryFailure.
Deliver = Callable[[OutboxItem, bytes], HandedOver | None]
#: Who delivers which kind.
Deliverers = Mapping[str, Deliver]
#: Does, for several items that were leased together, with their opened payloads, what is cheaper done together. Each of
#: them is delivered afterwards, whether that was possible or not.
Prepare = Callable[[Sequence[tuple[OutboxItem, bytes]]], object]


class OutboxStore(Protocol):
    """Where the rows are. The three outcomes touch only a row that is still waiting: the first one stands."""

    def lease(self, now: int, limit: int, lease_seconds: int) -> list[OutboxItem]:
        """Take up to `limit` due rows, what people wait for first, then oldest due. No two workers hold one row."""
        ...

    def delivered(self, item: UUID, to: HandedOver | None = None) -> None:
        """It is out. The row is gone, and a message on its way is known to be handed over: one act."""
        ...

    def all_delivered(self, several: Sequence[tuple[UUID, HandedOver | None]]) -> None:
        """The same of several: one act for all of them."""
        ...

    def retry(self, item: UUID, at: int, why: str) -> None:
        """Try again at `at`."""
        ...

    def failed(self, item: UUID, now: int, why: str) -> None:
        """Given up. The row loses its payload."""
        ...


def next_attempt(item: OutboxItem, now: int, failure: DeliveryFailure) -> int | None:
    """When to try `item` again after `failure`, in epoch seconds, or None to give up.

    Waiting doubles, is never shorter than the other side asks, and ends where `not_after` does: a
    code that is older than its ten minutes only confuses.
    """
    if not isinstance(failure, NotDelivered):
        return None
    if item.attempts >= (MAX_UNCERTAIN_ATTEMPTS if failure.uncertain else MAX_ATTEMPTS):
        return None
    at = now + max(_wait(item), failure.wait)
    return at if at < item.not_after else None


def _wait(item: OutboxItem) -> int:
    doubled = min(FIRST_WAIT_SECONDS << min(item.attempts - 1, 20), LONGEST_WAIT_SECONDS)
    # Up to a quarter more, by the random tail of the id: rows that failed together do not return together.
    return doubled + doubled * (item.id.int & 0xFF) // 1024
