"""What reaches the phones of which country: `config/countries.toml`, checked when it is read, and changed at run time.

One line a region (ISO 3166-1), every member optional but `zone`:

    DE = { sms = true, voice = true, sender = "", gateways = ["infobip", "twilio"], hour = 600, day = 3000,
           price = [1100, 1500], quiet = [22, 7], zone = "Europe/Berlin", language = "de", note = "" }

What a line leaves out is that of the table `[usual]`. An operator may change single members of a country while the
provider runs (`idp phones set`): the changes are stored, and laid over the file.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from idp.settings import SettingsError
from idp.telephony.channel import Channel
from idp.telephony.routing import Carrier

#: Second proofs that need no telephone network: given at a mission, used anywhere.
WITHOUT_NETWORK: Final = ("app", "printed_codes")
MAX_NOTE: Final = 200
_MAX_SENDS: Final = 1_000_000
_MAX_PRICE: Final = 100_000
_HOURS: Final = 24


class CoverageError(SettingsError):
    """The table cannot be used; one line for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """What is true of one region."""

    region: str
    sms: bool
    voice: bool
    #: The number or name that its messages must come from; empty: each gateway's own.
    sender: str
    #: Gateways in the order in which they are asked; others follow.
    gateways: tuple[str, ...]
    #: The most messages and calls of one hour and one day to new numbers; enrolled people are limited one by one.
    hour: int
    day: int
    #: What a message and a call cost, in hundredths of a US cent: an estimate for budgets.
    price: tuple[int, int]
    #: No calls from the first hour to the second, by the number's own clock or `zone`'s; equal hours: never quiet.
    quiet: tuple[int, int]
    zone: str
    #: The language of messages that its people are offered (BCP 47).
    language: str
    #: For operators and for the public page.
    note: str

    def open(self, channel: Channel) -> bool:
        """Whether messages go there by that channel at all."""
        return self.voice if channel is Channel.VOICE else self.sms

    def cost(self, channel: Channel) -> int:
        """The price of one message, in hundredths of a US cent."""
        return self.price[1] if channel is Channel.VOICE else self.price[0]

    def clock_of(self, zone: str = "") -> ZoneInfo:
        """The clock that people there live by; `zone` is that of a number, where its plan names a single one."""
        try:
            return ZoneInfo(zone or self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # the plan knows a place that the clocks do not
            return ZoneInfo(self.zone)

    def quiet_until(self, now: int, zone: str = "") -> int:
        """When people there may be called again, in epoch seconds; 0 if they may be called now.

        By the clock of `zone`, where the number's plan names a single one (Hawaii is not New York).
        """
        begins, ends = self.quiet
        here = datetime.fromtimestamp(now, UTC).astimezone(self.clock_of(zone))
        quiet = begins <= here.hour < ends if begins <= ends else here.hour >= begins or here.hour < ends
        if not quiet:
            return 0
        morning = here.replace(hour=ends, minute=0, second=0, microsecond=0)
        if here.hour >= ends:  # still the evening before
            morning += timedelta(days=1)
        return int(morning.timestamp())


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every region."""

    countries: Mapping[str, Country]
    #: For a number whose region is not in the table: nothing is.
    unknown: Country

    def of(self, region: str) -> Country:
        """What is true of `region`; a region that is not listed is closed."""
        return self.countries.get(region, self.unknown)

    def overridden(self, changes: Mapping[str, Mapping[str, Any]]) -> "Coverage":
        """The same with an operator's changes laid over it. Raises CoverageError."""
        changed = dict(self.countries)
        for region, members in changes.items():
            if region in changed:
                changed[region] = change(changed[region], members)
        return replace(self, countries=changed)


#: Members that a line may have, and that an operator may change.
MEMBERS: Final = tuple(field.name for field in fields(Country) if field.name != "region")
_FLAGS: Final = frozenset({"sms", "voice"})
_TEXTS: Final = frozenset({"sender", "zone", "language", "note"})
_PAIRS: Final = {"price": _MAX_PRICE, "quiet": _HOURS}
_COUNTS: Final = frozenset({"hour", "day"})


def ways(country: Country, carriers: Iterable[Carrier] | None = None) -> tuple[str, ...]:
    """The second proofs that work there: `sms`, `voice` where they are open and somebody carries them, and the others.

    Without `carriers` the gateways that the table names are taken to be there.
    """
    known = None if carriers is None else list(carriers)

    def carried(channel: Channel) -> bool:
        if known is None:
            return bool(country.gateways)
        return any(carrier.serves(country.region, channel) for carrier in known)

    by_phone = (channel.value for channel in Channel if country.open(channel) and carried(channel))
    return (*by_phone, *WITHOUT_NETWORK)


def load_coverage(path: Path, known: Iterable[str]) -> Coverage:
    """The table in `path`; `known` are the names that a gateway may have. Raises CoverageError with one line."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CoverageError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CoverageError(f"{path} is not valid TOML: {error}") from error
    if set(tables) - {"usual", "countries"} or not tables.get("countries"):
        raise CoverageError(f"{path} has a table [usual] and a table [countries], and no other")
    closed = Country(
        region="",
        sms=False,
        voice=False,
        sender="",
        gateways=(),
        hour=0,
        day=0,
        price=(0, 0),
        quiet=(0, 0),
        zone="UTC",
        language="en",
        note="",
    )
    try:
        usual = change(closed, tables.get("usual", {}))
        countries = {
            region: _country(usual, region, line, frozenset(known)) for region, line in tables["countries"].items()
        }
    except CoverageError as error:
        raise CoverageError(f"{path}: {error}") from error
    return Coverage(countries, closed)


def change(country: Country, members: Mapping[str, Any]) -> Country:
    """`country` with some members changed. Raises CoverageError naming the first that cannot be."""
    where = country.region or "usual"
    changed = {name: _checked(where, name, value) for name, value in members.items()}
    result = replace(country, **changed)
    if result.hour > result.day:
        raise CoverageError(f"{where}: hour allows more than day")
    return result


def _country(usual: Country, region: str, line: Any, known: frozenset[str]) -> Country:
    if len(region) != 2 or not region.isascii() or not region.isupper() or not isinstance(line, dict):
        raise CoverageError(f"{region}: a region is two capital letters with a table")
    country = change(replace(usual, region=region), line)
    stranger = next((name for name in country.gateways if name not in known), None)
    if stranger:
        raise CoverageError(f"{region}: {stranger!r} is no gateway")
    return country


def _checked(where: str, name: str, value: Any) -> Any:
    """One member as the type that it has. Raises CoverageError."""
    if name in _FLAGS and isinstance(value, bool):
        return value
    if name in _TEXTS and isinstance(value, str) and len(value) <= MAX_NOTE and value.isprintable():
        return _zone(where, value) if name == "zone" else value
    if name in _COUNTS and type(value) is int and 0 <= value <= _MAX_SENDS:
        return value
    if name in _PAIRS and _is_pair(value, _PAIRS[name]):
        return (value[0], value[1])
    if name == "gateways" and isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    if name not in MEMBERS:
        raise CoverageError(f"{where}: unknown member {name!r}")
    raise CoverageError(f"{where}: {name} cannot be {value!r}")


def _is_pair(value: Any, below: int) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(type(number) is int and 0 <= number < below for number in value)
    )


def _zone(where: str, name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CoverageError(f"{where}: {name!r} is no time zone") from None
    return name
