"""What a registry is asked and what it answers. README.md holds the JSON form of the same contract.

It is asked at the counter, with the passport in the officer's hand. It says the overseas registration and, where it
has one, the authority's connecting information (연계정보, CI). Neither is ever made up here: what it does not say is
not known.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Protocol

from idp.people.status import ENDED, PersonStatus

STATUSES = frozenset({"current", "struck_off", "none"})
CONNECTING = re.compile(r"[A-Za-z0-9+/]{86}==", re.ASCII)  # 64 bytes in base64
PASSPORT = re.compile(r"[A-Z0-9]{5,9}", re.ASCII)


class RegistryUnavailable(Exception):
    """No usable answer: the registry is down, slow, or said something else. Short, without personal data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryAnswer:
    """What the registry says of a person."""

    registration: str  # current, struck_off, none
    as_of: str  # ISO date on which that was so
    resident: bool | None = None  # has a resident registration; None: not said
    ci: str | None = None  # connecting information; None: not said
    ended: PersonStatus | None = None  # died, or renounced the nationality

    def to_json(self) -> bytes:
        """The answer as it is sealed."""
        return json.dumps(asdict(self) | {"ended": self.ended.value if self.ended else None}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEnd:
    """Somebody of whom the registry says that they died or renounced the nationality."""

    passport: str
    birthdate: date
    ended: PersonStatus
    ci: str | None = None  # finds them whatever passport they have by now


@dataclass(frozen=True, slots=True, kw_only=True)
class EndsAnswer:
    """What the registry heard of since a time, in the order in which it heard."""

    until: int  # epoch seconds: from where to ask next
    ends: tuple[StatusEnd, ...]


class Registry(Protocol):
    """Whoever knows."""

    def look(self, passport: str, birthdate: date) -> RegistryAnswer | None:
        """The person with this passport, born on that day; None when it knows nobody. Raises RegistryUnavailable."""
        ...


def read_answer(document: Any) -> RegistryAnswer:
    """An answer of the JSON contract. Raises RegistryUnavailable for anything else: half an answer is none."""
    if not isinstance(document, Mapping) or not isinstance(document.get("registration"), Mapping):
        raise RegistryUnavailable("answer has another shape")
    registration = document["registration"]
    return RegistryAnswer(
        registration=_one_of(registration.get("status"), STATUSES),
        as_of=_day(registration.get("as_of")),
        resident=_flag(document.get("resident")),
        ci=_connecting(document.get("ci")),
        ended=_ended(document.get("ended")),
    )


MOST_ENDS = 500  # of one answer


def read_ends(document: Any) -> EndsAnswer:
    """An answer about ended people. Raises RegistryUnavailable: with half of it we would go on behind what was said."""
    listed = document.get("ended") if isinstance(document, Mapping) else None
    if not isinstance(listed, list) or len(listed) > MOST_ENDS:
        raise RegistryUnavailable("answer has another shape")
    until = document.get("until")
    if not isinstance(until, int) or isinstance(until, bool) or until < 0:
        raise RegistryUnavailable("answer does not say until when")
    return EndsAnswer(until=until, ends=tuple(_end(one) for one in listed))


def _end(document: Any) -> StatusEnd:
    if not isinstance(document, Mapping):
        raise RegistryUnavailable("answer has another shape")
    passport, ended = document.get("passport"), _ended(document.get("ended"))
    if not isinstance(passport, str) or not PASSPORT.fullmatch(passport) or ended is None:
        raise RegistryUnavailable("answer names nobody")
    birthdate, ci = date.fromisoformat(_day(document.get("birthdate"))), _connecting(document.get("ci"))
    return StatusEnd(passport=passport, birthdate=birthdate, ended=ended, ci=ci)


def _one_of(value: Any, known: frozenset[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise RegistryUnavailable("answer has an unknown status")
    return value


def _day(value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise RegistryUnavailable("answer has no day") from None


def _flag(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise RegistryUnavailable("answer has no flag")


def _connecting(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and CONNECTING.fullmatch(value)):
        return value
    raise RegistryUnavailable("answer has connecting information of another form")


def _ended(value: Any) -> PersonStatus | None:
    if value is None:
        return None
    return PersonStatus(_one_of(value, frozenset(status.value for status in ENDED)))
