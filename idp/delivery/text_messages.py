"""Delivering an item of kind `text_message`: opened payload → words → gateway.

The payload holds facts, not words: `{to, region, language, code, service, host}` as JSON. The words are
chosen here, when the message leaves, so that they live in one place.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass, field
from typing import Final

from idp.delivery.outbox import Deliver, NotDelivered, OutboxItem, Undeliverable
from idp.telephony.gateways.contract import (
    Gateway,
    OptedOut,
    OutcomeUnknown,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
    TextMessage,
)
from idp.telephony.messages import CodeMessages, MessageError

KIND: Final = "text_message"


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
    #: The provider's bare host name, to which the code is bound.
    host: str


def to_payload(message: CodeMessage) -> bytes:
    """The payload to seal into the outbox row."""
    return json.dumps(astuple(message), ensure_ascii=False, separators=(",", ":")).encode()


def read_payload(payload: bytes) -> CodeMessage:
    """The message in an opened payload. Raises Undeliverable."""
    try:
        fields = json.loads(payload)
        message = CodeMessage(*fields)
    except (ValueError, TypeError):
        raise Undeliverable("payload is not a code message") from None
    if not all(isinstance(value, str) for value in asdict(message).values()):
        raise Undeliverable("payload is not a code message")
    return message


def deliver_text_messages(gateway: Gateway, messages: CodeMessages, clock: Callable[[], int]) -> Deliver:
    """The function that delivers this kind through `gateway`."""

    def deliver(item: OutboxItem, payload: bytes) -> None:
        wanted = read_payload(payload)
        send(gateway, _compose(item, wanted, messages, clock()))

    return deliver


def _compose(item: OutboxItem, wanted: CodeMessage, messages: CodeMessages, now: int) -> TextMessage:
    try:
        body = messages.render(language=wanted.language, code=wanted.code, host=wanted.host, service=wanted.service)
    except MessageError:
        raise Undeliverable("message cannot be worded") from None
    return TextMessage(item.id, wanted.to, body, wanted.region, valid_seconds=max(item.not_after - now, 1))


def send(gateway: Gateway, message: TextMessage) -> None:
    """Send, and say in the outbox's words what a failure means for the next attempt."""
    try:
        gateway.send(message)
    except OptedOut as refusal:
        raise Undeliverable(f"opted out: {refusal}") from None
    except PermanentFailure as refusal:
        raise Undeliverable(str(refusal)) from None
    except RateLimited as refusal:
        raise NotDelivered(str(refusal), wait=refusal.retry_after or 0) from None
    except TemporaryFailure as refusal:
        raise NotDelivered(str(refusal), uncertain=isinstance(refusal, OutcomeUnknown)) from None
