"""The audit in months, on PostgreSQL: made ahead, and dropped whole once everything in them was kept long enough.

    audit_events                    by key, and keys begin with time
    ├─ audit_events_before          what was there before the first month
    ├─ audit_events_2026_12         by event
    │  ├─ …_sign_in                 what every sign-in leaves (idp/audit/retention.py)
    │  └─ …_record                  everything else
    └─ audit_events_rest            what no month was made for: a worker that was away, a clock that is wrong

A row of `rest` moves into its month when that is made. SQLite has no partitions: there rows are deleted in batches.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from idp.audit.retention import SIGN_IN_EVENTS, Kind
from idp.storage.database import Database, Transaction

AHEAD: Final = 2  # months beyond the present one
LOCK: Final = 0x61756469  # of whoever changes the parts; "audi"
PATIENCE: Final = "3s"  # for a lock that others hold: rather later than have everybody wait behind us
#: Pages are filled by 45 per cent. A row is sealed seconds after it was written; a version that finds room beside the
#: old one needs no entry in an index, and what is logged is only what differs. The new one is longer by eight bytes,
#: and all rows of a page may be sealed at once: half would be a little too little.
ROOM: Final = "(fillfactor = 45)"
MONTH: Final = re.compile(r"audit_events_(\d{4})_(\d{2})(?:_(sign_in|record))?")
BOUND: Final = re.compile(r"TO \('([0-9a-f-]{36})'\)")
TAGS: Final = ", ".join(f"'{event.tag}'" for event in sorted(SIGN_IN_EVENTS, key=lambda event: event.tag))

_PARTS: Final = text(
    "SELECT part.relname AS name, pg_get_expr(part.relpartbound, part.oid) AS bound"
    " FROM pg_partition_tree('audit_events') AS tree JOIN pg_class AS part ON part.oid = tree.relid"
    " WHERE tree.level > 0 ORDER BY part.relname"
)
_UNSUMMARIZED: Final = text(
    "SELECT leaf.relname AS name FROM pg_partition_tree('ix_audit_events_person_id') AS tree"
    " JOIN pg_class AS leaf ON leaf.oid = tree.relid"
    " WHERE tree.isleaf AND NOT coalesce('autosummarize=on' = ANY (leaf.reloptions), false) ORDER BY leaf.relname"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One table that can be dropped as a whole."""

    name: str
    kinds: frozenset[Kind]  # of its rows
    begins: int  # the time of its first key, seconds since the epoch
    ends: int  # not included
    month: str | None  # the table around it


