"""Delivering an item of kind `notice`: a citizen hears what happened to their credential.

The payload holds facts, not words: `{to, region, language, notice, values}`, sealed. The words stand in
`templates/messages/notices.<language>.toml`; no notice has a link, because a message that asks to be followed is what
frauds send.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from idp.delivery.outbox import Deliver, HandedOver, OutboxItem, Undeliverable
from idp.delivery.text_messages import UNPAID, Desk
from idp.telephony.gateways.contract import Gateway, Message
from idp.telephony.messages import FALLBACK, FOLDER, MessageError

KIND: Final = "notice"
NOTICE_SECONDS: Final = 3 * 86_400  # a phone that is off comes on again within days
_FILE: Final = re.compile(r"notices\.([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.toml")
_LINK: Final = re.compile(r"[@#]|//|www", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Notice:
    """What the outbox keeps, sealed."""

    to: str = field(repr=False)  # E.164
    region: str
    language: str
    notice: str  # key of the words
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoticeWords:
    """The sentences of every language."""

    sentences: Mapping[str, Mapping[str, str]]

    def say(self, notice: Notice) -> str:
        """The text of a notice. Raises MessageError for one that nobody has words for."""
        for tag in (notice.language, notice.language.split("-", maxsplit=1)[0], FALLBACK):
            sentence = self.sentences.get(tag, {}).get(notice.notice)
            if sentence is not None:
                try:
                    return sentence.format(**notice.values)
                except (KeyError, IndexError) as error:
                    raise MessageError("a notice lacks a value") from error
        raise MessageError("no words for this notice")


def load_notices(folder: Path = FOLDER) -> NoticeWords:
    """Every `notices.<language>.toml` in `folder`. Raises MessageError naming the first unusable file."""
    found = {}
    for path in sorted(folder.glob("notices.*.toml")):
        named = _FILE.fullmatch(path.name)
        if named is None:
            raise MessageError(f"{path.name} names no language")
        found[named[1]] = _read(path)
    if FALLBACK not in found:
        raise MessageError(f"{folder} has no notices.{FALLBACK}.toml")
    return NoticeWords(found)


def _read(path: Path) -> dict[str, str]:
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise MessageError(f"{path.name} is not valid TOML") from error
    for name, sentence in document.items():
        if not isinstance(sentence, str) or _LINK.search(sentence):
            raise MessageError(f"{path.name}: {name} is no sentence without a link")
    return document


def to_payload(notice: Notice) -> bytes:
    """The payload to seal into the outbox row."""
    return json.dumps(asdict(notice), ensure_ascii=False, separators=(",", ":")).encode()


def read_payload(payload: bytes) -> Notice:
    """The notice in an opened payload. Raises Undeliverable."""
    try:
        notice = Notice(**json.loads(payload))
    except (ValueError, TypeError):
        raise Undeliverable("payload is not a notice") from None
    texts = [notice.to, notice.region, notice.language, notice.notice]
    if not all(isinstance(text, str) for text in texts) or not isinstance(notice.values, dict):
        raise Undeliverable("payload is not a notice")
    return notice


def deliver_notices(gateway: Gateway, words: NoticeWords, clock: Callable[[], int], desk: Desk = UNPAID) -> Deliver:
    """The function that delivers this kind through `gateway` and `desk`."""

    def deliver(item: OutboxItem, payload: bytes) -> HandedOver:
        notice = read_payload(payload)
        try:
            body = words.say(notice)
        except MessageError:
            raise Undeliverable("notice cannot be worded") from None
        left = max(item.not_after - clock(), 1)
        return desk.hand_over(gateway, Message(item.id, notice.to, body, notice.region, valid_seconds=left))

    return deliver
