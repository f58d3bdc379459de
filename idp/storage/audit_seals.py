"""The audit read back and sealed. Promises: idp.audit.seal.SealStore, idp.audit.verify.AuditReader.

Keys are read as 32 hexadecimal digits, never as UUID objects: verification reads millions of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    delete,
    exists,
    func,
    null,
    select,
    update,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from idp.audit.export import Wanted
from idp.audit.retention import Kind
from idp.audit.seal import Row, Seal, Values, ids_of, split
from idp.storage.audit_months import AuditMonths
from idp.storage.database import Database, Transaction
from idp.storage.models import AuditEvent
from idp.storage.models_audit import AuditSeal
from idp.storage.wire import AlreadyTaken

ROWS_AT_ONCE: Final = 5_000
STAGES: Final = (Kind.SIGN_IN, Kind.RECORD)  # the order in which the rows of a seal go


class Hexadecimal(FunctionElement[str]):
    """A key as 32 hexadecimal digits."""

    type = Text()
    inherit_cache = True


@compiles(Hexadecimal)
def _of_uuid(element: Hexadecimal, compiler: SQLCompiler, **how: Any) -> str:
    return f"encode(uuid_send({compiler.process(element.clauses, **how)}), 'hex')"


@compiles(Hexadecimal, "sqlite")
def _of_text(element: Hexadecimal, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.clauses, **how)  # SQLite keeps keys so


_ROW: Final[Any] = select(
    AuditEvent.seal,
    Hexadecimal(AuditEvent.id),
    AuditEvent.at,
    AuditEvent.event,
    Hexadecimal(AuditEvent.person_id),
    AuditEvent.client_id,
    AuditEvent.detail,
).execution_options(nameless=True)
_SEAL: Final = select(AuditSeal.number, AuditSeal.statement, AuditSeal.entries, AuditSeal.sealed_at)
_LAST: Final = (
    select(AuditSeal.number, AuditSeal.statement, null(), AuditSeal.sealed_at)
    .order_by(AuditSeal.number.desc())
    .limit(1)
)
_UNSEALED: Final = (
    _ROW.where(AuditEvent.seal.is_(None), AuditEvent.id >= bindparam("first"))
    .order_by(AuditEvent.id)
    .limit(bindparam("most"))
)
_SIZES: Final = (
    select(AuditSeal.number, AuditSeal.rows)
    .where(AuditSeal.number > bindparam("after"))
    .order_by(AuditSeal.number)
    .limit(1_000)
)
_SEALS: Final = _SEAL.where(AuditSeal.number > bindparam("after"), AuditSeal.number <= bindparam("until")).order_by(
    AuditSeal.number
)
_BETWEEN: Final = (
    _ROW.where(AuditEvent.id >= bindparam("first"), AuditEvent.id <= bindparam("until"))
    .order_by(AuditEvent.id)
    .limit(ROWS_AT_ONCE)
)
_OF_SEALS: Final = _ROW.where(AuditEvent.seal.in_(bindparam("numbers", expanding=True))).order_by(AuditEvent.id)
_COUNT_SEALED: Final = select(func.count()).where(AuditEvent.seal.is_not(None))
_COUNT_UNSEALED: Final = select(func.count()).where(AuditEvent.seal.is_(None))
_STRAY: Final = (
    _ROW.where(AuditEvent.seal.is_not(None), ~exists().where(AuditSeal.number == AuditEvent.seal))
    .order_by(AuditEvent.id)
    .limit(1)
)
_UNSEALED_BEFORE: Final = (
    _ROW.where(AuditEvent.seal.is_(None), AuditEvent.id < bindparam("first")).order_by(AuditEvent.id).limit(1)
)
_MARK: Final = (
    update(AuditEvent)
    .where(AuditEvent.id.in_(bindparam("keys", expanding=True)), AuditEvent.seal.is_(None))
    .values(seal=bindparam("mark", type_=BigInteger))
)
_OLD: Final = (
    _SEAL.where(AuditSeal.stage == bindparam("reached"), AuditSeal.sealed_at < bindparam("before"))
    .order_by(AuditSeal.number)
    .limit(1)
)
_LET_GO: Final = delete(AuditEvent).where(AuditEvent.id.in_(bindparam("keys", expanding=True)))
_STAGED: Final = (
    update(AuditSeal)
    .where(AuditSeal.number == bindparam("which"), AuditSeal.stage == bindparam("reached"))
    .values(stage=bindparam("next"))
)


def made_at(seconds: int) -> UUID:
    """The lowest key that can have been made at `seconds`."""
    return UUID(int=max(seconds, 0) * 1000 << 80)


class AuditSeals:
    """SealStore and AuditReader over the provider's database."""

    def __init__(self, database: Database) -> None:
        """Over the whole database: each verb is a step of its own."""
        self._database = database
        self._months = AuditMonths(database)

    def last(self) -> Seal | None:
        """The newest seal, its entries left out."""
        with self._database.read() as reading:
            row = reading.one(_LAST)
        return Seal(*tuple(row)) if row else None

    def unsealed(self, limit: int, not_before: int) -> Sequence[Row]:
        """Rows that belong to no batch, by key."""
        return self._rows(_UNSEALED, most=limit, first=made_at(not_before))

    def add(self, seal: Seal, rows: Sequence[str]) -> bool:
        """Store the seal and mark exactly these rows, or do nothing."""
        try:
            with self._database.begin() as step:
                step.add(
                    AuditSeal,
                    number=seal.number,
                    statement=seal.statement,
                    sealed_at=seal.sealed_at,
                    rows=len(rows),
                    stage=0,
                    entries=seal.entries,
                )
                step.flush()  # of two workers that seal at once the second waits here, and then fails
                _mark(step, seal.number, rows)
        except AlreadyTaken:
            return False
        return True

    def seals(self, after: int, rows: int) -> Sequence[Seal]:
        """The next seals, as many as hold about `rows` entries."""
        with self._database.read() as reading:
            until, held = after, 0
            for row in reading.all(_SIZES, after=after):
                if held and held + row.rows > rows:
                    break
                until, held = row.number, held + row.rows
            return [Seal(*tuple(row)) for row in reading.all(_SEALS, after=after, until=until)]

    def between(self, first: str, last: str) -> Iterator[Sequence[Values]]:
        """Rows by key, both ends included, a page at a time."""
        start, end = UUID(hex=first), UUID(hex=last)
        while True:
            with self._database.read() as reading:
                page: Any = reading.all(_BETWEEN, first=start, until=end)
            yield page
            if len(page) < ROWS_AT_ONCE:
                break
            start = UUID(int=UUID(hex=page[-1][1]).int + 1)

    def of_seals(self, numbers: Sequence[int]) -> Sequence[Row]:
        """Rows that say they belong to one of these seals."""
        return self._rows(_OF_SEALS, numbers=list(numbers))

    def count_sealed(self) -> int:
        """How many rows say that they belong to a seal."""
        return self._count(_COUNT_SEALED)

    def count_unsealed(self) -> int:
        """How many rows wait for their seal."""
        return self._count(_COUNT_UNSEALED)

    def stray(self) -> Row | None:
        """The first row that names a seal which is not there."""
        return next(iter(self._rows(_STRAY)), None)

    def unsealed_before(self, at: int) -> Row | None:
        """The first row without a seal whose key was made before `at`."""
        return next(iter(self._rows(_UNSEALED_BEFORE, first=made_at(at))), None)

    def statements(self, after: int) -> Iterator[tuple[int, str]]:
        """Numbers and statements behind `after`."""
        while page := self.seals(after, ROWS_AT_ONCE):
            yield from ((seal.number, seal.statement) for seal in page)
            after = page[-1].number

    def export(self, wanted: Wanted) -> Iterator[Row]:
        """The rows that are wanted, by key, a page at a time."""
        first = made_at(wanted.since or 0)
        statement = _ROW.where(AuditEvent.id >= bindparam("first")).order_by(AuditEvent.id).limit(ROWS_AT_ONCE)
        for condition in _conditions(wanted):
            statement = statement.where(condition)
        while page := self._rows(statement, first=first):
            yield from page
            if len(page) < ROWS_AT_ONCE:
                break
            first = UUID(int=UUID(hex=page[-1].id).int + 1)

    def make_room(self, now: int) -> list[str]:
        """Make the months that are coming, where the audit lies in months; returns their names."""
        return self._months.make_ahead(now)

    def let_go(self, kept_from: Mapping[str, int], most: int = 100) -> int:
        """Remove rows that were kept as long as they must be, at most of `most` seals; returns how many.

        Months go whole. What lies in none goes seal by seal, and the seals of a dropped month learn of it here.
        """
        removed = self._months.drop({kind: kept_from[kind.value] for kind in Kind})
        for stage, kind in enumerate(STAGES):
            floor = self._months.floor(kind)
            before = kept_from[kind.value] if floor is None else min(floor, kept_from[kind.value])
            for _ in range(most):
                count = self._let_go_of_one(stage, before)
                if count is None:
                    break
                removed += count
        return removed

    def _let_go_of_one(self, stage: int, before: int) -> int | None:
        with self._database.begin() as step:
            row = step.one(_OLD, reached=stage, before=before)
            if row is None:
                return None
            seal = Seal(*tuple(row))
            keys = [UUID(hex=key) for key in ids_of(split(seal.entries or b""), STAGES[stage : stage + 1])]
            removed = step.run(_LET_GO, keys=keys) if keys else 0
            step.run(_STAGED, which=seal.number, reached=stage, next=stage + 1)
            if stage + 1 == len(STAGES):
                step.run(update(AuditSeal).where(AuditSeal.number == seal.number).values(entries=None))
            return removed

    def _rows(self, statement: Select[Any], **values: Any) -> list[Row]:
        with self._database.read() as reading:
            return [Row._make(row) for row in reading.all(statement, **values)]

    def _count(self, statement: Select[Any]) -> int:
        with self._database.read() as reading:
            row = reading.one(statement)
        return int(row[0]) if row else 0


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.person is not None:
        yield AuditEvent.person_id == wanted.person
    if wanted.client is not None:
        yield AuditEvent.client_id == wanted.client
    if wanted.until is not None:
        yield AuditEvent.id < made_at(wanted.until)
    if wanted.event is not None:
        yield AuditEvent.event.startswith(wanted.event, autoescape=True)


def _mark(step: Transaction, number: int, rows: Sequence[str]) -> None:
    """Raises AlreadyTaken unless every one of the rows had no seal."""
    if rows and step.run(_MARK, keys=[UUID(hex=row) for row in rows], mark=number) != len(rows):
        raise AlreadyTaken("a row has been sealed already")
