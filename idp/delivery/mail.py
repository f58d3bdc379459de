"""Delivering an item of kind `mail`: a letter that tells a person what happened to their mobile ID.

The payload holds facts: `[kind, to, language, at, link, values]` as JSON; the words are chosen when the letter leaves.
It goes only to an address that its owner has confirmed, but for the letter that asks them to, and never carries a code
or a name. A line of the words whose `{place}` nobody knows is left out.
"""

import json
import re
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
_VALUE: Final = re.compile(r"\{(\w+)\}")


class MailKind(Enum):
    """What a letter tells; the value is the name of its words, `templates/mails/<value>.<language>.txt`."""

    CONFIRM_ADDRESS = "confirm_address"
    ISSUED = "issued"
    SECOND_ISSUED = "second_issued"
    REPLACED = "replaced"
    CASE_BEGUN = "case_begun"  # an officer began something about somebody whom the house knows
    LIFTED = "lifted"  # by a mission or the operator
    EXPIRES_SOON = "expires_soon"
    EXPIRED = "expired"
    REVOKED = "revoked"
    ENDED = "ended"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_COPIED = "passkey_copied"
    ADDRESS_CONFIRMED = "address_confirmed"
    ADDRESS_CHANGED = "address_changed"  # to the address that was theirs before
    NUMBER_CHANGED = "number_changed"
    STOPPED = "stopped"
    RESUMED = "resumed"
    CLOSED = "closed"
    ENDS_SOON = "ends_soon"  # to the contacts of a relying service: a key, certificate or secret of theirs


NOTHING_TO_STOP: Final = frozenset({MailKind.EXPIRED, MailKind.REVOKED, MailKind.ENDED, MailKind.CLOSED})
"""Letters after which there is nothing left that a link could stop."""
NO_VALUES: Final[Mapping[str, str]] = {}
_WITHOUT_LINK: Final = frozenset(kind.value for kind in NOTHING_TO_STOP)


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
    link: str = field(repr=False)  # with which the person stops everything, or confirms their address
    values: Mapping[str, str] = field(default_factory=dict)  # place, days: put into the words


def to_payload(notice: MailNotice) -> bytes:
    """The payload to seal into the outbox row."""
    fields = [notice.kind.value, notice.to, notice.language, notice.at, notice.link, dict(notice.values)]
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def read_payload(payload: bytes) -> MailNotice:
    """The notice in an opened payload. Raises Undeliverable."""
    try:
        kind, to, language, at, link, *more = json.loads(payload)
        values = {str(name): str(value) for name, value in dict(*more).items()}
        return MailNotice(MailKind(kind), str(to), str(language), int(at), str(link), values)
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
        return subject, _filled(body, {**notice.values, "at": at, "link": notice.link}), language


def _filled(body: str, values: Mapping[str, str]) -> str:
    """The body with its values; a line that asks for one that nobody gave is left out."""
    lines = [line for line in body.split("\n") if set(_VALUE.findall(line)) <= values.keys()]
    return _VALUE.sub(lambda found: values[found[1]], "\n".join(lines))


def load_mail_words(folder: Path = FOLDER) -> MailWords:
    """Every letter in `folder`: the first line is its subject. Raises MailWordsError."""
    texts = {}
    for path in sorted(folder.glob("*.txt")):
        kind, language = path.name.split(".")[:2]
        subject, _, body = path.read_text("utf-8").strip().partition("\n\n")
        needed = {"at"} if kind in _WITHOUT_LINK else {"at", "link"}
        asked = set(_VALUE.findall(body))
        if not subject or "\n" in subject or not needed <= asked <= needed | {"place", "days"}:
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
