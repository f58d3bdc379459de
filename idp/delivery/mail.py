"""Delivering an item of kind `mail`: a letter that tells a person what happened to their mobile ID.

The payload holds facts: `[kind, to, language, at, link]` as JSON; the words are chosen when the letter leaves. It goes
only to an address that a mission has verified, and never carries a code or a name.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from idp.delivery.outbox import Deliver, OutboxItem, Undeliverable

KIND: Final = "mail"
MAIL_SECONDS: Final = 3 * 86_400  # a mail server may be away for a weekend
FOLDER: Final = Path(__file__).resolve().parents[2] / "templates" / "mails"
FALLBACK: Final = "en"


class MailKind(Enum):
    """What a letter tells; the value is the name of its words, `templates/mails/<value>.<language>.txt`."""

    ISSUED = "issued"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_COPIED = "passkey_copied"
    NUMBER_CHANGED = "number_changed"
    STOPPED = "stopped"
    RESUMED = "resumed"
    CLOSED = "closed"
    ENDS_SOON = "ends_soon"  # to the contacts of a relying service: a key, certificate or secret of theirs


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as a gateway takes it."""

    id: UUID
    to: str = field(repr=False)
    subject: str
    body: str = field(repr=False)
    language: str


class MailGateway(Protocol):
    """Whoever carries letters."""

    def send(self, letter: Letter, /) -> None:
        """Hand the letter over; the same id twice is one letter where that can be told. Raises DeliveryFailure."""
        ...


@dataclass(frozen=True, slots=True)
class MailNotice:
    """What the outbox keeps, sealed."""

    kind: MailKind
    to: str = field(repr=False)
    language: str
    at: int  # when it happened
    link: str = field(repr=False)  # with which the person stops everything


def to_payload(notice: MailNotice) -> bytes:
    """The payload to seal into the outbox row."""
    fields = [notice.kind.value, notice.to, notice.language, notice.at, notice.link]
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def read_payload(payload: bytes) -> MailNotice:
    """The notice in an opened payload. Raises Undeliverable."""
    try:
        kind, to, language, at, link = json.loads(payload)
        return MailNotice(MailKind(kind), str(to), str(language), int(at), str(link))
    except (ValueError, TypeError):
        raise Undeliverable("payload is not a mail") from None


class MailWordsError(Exception):
    """A letter that cannot be used; the message is one line for the operator."""


@dataclass(frozen=True, slots=True)
class MailWords:
    """The words of every letter in every language, read once at start."""

    texts: Mapping[tuple[str, str], tuple[str, str]]  # (kind, language) -> subject and body

    def say(self, notice: MailNotice) -> tuple[str, str, str]:
        """Subject, body and language of a letter: the person's, or the fallback."""
        known = (notice.kind.value, notice.language) in self.texts
        language = notice.language if known else FALLBACK
        subject, body = self.texts[notice.kind.value, language]
        at = datetime.fromtimestamp(notice.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return subject, body.replace("{at}", at).replace("{link}", notice.link), language


def load_mail_words(folder: Path = FOLDER) -> MailWords:
    """Every letter in `folder`: the first line is its subject. Raises MailWordsError."""
    texts = {}
    for path in sorted(folder.glob("*.txt")):
        kind, language = path.name.split(".")[:2]
        subject, _, body = path.read_text("utf-8").strip().partition("\n\n")
        if not subject or "\n" in subject or "{at}" not in body or ("{link}" not in body and kind != "closed"):
            raise MailWordsError(f"{path.name} needs a subject, and a body with {{at}} and {{link}}")
        texts[kind, language] = (subject, body)
    missing = [kind.value for kind in MailKind if (kind.value, FALLBACK) not in texts]
    if missing:
        raise MailWordsError(f"{folder} has no {missing[0]}.{FALLBACK}.txt")
    return MailWords(texts)


def deliver_mail(gateway: MailGateway, words: MailWords) -> Deliver:
    """The function that delivers this kind through `gateway`."""

    def deliver(item: OutboxItem, payload: bytes) -> None:
        notice = read_payload(payload)
        subject, body, language = words.say(notice)
        gateway.send(Letter(item.id, notice.to, subject, body, language))

    return deliver
