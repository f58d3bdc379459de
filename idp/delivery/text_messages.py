"""Delivering an item of kind `text_message`: opened payload → words → gateway.

The payload holds facts, not words; the words are chosen here, when the message leaves, so that they live in one
place. It is written in the transaction of a sign-in, so every byte of it counts: the 16 bytes of `about`, then a
JSON list of the other facts, without what is as usual at its end.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from idp.delivery.outbox import Deliver, HandedOver, LeftUncertain, NotDelivered, OutboxItem, Undeliverable
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
)
from idp.telephony.messages import CodeMessages, MessageError
from idp.telephony.numbers import is_fictional
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

    def hand_over(self, gateway: Gateway, message: Message, *, is_new: bool = False) -> HandedOver:
        """Hand it over; `is_new`: to a number that its holder has not proven. Raises a DeliveryFailure."""
        ...

    def moved(self, e164: str, region: str, at: int) -> None:
        """The number moved to another SIM at `at`: remember it, so that its holder is told instead of left waiting."""
        ...


class Unpaid:
    """A desk where there is no ledger: messages leave as they are."""

    def hand_over(self, gateway: Gateway, message: Message, *, is_new: bool = False) -> HandedOver:  # noqa: ARG002
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
        if not isinstance(facts, list) or not all(isinstance(fact, str) for fact in facts):
            raise TypeError  # noqa: TRY301 (a list of anything else is as wrong as no list)
        to, region, language, code, service, channel, standing = facts + [Channel.SMS.value, ""][len(facts) - _USUAL :]
        if standing not in {"", _NEW, _SEEN}:
            raise ValueError  # noqa: TRY301 (as wrong as no list)
        new, seen = standing == _NEW, standing == _SEEN
        return CodeMessage(to, region, language, code, service, about, Channel(channel), new, seen)
    except (ValueError, TypeError):
        raise Undeliverable("payload is not a code message") from None


def deliver_text_messages(
    gateway: Gateway,
    messages: CodeMessages,
    host: str,
    clock: Callable[[], int],
    signals: Signals = NOBODY,
    desk: Desk = UNPAID,
    *,
    fictional: bool = True,
) -> Deliver:
    """The function that delivers this kind through `gateway` and `desk`; codes are bound to `host`, the provider's own.

    Before a code of a sign-in leaves, `signals` are asked whether its number has moved to another SIM. Without
    `fictional` nothing is sent to a number that is nobody's: test citizens have such numbers, and a message to one
    should never have got here.
    """

    def deliver(item: OutboxItem, payload: bytes) -> HandedOver:
        wanted = read_payload(payload)
        if not fictional and is_fictional(wanted.to):
            raise Undeliverable("the number is set aside for fiction")
        if not (wanted.is_new or wanted.is_seen):
            _refuse_moved(signals, desk, wanted, clock())
        message = _compose(item, wanted, messages, host, clock(), gateway.speaks)
        return desk.hand_over(gateway, message, is_new=wanted.is_new)

    return deliver


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


def _compose(
    item: OutboxItem, wanted: CodeMessage, messages: CodeMessages, host: str, now: int, speaks: frozenset[str]
) -> Message:
    language = wanted.language
    try:
        if wanted.channel is Channel.VOICE:
            body, language = messages.spoken(language=language, code=wanted.code, speaks=speaks)
        else:
            body = messages.render(language=language, code=wanted.code, host=host, service=wanted.service)
    except MessageError:
        raise Undeliverable("message cannot be worded") from None
    left = max(item.not_after - now, 1)
    return Message(
        item.id,
        wanted.to,
        body,
        wanted.region,
        left,
        wanted.channel,
        language,
        about=wanted.about,
        asked_at=item.created_at,
    )


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