def month_of(at: int) -> tuple[int, int]:
    """Year and month at `at`, in UTC."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.year, moment.month


def begin_of(year: int, month: int) -> int:
    """The first second of a month; months past December run on into the next years."""
    return int(datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC).timestamp())


class AuditMonths:
    """What the worker does to the parts. On SQLite every verb does nothing."""

    def __init__(self, database: Database) -> None:
        """Over the whole database: each verb takes steps of its own."""
        self._database = database
        self._parted = database.engine.dialect.name == "postgresql"

    def make_ahead(self, now: int) -> list[str]:
        """Make the months that are missing up to `AHEAD` from now; returns their names."""
        if not self._parted:
            return []
        year, month = month_of(now)
        made = [made for i in range(AHEAD + 1) if (made := self._make(begin_of(year, month + i)))]
        self._summarize()
        return made

    def drop(self, kept_from: Mapping[Kind, int]) -> int:
        """Drop the parts of which every row was sealed before its kind must be there; returns how many rows went."""
        return sum(self._drop(part, kept_from) for part in self.parts()) if self._parted else 0

    def floor(self, kind: Kind) -> int | None:
        """The time of the first key that lies in a month with rows of this kind: those go with their month."""
        begins = [part.begins for part in self.parts() if part.month is not None and kind in part.kinds]
        return min(begins, default=None)

    def parts(self) -> list[Part]:
        """Every part that has a time, by name."""
        if not self._parted:
            return []
        with self._database.read() as reading:
            rows = [(str(row.name), str(row.bound)) for row in reading.all(_PARTS)]
        return list(_parts(rows))

    def _make(self, begins: int) -> str | None:
        year, month = month_of(begins)
        name = f"audit_events_{year}_{month:02}"
        first, end = _key(begins), _key(begin_of(year, month + 1))
        with self._database.begin() as step:
            _alone(step)
            if step.one(text("SELECT 1 WHERE to_regclass(:name) IS NOT NULL"), name=name) or _covered(step, first):
                return None
            for statement in _MAKE:
                step.run(text(statement.format(name=name, first=first, end=end, tags=TAGS, room=ROOM)))
        with self._database.begin() as step:
            _alone(step)  # it holds the whole and waits for parts, as another would hold a part and wait for the whole
            step.run(text("ANALYZE audit_events"))  # autovacuum never looks at the whole
        return name

    def _summarize(self) -> None:
        """Let each part's filter of people follow its rows: what has none yet is read whole for one person's rows."""
        with self._database.read() as reading:
            names = [row.name for row in reading.all(_UNSUMMARIZED)]
        for name in names:  # a step each: whoever holds two locks may wait for somebody who waits
            with self._database.begin() as step:
                _alone(step)
                step.run(text(f"ALTER INDEX {name} SET (autosummarize = on)"))

    def _drop(self, part: Part, kept_from: Mapping[Kind, int]) -> int:
        if part.ends > min(kept_from[kind] for kind in part.kinds):
            return 0
        with self._database.begin() as step:
            _alone(step)
            rows = _rows_that_may_go(step, part, kept_from)
            if rows is None:
                return 0
            step.run(text(f"DROP TABLE {part.name}"))
            if part.month is not None and _is_empty(step, part.month):
                step.run(text(f"DROP TABLE {part.month}"))
        return rows


_MAKE: Final = (
    "LOCK TABLE audit_events_rest IN ACCESS EXCLUSIVE MODE",
    "CREATE TABLE {name} (LIKE audit_events) PARTITION BY LIST (event)",
    "CREATE TABLE {name}_sign_in PARTITION OF {name} (PRIMARY KEY (id)) FOR VALUES IN ({tags}) WITH {room}",
    "CREATE TABLE {name}_record PARTITION OF {name} (PRIMARY KEY (id)) DEFAULT WITH {room}",
    "INSERT INTO {name} SELECT * FROM audit_events_rest WHERE id >= '{first}' AND id < '{end}'",
    "DELETE FROM audit_events_rest WHERE id >= '{first}' AND id < '{end}'",
    "ALTER TABLE audit_events ATTACH PARTITION {name} FOR VALUES FROM ('{first}') TO ('{end}')",
    # The filter of the first pages is made with the table, and every row would change it: as long as it is not there,
    # these few pages are read. It is made again when they are full (autosummarize).
    (
        "SELECT brin_desummarize_range(relid, 0) FROM pg_partition_tree('ix_audit_events_person_id')"
        " WHERE isleaf AND (SELECT indrelid FROM pg_index WHERE indexrelid = relid)"
        " IN (SELECT relid FROM pg_partition_tree('{name}'))"
    ),
)


_WHAT: Final = (
    "SELECT count(*) AS rows, count(*) FILTER (WHERE seal IS NULL) AS unsealed, max(seal) AS last,"
    " count(*) FILTER (WHERE event NOT IN ({tags})) AS records FROM {name}"
)


def _parts(rows: list[tuple[str, str]]) -> Iterator[Part]:
    for name, bound in rows:
        found = MONTH.fullmatch(name)
        if found and found[3]:
            year, month = int(found[1]), int(found[2])
            kind = frozenset({Kind.SIGN_IN} if found[3] == "sign_in" else Kind)
            yield Part(name, kind, begin_of(year, month), begin_of(year, month + 1), f"audit_events_{year}_{month:02}")
        elif name == "audit_events_before" and (until := BOUND.search(bound)):
            yield Part(name, frozenset(Kind), 0, (UUID(until[1]).int >> 80) // 1000, None)


def _key(seconds: int) -> UUID:
    return UUID(int=seconds * 1000 << 80)


def _alone(step: Transaction) -> None:
    """One worker at a time, and none that holds everybody up."""
    step.run(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
    step.one(text(f"SELECT pg_advisory_xact_lock({LOCK})"))


def _covered(step: Transaction, first: UUID) -> bool:
    """Whether the part before the months reaches over this one."""
    for row in step.all(_PARTS):
        until = BOUND.search(str(row.bound)) if row.name == "audit_events_before" else None
        if until is not None and first < UUID(until[1]):
            return True
    return False


def _rows_that_may_go(step: Transaction, part: Part, kept_from: Mapping[Kind, int]) -> int | None:
    """How many rows the part has; None as long as one of them must stay, or has no seal that is known."""
    step.run(text(f"LOCK TABLE {part.name} IN SHARE MODE"))
    found = step.all(text(_WHAT.format(tags=TAGS, name=part.name)))[0]
    if not found.rows:
        return 0
    kinds = part.kinds | ({Kind.RECORD} if found.records else frozenset())  # an event that was a sign-in's once
    before = min(kept_from[kind] for kind in kinds)
    sealed = step.one(text("SELECT sealed_at FROM audit_seals WHERE number = :last"), last=found.last)
    return found.rows if not found.unsealed and sealed is not None and sealed.sealed_at < before else None


def _is_empty(step: Transaction, month: str) -> bool:
    """Whether a month has lost both of its parts."""
    return not step.all(text("SELECT relid FROM pg_partition_tree(:month) WHERE isleaf AND level > 0"), month=month)
