"""Delivering an item of kind `notice`: a text message that tells a person what happened to their mobile ID.

It carries no code and no name, so whoever reads it learns only what its holder must know. Nobody waits for it at a
screen: it may take a day.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from idp.delivery.outbox import Deliver, OutboxItem, Undeliverable
from idp.delivery.text_messages import hand_over
from idp.telephony.channel import Channel
from idp.telephony.gateways.contract import Gateway, Message
from idp.telephony.notices import NoticeWords

KIND: Final = "notice"
NOTICE_SECONDS: Final = 86_400


class NoticeKind(Enum):
    """What a notice tells; the value is the name of its words, `templates/notices/<value>.<language>.txt`."""

    NUMBER_CHANGED = "number_changed"


@dataclass(frozen=True, slots=True)
class Notice:
    """What the outbox keeps, sealed, of a notice."""

    kind: NoticeKind
    #: E.164.
    to: str = field(repr=False)
    #: ISO 3166-1 region of the number.
    region: str
    #: BCP 47: the language the person reads.
    language: str


def to_payload(notice: Notice) -> bytes:
    """The payload to seal into the outbox row."""
    return json.dumps([notice.kind.value, notice.to, notice.region, notice.language], separators=(",", ":")).encode()


def read_payload(payload: bytes) -> Notice:
    """The notice in an opened payload. Raises Undeliverable."""
    try:
        kind, to, region, language = json.loads(payload)
        return Notice(NoticeKind(kind), to, region, language)
    except (ValueError, TypeError):
        raise Undeliverable("payload is not a notice") from None


def deliver_notices(gateway: Gateway, words: NoticeWords, clock: Callable[[], int]) -> Deliver:
    """The function that delivers this kind through `gateway`."""

    def deliver(item: OutboxItem, payload: bytes) -> None:
        notice = read_payload(payload)
        body, language = words.say(notice.kind.value, notice.language)
        left = max(item.not_after - clock(), 1)
        hand_over(gateway, Message(item.id, notice.to, body, notice.region, left, Channel.SMS, language))

    return deliver
