"""Delivering an item of kind `text_message`: opened payload → words → gateway.

The payload holds facts, not words; the words are chosen here, when the message leaves, so that they live in one
place. It is written in the transaction of a sign-in, so every byte of it counts: the 16 bytes of `about`, then a
JSON list of the other facts, without what is as usual at its end.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from idp.delivery.outbox import HandedOver, LeftUncertain, NotDelivered, OutboxItem, Undeliverable
from idp.telephony.channel import Channel
from idp.telephony.gateways.contract import (
    Gateway,
    LeftOpen,
    Message,
    NotServed,
    OptedOut,
    OutcomeUnknown,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
    Together,
)
from idp.telephony.messages import CodeMessages, MessageError
from idp.telephony.numbers import is_fictional
from idp.telephony.payment import Payment
from idp.telephony.signals import Nobody, Signals, SignalUnavailable, recently

KIND: Final = "text_message"
NOBODY: Final = Nobody()
_ABOUT: Final = 16
_USUAL: Final = 5
_NEW: Final = "new"
_SEEN: Final = "seen"

log = logging.getLogger(__name__)


class NumberOptedOut(Undeliverable):
    """The number answered STOP: it is remembered, so that its holder is told instead of left waiting."""


class Desk(Protocol):
    """Where messages leave: who pays for them, and who remembers what is learnt of a number on the way."""

    def payment(self, region: str, channel: Channel, *, is_new: bool = False) -> Payment | None:
        """What a message is paid from; `is_new`: to a number that its holder has not proven."""
        ...

    def hand_over(self, gateway: Gateway, message: Message) -> HandedOver:
        """Hand it over; one without a payment goes to a proven number. Raises a DeliveryFailure."""
        ...

    def moved(self, e164: str, region: str, at: int) -> None:
        """The number moved to another SIM at `at`: remember it, so that its holder is told instead of left waiting."""
        ...


class Unpaid:
    """A desk where there is no ledger: messages leave as they are."""

    def payment(self, region: str, channel: Channel, *, is_new: bool = False) -> None:
        """None."""

    def hand_over(self, gateway: Gateway, message: Message) -> HandedOver:
        """Hand it over. Raises a DeliveryFailure."""
        return hand_over(gateway, message)

    def moved(self, e164: str, region: str, at: int) -> None:
        """Nobody remembers it."""


UNPAID: Final = Unpaid()


@dataclass(frozen=True, slots=True)
class CodeMessage:
    """What the outbox keeps, sealed, of a message that carries a one-time code."""

    #: E.164.
    to: str = field(repr=False)
    #: ISO 3166-1 region of the number.
    region: str
    #: BCP 47: the language the person reads.
    language: str
    code: str = field(repr=False)
    #: The relying service's name in that language; empty when there is none.
    service: str
    #: The sign-in or enrolment that the code belongs to: messages about the same one take turns among the gateways.
    about: UUID
    channel: Channel = Channel.SMS
    #: Whether its holder named the number by themself and has not proven it yet.
    is_new: bool = False
    #: Whether an officer sees the holder: a SIM bought yesterday is no sign of a thief there.
    is_seen: bool = False


def message_key(about: UUID, sends: int) -> UUID:
    """The outbox row of the so-manieth message about a sign-in or enrolment: found again without being stored."""
    return UUID(int=about.int ^ sends)


def to_payload(message: CodeMessage) -> bytes:
    """The payload to seal into the outbox row."""
    facts = [message.to, message.region, message.language, message.code, message.service]
    standing = _NEW if message.is_new else _SEEN if message.is_seen else ""
    if message.channel is not Channel.SMS or standing:
        facts.append(message.channel.value)
    if standing:
        facts.append(standing)
    return message.about.bytes + json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()


def read_payload(payload: bytes) -> CodeMessage:
    """The message in an opened payload. Raises Undeliverable."""
    try:
        about, facts = UUID(bytes=payload[:_ABOUT]), json.loads(payload[_ABOUT:])
        if not isinstance(facts, list) or not set(map(type, facts)) <= {str}:
            raise TypeError  # noqa: TRY301 (a list of anything else is as wrong as no list)
        to, region, language, code, service, channel, standing = facts + [Channel.SMS.value, ""][len(facts) - _USUAL :]
        if standing not in {"", _NEW, _SEEN}:
            raise ValueError  # noqa: TRY301 (as wrong as no list)
        new, seen = standing == _NEW, standing == _SEEN
        return CodeMessage(to, region, language, code, service, about, Channel(channel), new, seen)
    except (ValueError, TypeError):
        raise Undeliverable("payload is not a code message") from None


@dataclass(frozen=True, slots=True)
class TextMessages:
    """Delivers this kind through `gateway` and `desk`; codes are bound to `host`, the provider's own.

    Before a code of a sign-in leaves, `signals` are asked whether its number has moved to another SIM. Without
    `fictional` nothing is sent to a number that is nobody's: test citizens have such numbers, and a message to one
    should never have got here.
    """

    gateway: Gateway
    messages: CodeMessages
    host: str
    clock: Callable[[], int]
    signals: Signals = NOBODY
    desk: Desk = UNPAID
    fictional: bool = True
    #: The gateway itself, where it can begin several messages at once.
    together: Together | None = None
    #: What was begun together, until it is delivered.
    _begun: dict[UUID, Message] = field(default_factory=dict, repr=False)

    def __call__(self, item: OutboxItem, payload: bytes) -> HandedOver:
        """Deliver one. Raises a DeliveryFailure."""
        message = self._begun.pop(item.id, None)
        if message is None:
            message = self._message(item, self._checked(read_payload(payload)))
        return self.desk.hand_over(self.gateway, message)

    def begin(self, several: Sequence[tuple[OutboxItem, bytes]]) -> None:
        """Begin those that are the first about their sign-in, and tried for the first time, in one act.

        Not where somebody is asked about the number before: that may take seconds.
        """
        if self.together is None or not isinstance(self.signals, Nobody):
            return
        messages = [message for item, payload in several if (message := self._first(item, payload)) is not None]
        try:
            self.together.begin(messages)
        finally:  # what went wrong after it was done is no reason not to go on from there
            for message in messages:
                if message.payment is not None and message.payment.begun:
                    self._begun[message.id] = message

    def _first(self, item: OutboxItem, payload: bytes) -> Message | None:
        """None for one of which something may have to be looked up, or which cannot be delivered."""
        try:
            wanted = read_payload(payload)
            if item.attempts > 1 or item.id != message_key(wanted.about, 1):
                return None
            return self._message(item, self._checked(wanted))
        except Undeliverable:
            return None

    def _checked(self, wanted: CodeMessage) -> CodeMessage:
        """Raises Undeliverable: nothing may go to that number."""
        if not self.fictional and is_fictional(wanted.to):
            raise Undeliverable("the number is set aside for fiction")
        if not (wanted.is_new or wanted.is_seen):
            _refuse_moved(self.signals, self.desk, wanted, self.clock())
        return wanted

    def _message(self, item: OutboxItem, wanted: CodeMessage) -> Message:
        body, language = self._words(wanted)
        return Message(
            item.id,
            wanted.to,
            body,
            wanted.region,
            max(item.not_after - self.clock(), 1),
            wanted.channel,
            language,
            about=wanted.about,
            asked_at=item.created_at,
            payment=self.desk.payment(wanted.region, wanted.channel, is_new=wanted.is_new),
        )

    def _words(self, wanted: CodeMessage) -> tuple[str, str]:
        """What it says, and in which language. Raises Undeliverable."""
        words, language, code = self.messages, wanted.language, wanted.code
        try:
            if wanted.channel is Channel.VOICE:
                return words.spoken(language=language, code=code, speaks=self.gateway.speaks)
            return words.render(language=language, code=code, host=self.host, service=wanted.service), language
        except MessageError:
            raise Undeliverable("message cannot be worded") from None


def _refuse_moved(signals: Signals, desk: Desk, wanted: CodeMessage, now: int) -> None:
    """Raises Undeliverable: a code for its holder may reach a thief. Who cannot tell holds nothing up."""
    try:
        moved_at = signals.moved_at(wanted.to)
    except SignalUnavailable as why:
        log.warning("look-up of a number: %s", why)
        return
    if moved_at is not None and recently(moved_at, now):
        desk.moved(wanted.to, wanted.region, moved_at)
        raise Undeliverable("number has moved to another SIM")


def hand_over(gateway: Gateway, message: Message) -> HandedOver:
    """Send, and say in the outbox's words what a failure means for the next attempt."""
    try:
        accepted = gateway.send(message)
    except OptedOut as refusal:
        raise NumberOptedOut(f"opted out: {refusal}") from None
    except (PermanentFailure, NotServed) as refusal:
        raise Undeliverable(str(refusal)) from None
    except LeftOpen as refusal:
        raise LeftUncertain(str(refusal)) from None
    except RateLimited as refusal:
        raise NotDelivered(str(refusal), wait=refusal.retry_after or 0) from None
    except TemporaryFailure as refusal:
        raise NotDelivered(str(refusal), uncertain=isinstance(refusal, OutcomeUnknown)) from None
    return HandedOver(accepted.vendor_id, accepted.named_by_it)
