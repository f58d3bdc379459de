"""What happened at one relying service, day by day: what the worker counted, and the few rows that came since."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import bindparam, func, select

from idp.audit.catalogue import Event
from idp.storage.audit_seals import made_at
from idp.storage.database import Transaction
from idp.storage.hourly_counts import HOUR, READER, hours_of
from idp.storage.models import AuditEvent
from idp.storage.models_console import ReadingMark

DAYS: Final = 7
DAY: Final = 86_400
HOURS_IN_DAY: Final = DAY // HOUR
LOOK_BACK_SECONDS: Final = 600
"""How far rows that were not counted yet are looked for: the worker is a minute or two behind."""

COUNTED: Final[Mapping[str, str]] = {
    Event.TOKENS_ISSUED.tag: "tokens",
    Event.CODE_ISSUED.tag: "codes",
    Event.CONSENT_GIVEN.tag: "codes",
    Event.CONSENT_DECLINED.tag: "declined",
    Event.SIGN_IN_CANCELLED.tag: "cancelled",
    Event.CODE_REFUSED.tag: "wrong_codes",
    Event.CODE_REPLAYED.tag: "replayed",
    Event.CODE_BURNED.tag: "burned",
    Event.REFRESH_REUSED.tag: "refresh_reused",
}
"""Tag to the column it is counted in; each is counted by hourly_counts."""

_MARK: Final = select(ReadingMark.mark).where(ReadingMark.name == READER).scalar_subquery()
_COLUMNS: Any = ((AuditEvent.at // DAY).label("day"), AuditEvent.event, func.count().label("times"))
_SINCE: Final = (
    select(*_COLUMNS)
    .where(
        AuditEvent.id > func.coalesce(_MARK, bindparam("first", type_=AuditEvent.id.type)),
        AuditEvent.id >= bindparam("first", type_=AuditEvent.id.type),
        AuditEvent.client_id == bindparam("client"),
        AuditEvent.event.in_(sorted(COUNTED)),
    )
    .group_by("day", AuditEvent.event)
)


def days_of(reading: Transaction, client_id: str, now: int) -> list[tuple[int, Mapping[str, int]]]:
    """The last DAYS days, today first: the start of each in seconds since the epoch, and what was counted."""
    today = now // DAY
    first = today - DAYS + 1
    counts: dict[int, Counter[str]] = {day: Counter() for day in range(first, today + 1)}
    for row in reading.all(_SINCE, first=made_at(now - LOOK_BACK_SECONDS), client=client_id):
        if row.day in counts:
            counts[row.day][COUNTED[row.event]] += row.times
    for (hour, what), times in hours_of(reading, client_id, first * HOURS_IN_DAY).items():
        day = hour // HOURS_IN_DAY
        if what in COUNTED and day in counts:
            counts[day][COUNTED[what]] += times
    return [(day * DAY, counts[day]) for day in sorted(counts, reverse=True)]
