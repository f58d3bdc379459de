"""Money: each message is paid for from the budgets of its country and of the house, before it is handed over.

Counted here and not in the step that asks for it, because here it is spent: another try and a call cost their price
too. The payment goes along with the message and is taken in the act that names the first gateway to be asked
(telephony/payment.py): nothing is asked unpaid, and no worker dies in between. What a gateway certainly did not take is
given back.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from idp.delivery.outbox import HandedOver, LeftUncertain, NotDelivered, Undeliverable
from idp.delivery.text_messages import NumberOptedOut, hand_over
from idp.keys.fingerprints import Fingerprints
from idp.telephony.channel import Channel
from idp.telephony.gateways.contract import Gateway, Message
from idp.telephony.limits import Count, Kind, Limits
from idp.telephony.payment import BudgetUsedUp, Payment

log = logging.getLogger(__name__)


class Ledger(Protocol):
    """The counters, durable and shared by all workers."""

    def give_back(self, counts: Sequence[Count], now: int) -> None:
        """It was not spent after all."""
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
    return list(_money_counts(cost, price, fingerprints))


@lru_cache(maxsize=1024)
def _money_counts(cost: Cost, price: int, fingerprints: Fingerprints) -> tuple[Count, ...]:
    kinds = [(Kind.COUNTRY_MONEY, cost.region), (Kind.ALL_MONEY, "")]
    if cost.is_new:
        kinds += [(Kind.NEW_MONEY, cost.region), (Kind.ALL_NEW_MONEY, "")]
    return tuple(Count(kind, fingerprints.number(kind.value, of), price) for kind, of in kinds)


@dataclass(frozen=True, slots=True)
class Till:
    """Where messages are paid for, and what a refusal tells of a number is noted. Promise: text_messages.Desk."""

    ledger: Ledger
    fingerprints: Fingerprints
    limits: Callable[[str], Limits]
    #: What a message costs by region and channel, in hundredths of a US cent.
    price: Callable[[str, Channel], int]
    clock: Callable[[], int]

    def payment(self, region: str, channel: Channel, *, is_new: bool = False) -> Payment:
        """What a message is paid from."""
        counts = money_counts(Cost(region, channel, is_new), self.price(region, channel), self.fingerprints)
        return Payment(counts, self.limits(region), self.clock())

    def hand_over(self, gateway: Gateway, message: Message) -> HandedOver:
        """Hand it over, paid for. Raises a DeliveryFailure, Undeliverable when a budget is used up."""
        payment = message.payment
        if payment is None:
            payment = self.payment(message.region, message.channel)
            message = replace(message, payment=payment)
        try:
            return hand_over(gateway, message)
        except BudgetUsedUp as refusal:
            met = refusal.met
            self.ledger.stopped(met.kind, message.region, met.retry_at, payment.at)
            raise Undeliverable(f"budget used up: {met.kind.value}") from None
        except NotDelivered as failure:
            if not failure.uncertain:
                self._give_back(payment)
            raise
        except LeftUncertain:
            raise  # it may have been sent, and is paid for
        except Undeliverable as failure:
            self._give_back(payment)
            if isinstance(failure, NumberOptedOut):
                self.ledger.opted_out(message.to, message.region, payment.at)
            raise
        finally:
            _warn(payment, message.region)

    def moved(self, e164: str, region: str, at: int) -> None:
        """The number moved to another SIM at `at`: it is remembered."""
        self.ledger.moved(e164, region, at, self.clock())

    def _give_back(self, payment: Payment) -> None:
        if payment.is_taken:
            self.ledger.give_back(payment.counts, payment.at)


def _warn(payment: Payment, region: str) -> None:
    """Log the budgets that its payment took over the alarm mark; who takes the payment records it."""
    for kind, percent in payment.near:
        log.warning("budget %s of %s at %d %%", kind.value, region, percent)
