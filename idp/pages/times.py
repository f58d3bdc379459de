"""Times as a person abroad can read them: in Korea's time and in UTC, named as such."""

from datetime import UTC, datetime, timedelta, timezone

from babel.dates import format_date, format_datetime

from idp.pages.rendering import page_language

KOREA = timezone(timedelta(hours=9), "KST")


def readable_time(seconds: int) -> str:
    """A moment, given in seconds since the epoch, as `… (KST), … (UTC)`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    both = [(moment.astimezone(KOREA), "KST"), (moment, "UTC")]
    return ", ".join(f"{format_datetime(at, 'short', locale=page_language())} ({zone})" for at, zone in both)


def utc(seconds: int) -> str:
    """A moment for people who compare it with logs: date and time in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def readable_day(seconds: int) -> str:
    """The day of a moment in Korea, in words."""
    return str(format_date(datetime.fromtimestamp(seconds, KOREA).date(), format="long", locale=page_language()))
