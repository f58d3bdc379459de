"""What every gateway promises: one way to hand a message over, and one name for each way it fails.

A gateway is asked at least once for each message; `Message.id` is the same in every attempt, so that a
gateway which can recognise a repetition sends it once. No exception here carries the number, the text or the
vendor's own words: those may quote both, and exceptions reach logs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable
from uuid import UUID

from idp.telephony.channel import Channel
from idp.telephony.payment import Payment


@dataclass(frozen=True, slots=True)
class Message:
    """One message, ready to go. Its `repr` shows neither number nor text."""

    #: The idempotency key: the id of the outbox item.
    id: UUID
    #: E.164.
    to: str = field(repr=False)
    #: What is written, or what a voice says: its lines are sentences, with a pause after each.
    body: str = field(repr=False)
    #: ISO 3166-1 region of the number.
    region: str
    #: Seconds after which it is not worth delivering; a vendor that can, drops it then.
    valid_seconds: int = 600
    channel: Channel = Channel.SMS
    #: BCP 47: the language of `body`, which a voice must speak.
    language: str = "en"
    #: The number or name it comes from where the country demands one of its own; empty: the gateway's.
    sender: str = ""
    #: What it is about, so that messages about the same thing take turns among the gateways.
    about: UUID | None = None
    #: Epoch seconds in which it was asked for.
    asked_at: int = 0
    #: Taken before the first gateway is asked; the gateways themselves do not look at it.
    payment: Payment | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The vendor has taken the message. It has not arrived yet: only a delivery receipt says so."""

    vendor_id: str
    #: Whether its receipt may name the message so, and not by our id.
    named_by_it: bool = False


class GatewayError(Exception):
    """The message was not accepted. Its text is short and for the operator: `twilio 21610`."""


class OptedOut(GatewayError):
    """The person has answered STOP: nothing may reach them until they lift it themselves."""


class PermanentFailure(GatewayError):
    """The number cannot be reached by anybody: trying again or elsewhere cannot help."""


class NotServed(GatewayError):
    """This gateway does not carry this message, however often it is asked; another one may."""


class TemporaryFailure(GatewayError):
    """The vendor has not taken the message, and may take it later."""


class OutcomeUnknown(TemporaryFailure):
    """The vendor was asked and gave no clear answer: it may have sent the message, and may send it twice."""


class LeftOpen(OutcomeUnknown):
    """The same, and nobody asks again: whoever took it would not notice the repetition, and the code came twice."""


class RateLimited(TemporaryFailure):
    """The vendor asks for a pause. `retry_after` is its wish in seconds, or None."""

    def __init__(self, why: str, retry_after: int | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Gateway(Protocol):
    """Whoever carries messages."""

    @property
    def carries(self) -> frozenset[Channel]:
        """The channels that it may be asked for."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether a message that is handed over again under the same id goes out only once."""
        ...

    @property
    def speaks(self) -> frozenset[str]:
        """The languages (BCP 47) in which its voice reads; none for one that carries no calls."""
        ...

    def send(self, message: Message) -> Accepted:
        """Hand `message` over, within about 20 seconds. Raises a GatewayError."""
        ...


@runtime_checkable
class Together(Protocol):
    """A gateway that can do for several messages at once what comes before each of them is sent."""

    def begin(self, messages: Sequence[Message]) -> None:
        """Do it, if nothing stands against it; `send` of each goes on from there."""
        ...
