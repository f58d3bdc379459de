"""How much may be sent: limits per number, person, address, range, country and money. Pure.

Three kinds of sends. One goes to the verified number of an enrolled person whose passkey was just verified: limited
per number and address, and by the money of the day. One goes to a number at a mission's counter, where an officer
sees the person: the same, and per enrolment. One goes to a NEW number that a person names by themself: that is what
a pumper wants, so it is limited per range (a number without its last four digits) and country as well, has only a
share of the money, and a range or country whose codes are hardly ever typed is closed to it: real people type their
codes, pumped numbers never do.

Windows are the hours and days of UTC. What an act causes is counted in the transaction of the act; money is counted
where it is spent, by the worker that hands a message over, so that another gateway or a call costs its price too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from idp.settings import Settings

HOUR_SECONDS = 3_600
HOURS_A_DAY = 24
RANGE_DIGITS = 4  # the last digits that a range leaves open


class Kind(Enum):
    """Whose sends are counted together; the value is part of what the row is found by."""

    NUMBER = "number"
    PERSON = "person"
    ADDRESS = "address"
    NEW_IN_RANGE = "new-in-range"
    NEW_IN_COUNTRY = "new-in-country"
    COUNTRY_MONEY = "country-money"
    NEW_MONEY = "new-money"  # what new numbers of one country cost
    ALL_MONEY = "all-money"
    ALL_NEW_MONEY = "all-new-money"

    __hash__ = object.__hash__  # members are single objects; Enum's own hash is written in Python


JUDGED = frozenset({Kind.NEW_IN_RANGE, Kind.NEW_IN_COUNTRY})
"""Kinds whose codes must be typed, or they close."""
WATCHED = JUDGED | {Kind.COUNTRY_MONEY, Kind.NEW_MONEY, Kind.ALL_MONEY, Kind.ALL_NEW_MONEY}
"""Kinds that many people share: their alarm says something. One person at their limit is no alarm."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most of one hour and of one day: messages, or money in hundredths of a US cent."""

    hour: int
    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every limit of an installation."""

    number: Limit
    person: Limit
    address: Limit
    new_in_range: Limit
    new_in_country: Limit
    country_money: int  # a day, in hundredths of a US cent
    all_money: int  # the same for all countries together
    new_percent: int  # of either, that new numbers may use
    breaker_least: int  # sends to new numbers before a range or country is judged
    breaker_percent: int  # of them verified, below which it is closed
    alarm_percent: int

    def of(self, kind: Kind) -> Limit:
        """The limit of one kind."""
        match kind:
            case Kind.NUMBER:
                return self.number
            case Kind.ADDRESS:
                return self.address
            case Kind.COUNTRY_MONEY:
                return _daily(self.country_money)
            case Kind.ALL_MONEY:
                return _daily(self.all_money)
            case Kind.PERSON:
                return self.person
            case Kind.NEW_IN_RANGE:
                return self.new_in_range
            case Kind.NEW_IN_COUNTRY:
                return self.new_in_country
            case Kind.NEW_MONEY:
                return _daily(self.country_money * self.new_percent // 100)
            case Kind.ALL_NEW_MONEY:
                return _daily(self.all_money * self.new_percent // 100)


def limits_of(settings: Settings, new_in_country: Limit) -> Limits:
    """The limits that an installation is set to, for a country with that limit of its own."""
    return Limits(
        number=Limit(settings.send_number_hour, settings.send_number_day),
        person=Limit(settings.send_person_hour, settings.send_person_day),
        address=Limit(settings.send_address_hour, settings.send_address_day),
        new_in_range=Limit(settings.send_range_hour, settings.send_range_day),
        new_in_country=new_in_country,
        country_money=settings.spend_country_day,
        all_money=settings.spend_day,
        new_percent=settings.spend_new_percent,
        breaker_least=settings.breaker_least,
        breaker_percent=settings.breaker_percent,
        alarm_percent=settings.alarm_percent,
    )


def _daily(money: int) -> Limit:
    """A budget that a single hour may use up."""
    return Limit(money, money)


@dataclass(frozen=True, slots=True)
class Count:
    """One counter that an act raises, and by how much."""

    kind: Kind
    subject: int  # of its row
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Tally:
    """A counter as it stands: what this hour and this day have seen, and how many codes were typed this day."""

    in_hour: int
    in_day: int
    verified: int = 0


NOTHING_YET = Tally(0, 0)


@dataclass(frozen=True, slots=True)
class Met:
    """A limit that is met, and from which second on it no longer is."""

    kind: Kind
    retry_at: int
    broken: bool = False  # closed because hardly any of its codes were typed


def hour_of(now: int) -> int:
    """The hour of `now`, counted from the epoch."""
    return now // HOUR_SECONDS


def tally_of(hour: int, in_hour: int, in_day: int, verified: int, now: int) -> Tally:
    """What a stored row says at `now`: an earlier hour or day counts for nothing."""
    present = hour_of(now)
    same_day = hour // HOURS_A_DAY == present // HOURS_A_DAY
    return Tally(
        in_hour=in_hour if hour == present else 0,
        in_day=in_day if same_day else 0,
        verified=verified if same_day else 0,
    )


def range_of(e164: str) -> str:
    """The range of a number: everything but its last four digits."""
    return e164[:-RANGE_DIGITS]


def next_hour(now: int) -> int:
    """When this hour's window ends."""
    return (hour_of(now) + 1) * HOUR_SECONDS


