"""Money: each message is paid for from the budgets of its country and of the house, before it is handed over.

Counted here and not in the step that asks for it, because here it is spent: another gateway and a call cost their
price too, and no way out of the house leads past this door. What a gateway certainly did not take is given back.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from idp.delivery.notices import read_payload as read_notice
from idp.delivery.outbox import Deliver, HandedOver, LeftUncertain, NotDelivered, OutboxItem, Undeliverable
from idp.delivery.text_messages import NumberMoved, NumberOptedOut, read_payload
from idp.keys.fingerprints import Fingerprints
from idp.telephony.channel import Channel
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

    def opted_out(self, e164: str, region: str, now: int) -> None:
        """The number answered STOP: remember it."""
        ...

    def moved(self, e164: str, region: str, at: int, now: int) -> None:
        """The number moved to another SIM at `at`: remember it."""
        ...

    def stopped(self, kind: Kind, region: str, until: int, now: int) -> None:
        """A budget is used up: record it."""
        ...


@dataclass(frozen=True, slots=True)
class Cost:
    """From which budgets one message is paid."""

    region: str
    channel: Channel
    is_new: bool  # to a number that its holder has named and not proven


def money_counts(cost: Cost, price: int, fingerprints: Fingerprints) -> list[Count]:
    """The budgets that a message is paid from, by `price` in hundredths of a US cent."""
    kinds = [(Kind.COUNTRY_MONEY, cost.region), (Kind.ALL_MONEY, "")]
    if cost.is_new:
        kinds += [(Kind.NEW_MONEY, cost.region), (Kind.ALL_NEW_MONEY, "")]
    return [Count(kind, fingerprints.number(kind.value, of), price) for kind, of in kinds]


Read = Callable[[bytes], tuple[str, Cost]]
"""To whom an opened payload goes (E.164), and from which budgets it is paid. Raises Undeliverable."""
Pay = Callable[[Deliver, Read], Deliver]
"""Makes a delivery one that must be paid for."""


def unpaid(deliver: Deliver, _read: Read) -> Deliver:
    """The delivery as it is: where there is no ledger."""
    return deliver


@dataclass(frozen=True, slots=True)
class Till:
    """Where messages are paid for."""

    ledger: Ledger
    fingerprints: Fingerprints
    limits: Callable[[str], Limits]
    #: What a message costs by region and channel, in hundredths of a US cent.
    price: Callable[[str, Channel], int]
    clock: Callable[[], int]

    def __call__(self, deliver: Deliver, read: Read) -> Deliver:
        """`deliver`, once it is paid for. Raises Undeliverable when a budget is used up."""

        def pay_and_deliver(item: OutboxItem, payload: bytes) -> HandedOver | None:
            e164, cost = read(payload)
            now = self.clock()
            counts = money_counts(cost, self.price(cost.region, cost.channel), self.fingerprints)
            self._spend(counts, cost, now)
            try:
                return deliver(item, payload)
            except NotDelivered as failure:
                if not failure.uncertain:
                    self.ledger.give_back(counts, now)
                raise
            except LeftUncertain:
                raise  # it may have been sent, and is paid for
            except Undeliverable as failure:
                self.ledger.give_back(counts, now)
                if isinstance(failure, NumberOptedOut):
                    self.ledger.opted_out(e164, cost.region, now)
                if isinstance(failure, NumberMoved):
                    self.ledger.moved(e164, cost.region, failure.moved_at, now)
                raise

        return pay_and_deliver

    def _spend(self, counts: list[Count], cost: Cost, now: int) -> None:
        stand, limits = self.ledger.spend(counts, now), self.limits(cost.region)
        met = first_met(stand, limits, now)
        if met is not None:
            self.ledger.give_back(counts, now)
            self.ledger.stopped(met.kind, cost.region, met.retry_at, now)
            raise Undeliverable(f"budget used up: {met.kind.value}")
        for kind, percent in alarmed(stand, limits):
            log.warning("budget %s of %s at %d %%", kind.value, cost.region, percent)
            self.ledger.alarm(kind, cost.region, percent, now)


def cost_of_code(payload: bytes) -> tuple[str, Cost]:
    """To whom a code goes, and what pays for it. Raises Undeliverable."""
    message = read_payload(payload)
    return message.to, Cost(message.region, message.channel, message.is_new)


def cost_of_notice(payload: bytes) -> tuple[str, Cost]:
    """The same for a notice. Raises Undeliverable."""
    notice = read_notice(payload)
    return notice.to, Cost(notice.region, Channel.SMS, is_new=False)
