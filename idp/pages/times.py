"""Times as a person abroad can read them: in Korea's time and in UTC, named as such."""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time

from idp.pages.rendering import page_language, say

KOREA = timezone(timedelta(hours=9), "KST")
CLOCKS = {"ko": "aaaa h:mm"}
"""How the hour is written, where CLDR's short form reads strangely: its Korean one says "PM 5:00", not "오후 5:00"."""
DAYS = {"ko": "y. M. d."}
"""The day beside an hour. English names the month: 3/4 is another day in London than in Los Angeles."""


def readable_time(seconds: int) -> str:
    """A moment, given in seconds since the epoch, as `… (KST), … (UTC)`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    both = [(moment.astimezone(KOREA), "KST"), (moment, "UTC")]
    return ", ".join(f"{_day_and_hour(at)} ({zone})" for at, zone in both)


def readable_time_at(seconds: int, zone: str) -> str:
    """A moment by the clock of a place, for people who sit there; `zone` as in the IANA database."""
    return say("counter.local_time", at=_day_and_hour(datetime.fromtimestamp(seconds, ZoneInfo(zone))))


def _day_and_hour(moment: datetime) -> str:
    language = page_language()
    pattern = f"{DAYS.get(language, 'd MMM y,')} {CLOCKS.get(language, 'HH:mm')}"
    return str(format_datetime(moment, pattern, locale=language))


def readable_clock(moment: datetime) -> str:
    """The time of day of a moment, in its own zone."""
    language = page_language()
    return str(format_time(moment, CLOCKS.get(language, "HH:mm"), locale=language))


def utc(seconds: int) -> str:
    """A moment for people who compare it with logs: date and time in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def readable_day(seconds: int) -> str:
    """The day of a moment in Korea, in words."""
    return long_date(datetime.fromtimestamp(seconds, KOREA).date(), page_language())


def long_date(day: date, language: str) -> str:
    """A day in words: what babel writes, which takes ten times as long when it is asked for each day anew."""
    return _of_month(language, day.month).format(year=day.year, day=day.day)


@cache
def _of_month(language: str, month: int) -> str:
    """How babel writes a day of a month, with places for the day and the year."""
    written = str(format_date(date(2999, month, 28), format="long", locale=language))
    return written.replace("2999", "{year}").replace("28", "{day}")
