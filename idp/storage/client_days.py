"""What happened at one relying service, day by day, counted from the audit for its engineers."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import bindparam, func, select

from idp.audit.catalogue import Event
from idp.storage.audit_seals import made_at
from idp.storage.database import Transaction
from idp.storage.models import AuditEvent

DAYS: Final = 7
DAY: Final = 86_400

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
"""Tag to the column it is counted in."""

_COLUMNS: Any = ((AuditEvent.at // DAY).label("day"), AuditEvent.event, func.count().label("times"))
_DAYS: Final = (
    select(*_COLUMNS)
    .where(
        AuditEvent.id >= bindparam("first"),
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
    for row in reading.all(_DAYS, first=made_at(first * DAY), client=client_id):
        if row.day in counts:
            counts[row.day][COUNTED[row.event]] += row.times
    return [(day * DAY, counts[day]) for day in sorted(counts, reverse=True)]
