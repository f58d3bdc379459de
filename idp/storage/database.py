"""The transaction that every step of the provider is. A row that must be taken once is taken by one UPDATE.

Inserts are queued with `Transaction.add` and leave together just before the commit: on PostgreSQL as one
statement (a chain of data-modifying CTEs), on SQLite one after another, because it has none.
"""

import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar
from uuid import UUID

from psycopg.errors import DivisionByZero
from sqlalchemy import (
    Engine,
    Executable,
    Table,
    Update,
)
from sqlalchemy.engine import Row

from idp.audit.catalogue import AuditRow
from idp.storage import models, queued
from idp.storage.compiled import Compiled, Compiler
from idp.storage.held import Clock, Connections, Held, make_compiler
from idp.storage.wire import Outcome, Outdated, Wire

T = TypeVar("T")
SEVERAL = 2
Queue = list[tuple[Table, dict[str, Any], bool]]
"""Rows to be written: their table, their values, whether each takes the place of one that is there."""


def detail_text(row: AuditRow) -> str | None:
    """The detail of an audit row as it is stored."""
    return json.dumps(row.detail, default=_plain, separators=(",", ":")) if row.detail else None


def _plain(value: object) -> str:
    """What JSON does not know, as text: keys without their dashes."""
    return value.hex if isinstance(value, UUID) else str(value)


class Transaction:
    """One step: its statements and its queued inserts are committed together or not at all."""

    def __init__(self, wire: Wire, compiler: Compiler, new_id: Callable[[], UUID]) -> None:
        """Over an open connection; `new_id` makes time-ordered keys."""
        self._wire = wire
        self._compiler = compiler
        self.new_id = new_id
        self._queue: Queue = []
        self._conditions: list[tuple[Executable, dict[str, Any]]] = []
        self._finished = False
        self._soon = False
        self.acts: list[tuple[str, str | None]] = []  # tag and client of each audit row

    def add(self, model: Any, **values: Any) -> None:
        """Queue one row; it is written just before the commit."""
        self._queue.append((model.__table__, values, False))

    def put(self, model: Any, **values: Any) -> None:
        """Queue one row that takes the place of the one with the same primary key, if there is one."""
        self._queue.append((model.__table__, values, True))

    def only_while(self, model: Any, **values: Any) -> None:
        """Let the queued rows be written only while a row with these values is there; else the step is Outdated.

        On PostgreSQL that is a part of the one statement which writes them. For steps that do nothing else.
        """
        still = queued.still(model.__table__, tuple(values))
        self._conditions.append((still, {f"{name}_still": v for name, v in values.items()}))

    def only_if(self, statement: Update, **values: Any) -> None:
        """Let the queued rows be written only if `statement` changes a row; else the step is Outdated.

        On PostgreSQL all are one statement, which is why every value of `statement` is bound by name. Of several such
        conditions each must change a row, or none does. What else the step has done may hold all the same: for steps
        that only looked before.
        """
        self._conditions.append((statement, values))

    def need_not_wait(self) -> None:
        """Let the step hold before it is on the disk, where one statement under conditions writes all of it.

        For steps of which nothing is seen outside but through a later one that waits; see `queued.SOON`.
        """
        self._soon = True

    def record(self, row: AuditRow) -> None:
        """Queue the audit row of the act that this transaction performs."""
        self.tell(row.event.tag, row.client)
        self.add(
            models.AuditEvent,
            id=self.new_id(),
            at=row.at,
            event=row.event.tag,
            person_id=row.person,
            client_id=row.client,
            detail=detail_text(row),
        )

    def tell(self, tag: str, client_id: str | None) -> None:
        """Let an act be counted whose audit row a statement of its own writes."""
        self.acts.append((tag, client_id))

    @property
    def recorded(self) -> list[str]:
        """The tags of the audit rows."""
        return [tag for tag, _ in self.acts]

    @property
    def dialect(self) -> str:
        """`postgresql` or `sqlite`."""
        return self._compiler.dialect

    def one(self, statement: Executable, **values: Any) -> Row[Any] | None:
        """The first row that `statement` yields, or None."""
        rows = self._execute(statement, values).rows
        return rows[0] if rows else None

    def all(self, statement: Executable, **values: Any) -> list[Row[Any]]:
        """Every row that `statement` yields; the statement itself carries the limit."""
        return self._execute(statement, values).rows

    def run(self, statement: Executable, **values: Any) -> int:
        """Execute, and tell how many rows it touched."""
        return self._execute(statement, values).touched

    def _execute(self, statement: Executable, values: dict[str, Any]) -> Outcome:
        return self._wire.execute(*self._compiler.ready(statement, values))

    def each(self, *several: tuple[Executable, dict[str, Any]]) -> list[list[Row[Any]]]:
        """The rows of each of several statements, none of which needs another's: they travel together."""
        ready = [self._compiler.ready(statement, values) for statement, values in several]
        return [outcome.rows for outcome in self._wire.execute_all(ready)]

    def finish(self, *several: tuple[Executable, dict[str, Any]]) -> list[list[Row[Any]]]:
        """The same, and the commit travels with them: the step is over. For one that has queued nothing."""
        assert not self._queue, "what is queued would be lost"
        assert not self._conditions
        ready = [self._compiler.ready(statement, values) for statement, values in several]
        outcomes = self._wire.finish(ready)
        self._finished = True
        return [outcome.rows for outcome in outcomes]

    def flush(self) -> None:
        """Write what is queued."""
        last = self._queued()
        if last is not None:
            self._wire.execute(*last)

    def commit(self) -> None:
        """Write what is queued and make the whole step hold. Raises Outdated; see `only_while`."""
        if self._finished:
            return
        if self.dialect != "postgresql" or not self._queue:
            self._meet_conditions()
        try:
            touched = self._wire.commit(self._queued())
        except DivisionByZero:
            if len(self._conditions) < SEVERAL:
                raise
            raise Outdated from None  # one of them changed nothing: see `queued.together_while`
        if self._conditions and touched == 0:
            raise Outdated

    def _meet_conditions(self) -> None:
        """Each by itself, before what is queued. Raises Outdated."""
        conditions, self._conditions = self._conditions, []
        for condition, values in conditions:
            outcome = self._execute(condition, values)
            if not outcome.rows and outcome.touched < 1:
                raise Outdated

    def _queued(self) -> tuple[Compiled, list[Any]] | None:
        """The last statement of what is queued; the others, where it takes several, are written."""
        queue, self._queue = self._queue, []
        if not queue:
            return None
        if self.dialect == "postgresql":
            return self._compiler.ready(*self._as_one(queue))
        *first, last = [(queued.alone(table, tuple(values), replaces), values) for table, values, replaces in queue]
        for statement, values in first:
            self._execute(statement, values)
        return self._compiler.ready(*last)

    def _as_one(self, queue: Queue) -> tuple[Executable, dict[str, Any]]:
        """One statement for all of a queue, under the conditions of this step, and its values."""
        shape, values = [], {}
        for i, (table, row, replaces) in enumerate(queue):
            shape.append((table, tuple(row), replaces))
            for name, value in row.items():
                values[f"{name}_{i}"] = value
        if not self._conditions:
            return queued.together(tuple(shape)), values
        conditions = []
        for condition, still in self._conditions:
            conditions.append(condition)
            values |= still
        return queued.together_while(tuple(shape), tuple(conditions), soon=self._soon), values


