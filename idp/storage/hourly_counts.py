"""How often what happened, by hour and service: counted by the worker from the audit, so that no page counts rows.

Nothing is written on the way of a sign-in. The worker reads on from where it stopped, a bounded number of rows at a
time, and leaves the newest minute alone: a transaction that was slow to commit has keys from before.

The figures of the whole house leave sandbox clients out: test citizens are nobody. Their own figures have them.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Text, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.audit.catalogue import Event
from idp.storage.audit_seals import made_at
from idp.storage.database import Database, Transaction
from idp.storage.models import AuditEvent, ClientRow
from idp.storage.models_console import HourlyCount, ReadingMark
from idp.storage.wire import AlreadyTaken

HOUR: Final = 3_600
SETTLED_SECONDS: Final = 60
ROWS_AT_ONCE: Final = 20_000
MOST_ROUNDS: Final = 50
KEEP_HOURS: Final = 400 * 24
MOST_CLIENTS: Final = 10_000
READER: Final = "hourly_counts"
THE_HOUSE: Final = ""

COUNTED: Final = frozenset(
    event.tag
    for event in (
        Event.PASSKEY_VERIFIED,
        Event.CODE_SENT,
        Event.CODE_REFUSED,
        Event.PROOF_REFUSED,
        Event.SESSION_STARTED,
        Event.SIGN_IN_CANCELLED,
        Event.CONSENT_GIVEN,
        Event.CONSENT_DECLINED,
        Event.CODE_ISSUED,
        Event.CODE_REPLAYED,
        Event.CODE_BURNED,
        Event.TOKENS_ISSUED,
        Event.REFRESH_REUSED,
        Event.CREDENTIAL_ISSUED,
    )
)

_MARK: Final = select(ReadingMark.mark).where(ReadingMark.name == READER)
_END: Final = (
    select(AuditEvent.id)
    .where(AuditEvent.id > bindparam("mark"), AuditEvent.id < bindparam("settled"))
    .order_by(AuditEvent.id)
    .offset(ROWS_AT_ONCE - 1)
    .limit(1)
)
_ROWS: Final = (
    select((AuditEvent.at // HOUR).label("hour"), AuditEvent.client_id, AuditEvent.event, func.count().label("times"))
    .where(AuditEvent.id > bindparam("mark"), AuditEvent.id <= bindparam("until"))
    .group_by("hour", AuditEvent.client_id, AuditEvent.event)
)
_MOVE: Final = (
    update(ReadingMark)
    .where(ReadingMark.name == READER, ReadingMark.mark == bindparam("before"))
    .values(mark=bindparam("after"))
)
_OLD: Final = delete(HourlyCount).where(HourlyCount.hour < bindparam("oldest"))
_OF_CLIENT: Final = select(HourlyCount.hour, HourlyCount.what, HourlyCount.count).where(
    HourlyCount.hour >= bindparam("since"), HourlyCount.client_id == bindparam("client", type_=Text())
)
_REGISTRATIONS: Final = select(ClientRow.id, ClientRow.registration).where(
    ClientRow.id.in_(bindparam("ids", expanding=True))
)
_BY_CLIENT: Final = (
    select(HourlyCount.client_id, func.sum(HourlyCount.count).label("times"))
    .where(
        HourlyCount.hour >= bindparam("since"),
        HourlyCount.client_id != THE_HOUSE,
        HourlyCount.what.in_(bindparam("tags", expanding=True)),
    )
    .group_by(HourlyCount.client_id)
    .order_by(func.sum(HourlyCount.count).desc(), HourlyCount.client_id)
    .limit(MOST_CLIENTS)
)


def _grow(insert: Any) -> Any:
    values: dict[str, Any] = {name: bindparam(name) for name in ("hour", "client_id", "what", "count")}
    statement = insert(HourlyCount).values(values)
    return statement.on_conflict_do_update(
        index_elements=["hour", "client_id", "what"], set_={"count": HourlyCount.count + statement.excluded.count}
    )


_GROW: Final = {"sqlite": _grow(sqlite.insert), "postgresql": _grow(postgresql.insert)}


def count_hours(database: Database, now: int) -> int:
    """Count what has settled; returns how many rows were read over. Several workers may try: one counts."""
    done = 0
    for _ in range(MOST_ROUNDS):
        read = _round(database, now)
        if read == 0:
            break
        done += read
    with database.begin() as step:
        step.run(_OLD, oldest=now // HOUR - KEEP_HOURS)
    return done


def _round(database: Database, now: int) -> int:
    settled = made_at(now - SETTLED_SECONDS)
    with database.read() as reading:
        row = reading.one(_MARK)
        mark = row.mark if row else UUID(int=0)
        end = reading.one(_END, mark=mark, settled=settled)
        until = end.id if end else UUID(int=max(settled.int - 1, 0))
        if until <= mark:
            return 0
        rows = reading.all(_ROWS, mark=mark, until=until)
        apart = _sandbox_of(reading, {one.client_id for one in rows if one.client_id})
    counts: Counter[tuple[int, str, str]] = Counter()
    for one in rows:
        if one.event in COUNTED:
            own = one.client_id or THE_HOUSE
            for client in {own} if own in apart else {own, THE_HOUSE}:
                counts[int(one.hour), client, one.event] += one.times
    try:
        with database.begin() as step:
            _move(step, row is not None, mark, until)
            for (hour, client, what), times in sorted(counts.items()):
                step.run(_GROW[step.dialect], hour=hour, client_id=client, what=what, count=times)
    except AlreadyTaken:  # another worker counted the same rows
        return 0
    return sum(int(one.times) for one in rows)


def _sandbox_of(reading: Transaction, clients: set[str]) -> set[str]:
    """Those of the clients that are of the sandbox: a client is so for good."""
    rows = reading.all(_REGISTRATIONS, ids=sorted(clients)) if clients else []
    return {row.id for row in rows if json.loads(row.registration).get("environment") == "sandbox"}


def _move(step: Transaction, known: bool, mark: UUID, until: UUID) -> None:
    """Raises AlreadyTaken when another worker was faster."""
    if known and step.run(_MOVE, before=mark, after=until) != 1:
        raise AlreadyTaken("counted by another worker")
    if not known:
        step.add(ReadingMark, name=READER, mark=until)
        step.flush()


def hours_of(reading: Transaction, client: str, since: int) -> dict[tuple[int, str], int]:
    """(hour, tag) to how often, of one client or of the whole house."""
    rows = reading.all(_OF_CLIENT, client=client, since=since)
    return {(hour, what): count for hour, what, count in map(tuple, rows)}


def busiest(
    reading: Transaction,
    tags: Collection[str],
    since: int,
    most: int,
    leave_out: Callable[[str], bool] = lambda _: False,
) -> list[tuple[str, int]]:
    """Clients by how often any of the `tags` happened there, the most often first, without those to `leave_out`."""
    found: list[tuple[str, int]] = []
    for row in reading.all(_BY_CLIENT, tags=sorted(tags), since=since):
        if len(found) == most:
            break
        if not leave_out(row.client_id):
            found.append((row.client_id, int(row.times)))
    return found
