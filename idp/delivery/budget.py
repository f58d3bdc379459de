"""Money: each message is paid for from the budgets of its country and of the house, before it is handed over.

Counted here and not in the step that asks for it, because here it is spent: another gateway and a call cost their
price too, and no way out of the house leads past this door. What a gateway certainly did not take is given back.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from idp.delivery.outbox import Deliver, NotDelivered, OutboxItem, Undeliverable
from idp.keys.fingerprints import Fingerprints
from idp.telephony.limits import Count, Kind, Limits, Tally, alarmed, first_met

log = logging.getLogger(__name__)


class Ledger(Protocol):
    """The counters, durable and shared by all workers."""

    def spend(self, counts: Sequence[Count], now: int) -> list[tuple[Count, Tally]]:
        """Raise the counters; what stands then."""
        ...

    def give_back(self, counts: Sequence[Count], now: int) -> None:
        """It was not spent after all."""
        ...

    def alarm(self, kind: Kind, region: str, percent: int, now: int) -> None:
        """A shared budget is nearly used up: record it."""
        ...

    def stopped(self, kind: Kind, region: str, until: int, now: int) -> None:
        """A budget is used up: record it."""
        ...


@dataclass(frozen=True, slots=True)
class Cost:
    """What one message costs whom."""

    region: str
    price: int  # hundredths of a US cent
    is_new: bool  # to a number that its holder has named and not proven


def money_counts(cost: Cost, fingerprints: Fingerprints) -> list[Count]:
    """The budgets that a message is paid from."""
    kinds = [(Kind.COUNTRY_MONEY, cost.region), (Kind.ALL_MONEY, "")]
    if cost.is_new:
        kinds += [(Kind.NEW_MONEY, cost.region), (Kind.ALL_NEW_MONEY, "")]
    return [Count(kind, fingerprints.number(kind.value, of), cost.price) for kind, of in kinds]


def paid(
    deliver: Deliver,
    *,
    cost_of: Callable[[bytes], Cost],
    ledger: Ledger,
    fingerprints: Fingerprints,
    limits: Limits,
    clock: Callable[[], int],
) -> Deliver:
    """`deliver`, once it is paid for. Raises Undeliverable when a budget is used up."""

    def pay_and_deliver(item: OutboxItem, payload: bytes) -> None:
        cost, now = cost_of(payload), clock()
        counts = money_counts(cost, fingerprints)
        stand = ledger.spend(counts, now)
        met = first_met(stand, limits, now)
        if met is not None:
            ledger.give_back(counts, now)
            ledger.stopped(met.kind, cost.region, met.retry_at, now)
            raise Undeliverable(f"budget used up: {met.kind.value}")
        for kind, percent in alarmed(stand, limits):
            log.warning("budget %s of %s at %d %%", kind.value, cost.region, percent)
            ledger.alarm(kind, cost.region, percent, now)
        try:
            deliver(item, payload)
        except NotDelivered as failure:
            if not failure.uncertain:
                ledger.give_back(counts, now)
            raise
        except Undeliverable:
            ledger.give_back(counts, now)
            raise

    return pay_and_deliver
