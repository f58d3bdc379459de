"""One message on its way: what may become of it, and the promise of who remembers that.

    trying ──► handed_over ──► delivered │ undelivered        (the last two by a receipt)
       └─────► opted_out │ unreachable │ failed │ unknown

`failed` is not the end: the outbox may try again, and the message is then `trying` anew.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from idp.telephony.breaker import Breaker
from idp.telephony.channel import Channel
from idp.telephony.payment import Payment
from idp.telephony.routing import Success


class State(StrEnum):
    """What is known of a message; the value stands in the table."""

    TRYING = "trying"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    #: The vendor took it and could not bring it.
    UNDELIVERED = "undelivered"
    OPTED_OUT = "opted_out"
    #: Nobody reaches that number.
    UNREACHABLE = "unreachable"
    #: No gateway took it this time.
    FAILED = "failed"
    #: A gateway may have taken it.
    UNKNOWN = "unknown"


LOST = frozenset({State.UNDELIVERED, State.OPTED_OUT, State.UNREACHABLE, State.FAILED})
"""States in which the person should be offered another way at once."""
TAKEN = frozenset({State.HANDED_OVER, State.DELIVERED, State.UNDELIVERED})
"""States in which a gateway has taken the message."""


Successes = Mapping[str, Success]
"""Measured success by gateway."""


@dataclass(frozen=True, slots=True)
class Past:
    """What was tried before now."""

    #: Whether this very message is remembered.
    known: bool = False
    #: A gateway that was asked for this very message and of which no outcome is known: it may have it.
    doubtful: str | None = None
    #: Gateways that carried, or failed to carry, earlier messages about the same thing.
    used: frozenset[str] = frozenset()
    #: A gateway has taken it, whatever a receipt then said: it must not go out again.
    taken: bool = False
    #: The breakers of this channel that are not at rest, by gateway.
    breakers: Mapping[str, Breaker] = field(default_factory=dict)
    #: Measured success in this country by this channel, by gateway.
    success: Successes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What is remembered of a message: nothing of whom it goes to or what it says."""

    id: UUID
    about: UUID | None
    channel: Channel
    region: str
    asked_at: int
    price: int


@dataclass(frozen=True, slots=True)
class Beginning:
    """A message that has not been tried, the gateway that is to be asked first, and what it is paid from."""

    outline: Outline
    gateway: str
    payment: Payment


class Memory(Protocol):
    """Where dispatches, breakers and figures are kept, durable and shared by all workers.

    That a gateway took a message is noted with the end of its row (`idp.delivery.outbox.OutboxStore.delivered`).
    """

    def begin(self, outline: Outline, now: int) -> Past:
        """What is known of a message, of earlier ones about the same thing, and of who could carry it."""
        ...

    def measured(self, places: Collection[tuple[str, Channel]], now: int) -> Mapping[tuple[str, Channel], Successes]:
        """Measured success in these regions by these channels."""
        ...

    def begin_together(self, several: Sequence[Beginning]) -> bool:
        """Note and pay for several messages in one act, which may not happen: then nothing of it did.

        It does not when a budget does not pay for all of them, when one of the gateways has failed lately, or when one
        of the messages is known. What happened is written into their payments.
        """
        ...

    def trying(
        self, outline: Outline, gateway: str, tried: Sequence[str], *, known: bool, payment: Payment | None = None
    ) -> None:
        """`gateway` is about to be asked, after those that were `tried`; `known` as `begin` said, or by an earlier try.

        What has not been taken of the payment is taken in the same act; a budget that it nearly uses up is recorded.
        Raises BudgetUsedUp, and OutcomeUnknown when another worker has taken up the message since `begin`: then nothing
        was noted and nothing taken.
        """
        ...

    def ended(self, message: UUID, state: State) -> None:
        """What became of it, other than that a gateway took it."""
        ...

    def take_probe(self, gateway: str, channel: Channel, seen: Breaker, now: int) -> bool:
        """Whether this worker is the one that probes."""
        ...

    def did_well(self, gateway: str, channel: Channel) -> None:
        """The gateway took a message: its breaker is at rest."""
        ...

    def did_badly(self, gateway: str, channel: Channel, now: int) -> int:
        """One more failure; for how many seconds the gateway is left alone now."""
        ...

    def pause(self, gateway: str, channel: Channel, until: int) -> None:
        """The vendor asked for a pause."""
        ...
