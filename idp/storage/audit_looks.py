"""The audit a page at a time, newest first: each look reads a bounded number of rows, however many there are.

A condition on service or event has no index that every sign-in would have to pay for, so a look walks back over at
most `MOST_WALKED` rows and tells where the next one goes on. A person's rows have their index.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select

from idp.audit.export import Wanted
from idp.audit.seal import Row
from idp.storage.audit_seals import made_at
from idp.storage.database import Database
from idp.storage.models import AuditEvent

MOST_WALKED: Final = 20_000
LATEST: Final = 1 << 37  # seconds since the epoch; a key holds no later time
_COLUMNS: Final = (
    AuditEvent.seal,
    AuditEvent.id,
    AuditEvent.at,
    AuditEvent.event,
    AuditEvent.person_id,
    AuditEvent.client_id,
    AuditEvent.detail,
)
_BETWEEN: Final = (AuditEvent.id >= bindparam("first"), AuditEvent.id < bindparam("before"))
_WALK: Final = select(*_COLUMNS).where(*_BETWEEN).order_by(AuditEvent.id.desc()).limit(MOST_WALKED).subquery()
_END: Final = select(AuditEvent.id).where(*_BETWEEN).order_by(AuditEvent.id.desc()).offset(MOST_WALKED - 1).limit(1)
_OF_PERSON: Final = (
    select(*_COLUMNS).where(AuditEvent.person_id == bindparam("person")).cte("mine").prefix_with("MATERIALIZED")
)


@dataclass(frozen=True, slots=True)
class Look:
    """What was found, newest first, and where the next look goes on; None: there is no more."""

    rows: list[Row]
    onward: UUID | None
    walked_to_the_end: bool  # False: the look ended because it had read enough, not because the page is full


def look(database: Database, wanted: Wanted, before: UUID | None, most: int) -> Look:
    """Up to `most` rows that are wanted, older than `before`."""
    first = made_at(wanted.since or 0)
    last = made_at(wanted.until) if wanted.until is not None else made_at(LATEST)
    values: dict[str, Any] = {"first": first, "before": min(before, last) if before is not None else last}
    source: Any = _WALK.c
    if wanted.person is not None:
        source, values["person"] = _OF_PERSON.c, wanted.person
    statement = select(*source).order_by(source.id.desc()).limit(most + 1)
    if wanted.person is not None:
        statement = statement.where(source.id >= bindparam("first"), source.id < bindparam("before"))
    for condition in _conditions(source, wanted):
        statement = statement.where(condition)
    with database.read() as reading:
        found = reading.all(statement, **values)
        rows = [_row(row) for row in found[:most]]
        if len(found) > most:
            return Look(rows, found[most - 1].id, walked_to_the_end=True)
        end = None if wanted.person is not None else reading.one(_END, first=first, before=values["before"])
    return Look(rows, end.id if end else None, walked_to_the_end=end is None)


def _conditions(source: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.client is not None:
        conditions.append(source.client_id == wanted.client)
    if wanted.event is not None:
        conditions.append(source.event.startswith(wanted.event, autoescape=True))
    return conditions


def _row(row: Any) -> Row:
    """As everywhere in the audit: keys as 32 hexadecimal digits."""
    person = row.person_id.hex if row.person_id is not None else None
    return Row(row.seal, row.id.hex, row.at, row.event, person, row.client_id, row.detail)