class Scope(threading.local):
    """What one request of one thread holds: its connection, its open step, what it has looked up."""

    open: bool = False
    held: Held | None = None
    step: Transaction | None = None
    known: dict[Any, Any]


class Database:
    """The engine, and the two ways to use it: `begin` for a step that writes, `read` for one that does not.

    Within `request` everything shares one connection, and what is looked up through `once` is looked up once. A
    thread never holds two connections, so a full pool can make requests wait but never each other.
    """

    def __init__(self, engine: Engine, new_id: Callable[[], UUID], clock: Clock | None = None) -> None:
        """Over an engine that `open_database` made. With a clock, connections stay out of its pool between steps."""
        self.engine = engine
        self.new_id = new_id
        self._compiler = make_compiler(engine)
        self.connections = Connections(engine, clock)
        self.committed: Callable[[list[str]], None] | None = None  # told the tags of the audit rows of each step
        self.uncounted: Callable[[str], bool] = lambda _client: False  # clients whose acts are not told
        self.traced: Callable[[AbstractContextManager[Transaction]], AbstractContextManager[Transaction]] | None = None
        self._scope = Scope()

    def open_request(self) -> None:
        """From here on this thread serves one request."""
        self.close_request()
        self._scope.open, self._scope.known = True, {}

    def close_request(self) -> None:
        """The request is over, well or badly."""
        self.stop_reading()
        self._scope.open, self._scope.step, self._scope.known = False, None, {}

    def once(self, key: object, look: Callable[[], T]) -> T:
        """`look()`, called at most once a request for the same key."""
        if not self._scope.open:
            return look()
        known = self._scope.known
        if key not in known:
            known[key] = look()
        found: T = known[key]
        return found

    def forget(self, key: object) -> Any:
        """Forget what `once` has looked up, because it changes; returns it, or None."""
        return self._scope.known.pop(key, None) if self._scope.open else None

    def begin(self) -> AbstractContextManager[Transaction]:
        """A write transaction: committed at the end of the block, rolled back if it raises.

        Raises AlreadyTaken when a unique index refuses what was written.
        """
        step = Writing(self, self._scope)
        return step if self.traced is None else self.traced(step)

    def tell_committed(self, step: Transaction) -> None:
        """Tell who counts what a step has recorded."""
        if self.committed is not None and step.acts:
            self.committed([tag for tag, of in step.acts if of is None or not self.uncounted(of)])

    def act(self, statement: Executable, **values: Any) -> list[Row[Any]]:
        """A step that is one statement: neither BEGIN nor COMMIT travels. The rows that it returns."""
        assert self._scope.step is None, "a step within a step"
        with self.read() as alone:
            return alone.all(statement, **values)

    def act_together(self, *several: tuple[Executable, dict[str, Any]]) -> list[list[Row[Any]]]:
        """A step of several statements, none of which needs another's: all hold, or none. The rows of each.

        On PostgreSQL it is one round trip: what travels together is a transaction without BEGIN and COMMIT (§55.2.4).
        """
        assert self._scope.step is None, "a step within a step"
        with self.read() if self.engine.dialect.name == "postgresql" else self.begin() as step:
            return step.each(*several)

    def read(self) -> AbstractContextManager[Transaction]:
        """Statements that only read, each by itself: no BEGIN and no COMMIT travel."""
        return Reading(self, self._scope)

    def transaction(self, wire: Wire) -> Transaction:
        """What runs statements over a connection."""
        return Transaction(wire, self._compiler, self.new_id)

    def hold(self) -> Held:
        """The connection of this request, or one for a single block outside of any."""
        held = self._scope.held
        if held is None:
            held = self.connections.take()
            if self._scope.open:
                self._scope.held = held
        return held

    def let_go(self, held: Held) -> None:
        """After a block: within a request the connection is kept, unless it broke."""
        if self._scope.held is held and not held.wire.broken:
            return
        if self._scope.held is held:
            self._scope.held = None
        self.connections.give(held)

    def stop_reading(self) -> None:
        """Give the connection back, before waiting for somebody else; the next read takes one again."""
        held, self._scope.held = self._scope.held, None
        if held is not None:
            self.connections.give(held)