def next_day(now: int) -> int:
    """When this day's window ends."""
    day = HOUR_SECONDS * HOURS_A_DAY
    return (now // day + 1) * day


def met(count: Count, tally: Tally, limits: Limits, now: int) -> Met | None:
    """Whether `count` is beyond its limit; `tally` is with it."""
    limit = limits.of(count.kind)
    if tally.in_day > limit.day:
        return Met(count.kind, next_day(now))
    if tally.in_hour > limit.hour:
        return Met(count.kind, next_hour(now))
    if count.kind in JUDGED and _is_broken(_without(count, tally), limits):
        return Met(count.kind, next_day(now), broken=True)
    return None


def first_met(counts: Iterable[tuple[Count, Tally]], limits: Limits, now: int) -> Met | None:
    """Of the limits that are met the one that holds longest, or None. Tallies are with their counts."""
    found = [one for count, tally in counts if (one := met(count, tally, limits, now)) is not None]
    return max(found, key=lambda one: one.retry_at, default=None)


def with_one_more(count: Count, tally: Tally) -> Tally:
    """What the counter would say after the act: for judging before anything is written."""
    return Tally(tally.in_hour + count.weight, tally.in_day + count.weight, tally.verified)


def _without(count: Count, tally: Tally) -> Tally:
    return Tally(tally.in_hour - count.weight, tally.in_day - count.weight, tally.verified)


def _is_broken(tally: Tally, limits: Limits) -> bool:
    """Whether too few codes of the messages so far were typed."""
    return tally.in_day >= limits.breaker_least and tally.verified * 100 < tally.in_day * limits.breaker_percent


@dataclass(frozen=True, slots=True)
class Budget:
    """A shared limit of a day as operators see it."""

    kind: Kind
    region: str  # empty: of the house
    used: int  # messages, or hundredths of a US cent
    limit: int
    broken: bool  # closed to new numbers, because hardly any code was typed

    @property
    def share(self) -> float:
        """Used of what may be used; above 1 nothing more leaves."""
        return self.used / self.limit if self.limit else float(self.used > 0)


def budget_of(kind: Kind, region: str, tally: Tally, limits: Limits) -> Budget:
    """How one counter stands against its limit of the day."""
    broken = kind in JUDGED and _is_broken(tally, limits)
    return Budget(kind, region, tally.in_day, limits.of(kind).day, broken)


def alarmed(counts: Sequence[tuple[Count, Tally]], limits: Limits) -> list[tuple[Kind, int]]:
    """The shared counters that this very act took over the alarm mark, with their share of the day in percent."""
    found = []
    for count, tally in counts:
        mark = limits.of(count.kind).day * limits.alarm_percent
        before = tally.in_day - count.weight
        if count.kind in WATCHED and before * 100 < mark <= tally.in_day * 100:
            found.append((count.kind, tally.in_day * 100 // max(1, limits.of(count.kind).day)))
    return found
