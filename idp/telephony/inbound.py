"""What the holder of a number answers to our messages: STOP, or START. Pure.

A vendor passes answers on to an address of ours, and shows that it is the vendor as it does for its receipts. Only an
answer that is one of the words and nothing else counts: codes are not asked for by message, and nobody reads more.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final
from urllib.parse import parse_qsl

from idp.telephony.receipts import Incoming, check_genuine

INBOUND_PATH: Final = "/inbound"
MOST_ANSWERS: Final = 100


class Wish(Enum):
    """What an answer wishes."""

    STOP = "stop"
    START = "start"


#: The words that carriers know (CTIA Messaging Principles §5.1.3), and those of the languages that we write in.
WORDS: Final[Mapping[str, Wish]] = {
    word.casefold(): wish
    for wish, words in {
        Wish.STOP: "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT OPTOUT REVOKE "
        "거부 수신거부 중지 정지 停止 配信停止 退订 退訂 "
        "HỦY BERHENTI СТОП ALTO PARAR SALIR ARRET ARRÊT STOPP หยุด TO‘XTA ТОҚТАТУ توقف إيقاف",
        Wish.START: "START UNSTOP 시작 수신동의 開始 开始 開啟 MULAI СТАРТ BẮTĐẦU เริ่ม ابدأ",
    }.items()
    for word in words.split()
}


@dataclass(frozen=True, slots=True)
class Said:
    """One answer that wishes something. Its `repr` does not show the number."""

    number: str = field(repr=False)  # with its country code, as the vendor writes it
    wish: Wish


def read_inbound(kind: str, secret: str, incoming: Incoming, now: int) -> list[Said]:
    """What people said to a vendor of `kind`. Raises NotGenuine."""
    check_genuine(kind, secret, incoming, now)
    answers = _KINDS.get(kind, _relay)(incoming)
    return [
        Said(number, wish)
        for (number, text), _ in zip(answers, range(MOST_ANSWERS), strict=False)
        if number and (wish := wish_of(text)) is not None
    ]


def wish_of(text: str) -> Wish | None:
    """What a whole answer wishes, whatever its case, width and punctuation."""
    if len(text) > 40:
        return None
    plain = unicodedata.normalize("NFKC", text).casefold()
    return WORDS.get("".join(c for c in plain if unicodedata.category(c)[0] not in "ZC" and c not in ".!\"'*"))


def _twilio(incoming: Incoming) -> Iterator[tuple[str, str]]:
    """A form with From, Body, and OptOutType where the vendor keeps the list as well."""
    form = dict(parse_qsl(incoming.body.decode("utf-8", "replace")))
    yield _number(form.get("From")), form.get("OptOutType") or form.get("Body") or ""


def _vonage(incoming: Incoming) -> Iterator[tuple[str, str]]:
    for one in _objects(incoming.body):
        yield _number(one.get("from")), _text(one.get("text"))


def _infobip(incoming: Incoming) -> Iterator[tuple[str, str]]:
    for document in _objects(incoming.body):
        results = document.get("results")
        for one in results if isinstance(results, list) else ():
            if isinstance(one, dict):
                yield _number(one.get("from") or one.get("sender")), _text(one.get("cleanText") or one.get("text"))


def _sns(incoming: Incoming) -> Iterator[tuple[str, str]]:
    """A two-way message as Amazon publishes it to a topic, forwarded."""
    for one in _objects(incoming.body):
        yield _number(one.get("originationNumber")), _text(one.get("messageBody"))


def _relay(incoming: Incoming) -> Iterator[tuple[str, str]]:
    for one in _objects(incoming.body):
        yield _number(one.get("from")), _text(one.get("text"))


def _objects(body: bytes) -> Iterator[dict[str, Any]]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return
    for one in read if isinstance(read, list) else (read,):
        if isinstance(one, dict):
            yield one


def _number(value: object) -> str:
    """With its +, which some vendors leave out; nothing for what cannot be one."""
    text = value if isinstance(value, str) else ""
    return f"+{text.removeprefix('+')}" if re.fullmatch(r"\+?[1-9][0-9]{6,14}", text) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


_KINDS: Final[Mapping[str, Callable[[Incoming], Iterator[tuple[str, str]]]]] = {
    "twilio": _twilio,
    "vonage": _vonage,
    "infobip": _infobip,
    "sns": _sns,
    "relay": _relay,
    "smpp": _relay,
}
