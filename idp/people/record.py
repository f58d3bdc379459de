"""The record of a national, as a mission confirmed it. Sealed at rest as one JSON document.

Names are kept as a set, never as one string: Hangul as in the family register, Latin script as in the
passport. Every text is NFC (Unicode Standard Annex 15), so that equal names compare equal.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any

MAX_TEXT = 200
MAY_BE_EMPTY = frozenset({"korean.given", "latin.given"})
CONNECTING = "ci"  # in `extra`: the authority's connecting information, given to no service
REGION = re.compile(r"[A-Z]{2}", re.ASCII)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)  # OpenID Connect Core 1.0 §5.1: this one form of ISO 8601
UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})  # controls, directions, surrogates, line ends
FILLERS = frozenset("\u115f\u1160\u3164\uffa0")  # Hangul letters that look like nothing: a name could hide in them


SIMPLE: Mapping[Any, set[type]] = {str: {str}, str | None: {str, type(None)}, bool: {bool}, int: {int}}
"""Field types and the types their values may have (a bool is no int here); other fields are containers."""


class InvalidRecord(ValueError):
    """A record that cannot be kept; the message names field and rule for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One name in one script."""

    family: str
    given: str  # empty for who has one name only (ICAO Doc 9303-3 §4.6: it is the primary identifier)
    full: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Overseas registration (재외국민등록): its status goes stale, so it carries the day it was read."""

    status: str  # current, struck_off, none
    as_of: str  # ISO date
    mission: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of a person. Optional fields are None, never empty."""

    korean: Name
    latin: Name
    birthdate: str  # ISO date
    gender: str | None = None
    residence: str  # ISO 3166-1 region of residence
    mission: str  # of enrolment
    registration: Registration
    passport: str | None = None
    email: str | None = None
    email_verified: bool = False
    address: Mapping[str, str] | None = None  # OpenID Connect Core 1.0 §5.1.1
    middle_name: str | None = None
    nickname: str | None = None
    preferred_username: str | None = None
    profile: str | None = None
    picture: str | None = None
    website: str | None = None
    zoneinfo: str | None = None
    locale: str | None = None
    updated_at: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def connecting(self) -> str | None:
        """The authority's connecting information, where it gave any."""
        found = self.extra.get(CONNECTING)
        return found if isinstance(found, str) else None

    def to_json(self) -> bytes:
        """The record as it is sealed."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> "Record":
        """A record that was sealed before."""
        document = json.loads(raw.decode())
        for name, kind in (("korean", Name), ("latin", Name), ("registration", Registration)):
            document[name] = kind(**document[name])
        return cls(**document)


def read_record(document: Mapping[str, Any]) -> Record:
    """A record from an operator's JSON or TOML. Raises InvalidRecord."""
    known = {f.name for f in fields(Record)}
    unknown = sorted(document.keys() - known)
    if unknown:
        raise InvalidRecord(f"unknown field {unknown[0]!r}")
    values: dict[str, Any] = {name: _clean(name, value) for name, value in document.items()}
    for name, kind in (("korean", Name), ("latin", Name), ("registration", Registration)):
        values[name] = _part(name, kind, values.get(name))
    try:
        record = Record(**values)
    except TypeError as error:
        raise InvalidRecord(f"a required field is missing: {str(error).rsplit(':', 1)[-1].strip()}") from None
    _check(record)
    return record


def _part(name: str, kind: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        raise InvalidRecord(f"{name} is missing")
    if not all(isinstance(one, str) for one in value.values()):
        raise InvalidRecord(f"{name} holds something that is not text")
    if kind is Name and "full" not in value:
        joint = "" if name == "korean" else " "  # 홍길동, HONG GILDONG
        value = {**value, "full": joint.join(filter(None, [value.get("family"), value.get("given")]))}
    try:
        return kind(**value)
    except TypeError:
        wanted = ", ".join(f.name for f in fields(kind))
        raise InvalidRecord(f"{name} needs exactly {wanted}") from None


def _clean(name: str, value: Any) -> Any:
    """Texts in NFC, without control or direction characters; containers inside out."""
    if isinstance(value, Mapping):
        return {key: _clean(f"{name}.{key}", inner) for key, inner in value.items()}
    if not isinstance(value, str):
        return value
    clean = unicodedata.normalize("NFC", value).strip()
    if not clean and name in MAY_BE_EMPTY:
        return clean
    allowed = "\n" if name.startswith("address.") else ""
    if not clean or len(clean) > MAX_TEXT:
        raise InvalidRecord(f"{name} must have 1 to {MAX_TEXT} characters")
    if any(unicodedata.category(c) in UNPRINTABLE and c not in allowed for c in clean):
        raise InvalidRecord(f"{name} holds a control character")
    if not FILLERS.isdisjoint(clean):
        raise InvalidRecord(f"{name} holds a Hangul filler")
    return clean


def _check(record: Record) -> None:
    _check_types(record)
    for name, value in (("birthdate", record.birthdate), ("registration.as_of", record.registration.as_of)):
        if not _is_date(value):
            raise InvalidRecord(f"{name} must be a date such as 1980-01-31")
    if record.registration.status not in {"current", "struck_off", "none"}:
        raise InvalidRecord("registration.status is current, struck_off or none")
    if REGION.fullmatch(record.residence) is None:
        raise InvalidRecord("residence must be an ISO 3166 region such as DE")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return DATE.fullmatch(text) is not None  # the parser also knows other forms


def _check_types(record: Record) -> None:
    """A dataclass keeps whatever it is given; a wrong type would only show in somebody's claims."""
    for one in fields(record):
        value: Any = getattr(record, one.name)
        if type(value) not in SIMPLE.get(one.type, {type(value)}):
            raise InvalidRecord(f"{one.name} has the wrong type")
    address = record.address
    if address is not None and not (isinstance(address, dict) and all(isinstance(v, str) for v in address.values())):
        raise InvalidRecord("address must be an object of texts")