class Reading(AbstractContextManager[Transaction]):
    """The block of `Database.read`."""

    __slots__ = ("_database", "_held", "_scope")

    def __init__(self, database: Database, scope: Scope) -> None:
        """Nothing is held yet."""
        self._database, self._scope = database, scope
        self._held: Held | None = None

    def __enter__(self) -> Transaction:
        """The step that is open, or a connection of its own."""
        if self._scope.step is not None:
            return self._scope.step
        self._held = self._database.hold()
        return self._database.transaction(self._held.wire)

    def __exit__(self, *_error: object) -> None:
        """Let go of what was taken."""
        if self._held is not None:
            self._database.let_go(self._held)


class Writing(AbstractContextManager[Transaction]):
    """The block of `Database.begin`."""

    __slots__ = ("_database", "_held", "_scope", "_step")

    def __init__(self, database: Database, scope: Scope) -> None:
        """Nothing is held yet."""
        self._database, self._scope = database, scope

    def __enter__(self) -> Transaction:
        """Begin."""
        assert self._scope.step is None, "a step within a step"
        held = self._held = self._database.hold()
        try:
            held.wire.begin()
        except BaseException:
            self._end(held)
            raise
        self._step = self._scope.step = self._database.transaction(held.wire)
        return self._step

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        """Make all of it hold, or nothing; then tell who counts."""
        held, step, whole = self._held, self._step, False
        try:
            if kind is None:
                step.commit()
                whole = True
        finally:
            self._end(held, whole=whole)
        if whole:
            self._database.tell_committed(step)

    def _end(self, held: Held, *, whole: bool = False) -> None:
        if not whole:
            held.wire.rollback()
        self._scope.step = None
        self._database.let_go(held)
