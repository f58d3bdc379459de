"""A diplomatic mission, and whether it issues: closed, then a pilot with a quota, then open. Pure.

The list of missions is a file (config/missions.toml) that `idp mission apply` reads; whether one issues is decided
by an administrator and kept in the database, so that applying the file again opens and closes nothing.
"""

import re
import tomllib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

CODE = re.compile(r"[a-z][a-z0-9-]{1,39}", re.ASCII)
REGION = re.compile(r"[A-Z]{2}", re.ASCII)
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.ASCII)
LONGEST_TEXT = 200
MOST_QUOTA = 1_000_000


class Opening(Enum):
    """Whether a mission issues."""

    CLOSED = "closed"
    PILOT = "pilot"  # up to its quota
    OPEN = "open"


class InvalidMission(ValueError):
    """A mission that cannot be kept; the message is one line for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the file says of a mission."""

    code: str
    name_ko: str
    name_en: str
    country: str  # ISO 3166-1
    zone: str  # IANA time zone
    address: str
    languages: tuple[str, ...]  # spoken at the counter, BCP 47

    def name(self, language: str) -> str:
        """The name in the language of a page."""
        return self.name_ko if language == "ko" else self.name_en


@dataclass(frozen=True, slots=True, kw_only=True)
class Mission:
    """A mission as it stands."""

    place: Place
    opening: Opening
    quota: int | None
    issued: int

    @property
    def issues(self) -> bool:
        """Whether a case may be started. The quota is taken when a credential starts, by one statement."""
        return self.opening is Opening.OPEN or (self.opening is Opening.PILOT and self.left > 0)

    @property
    def left(self) -> int:
        """How many credentials a pilot may still issue."""
        return max(0, (self.quota or 0) - self.issued)


def check_opening(opening: Opening, quota: int | None) -> None:
    """Refuse a pilot without a quota, and a quota without a pilot. Raises InvalidMission."""
    if (opening is Opening.PILOT) != (quota is not None):
        raise InvalidMission("a pilot has a quota, and nothing else has one")
    if quota is not None and not 1 <= quota <= MOST_QUOTA:
        raise InvalidMission(f"a quota lies between 1 and {MOST_QUOTA}")


def read_places(path: Path) -> list[Place]:
    """The missions of a file, in its order. Raises InvalidMission or OSError."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidMission(f"{path} is not valid TOML: {error}") from error
    return [_place(path.name, code, values) for code, values in document.items()]


def _place(name: str, code: str, values: object) -> Place:
    if not isinstance(values, dict):
        raise InvalidMission(f"{name}: {code} is no table")
    languages = values.get("languages")
    texts = {key: value for key, value in values.items() if key != "languages"}
    if not isinstance(languages, list) or not all(isinstance(value, str) for value in [*languages, *texts.values()]):
        raise InvalidMission(f"{name}: {code} has texts and a list of languages")
    try:
        place = Place(code=code, languages=tuple(languages), **texts)
    except TypeError:
        wanted = "name_ko, name_en, country, zone, address, languages"
        raise InvalidMission(f"{name}: {code} needs exactly {wanted}") from None
    _check(name, place)
    return place


def _check(name: str, place: Place) -> None:
    rules = (
        (CODE.fullmatch(place.code), "a code is a lower-case word such as berlin"),
        (REGION.fullmatch(place.country), "country is an ISO 3166 region such as DE"),
        (all(LANGUAGE.fullmatch(one) for one in place.languages) and place.languages, "languages are tags such as ko"),
        (_is_zone(place.zone), "zone is a time zone such as Europe/Berlin"),
        (
            all(0 < len(one) <= LONGEST_TEXT for one in (place.name_ko, place.name_en, place.address)),
            f"texts have 1 to {LONGEST_TEXT} characters",
        ),
    )
    for good, rule in rules:
        if not good:
            raise InvalidMission(f"{name}: {place.code}: {rule}")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
