"""Opening the database, and the transaction that every step of the provider is.

SQLite: WAL, `BEGIN IMMEDIATE` (a writer waits at its start instead of failing in its middle), full sync.
PostgreSQL: a pool per worker, READ COMMITTED; a row that must be taken once is taken by one UPDATE.

Inserts are queued with `Transaction.add` and leave together just before the commit: on PostgreSQL as one
statement (a chain of data-modifying CTEs), on SQLite one after another, because it has none.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection, Engine, Executable, Table, bindparam, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError, OperationalError

from idp.audit.catalogue import AuditRow
from idp.settings import Settings
from idp.storage import models

T = TypeVar("T")


class DatabaseUnavailable(Exception):
    """The database cannot be opened; the message is one line for the operator."""


def _plain(value: object) -> str:
    """What JSON does not know, as text: keys without their dashes."""
    return value.hex if isinstance(value, UUID) else str(value)


class AlreadyTaken(Exception):
    """A unique value of the step is there already: somebody else was faster, or sent the same thing twice."""


class Transaction:
    """One step: its statements and its queued inserts are committed together or not at all."""

    def __init__(self, connection: Connection, new_id: Callable[[], UUID]) -> None:
        """Over an open connection; `new_id` makes time-ordered keys."""
        self.connection = connection
        self.new_id = new_id
        self._queue: list[tuple[Table, dict[str, Any], bool]] = []
        self.recorded: list[str] = []  # tags of the audit rows

    def add(self, model: Any, **values: Any) -> None:
        """Queue one row; it is written just before the commit."""
        self._queue.append((model.__table__, values, False))

    def put(self, model: Any, **values: Any) -> None:
        """Queue one row that takes the place of the one with the same primary key, if there is one."""
        self._queue.append((model.__table__, values, True))

    def record(self, row: AuditRow) -> None:
        """Queue the audit row of the act that this transaction performs."""
        self.recorded.append(row.event.tag)
        self.add(
            models.AuditEvent,
            id=self.new_id(),
            at=row.at,
            event=row.event.tag,
            person_id=row.person,
            client_id=row.client,
            detail=json.dumps(row.detail, default=_plain, separators=(",", ":")) if row.detail else None,
        )

    def one(self, statement: Executable, **values: Any) -> Row[Any] | None:
        """The first row that `statement` yields, or None."""
        return self.connection.execute(statement, values).first()

    def all(self, statement: Executable, **values: Any) -> list[Row[Any]]:
        """Every row that `statement` yields; the statement itself carries the limit."""
        return list(self.connection.execute(statement, values))

    def run(self, statement: Executable, **values: Any) -> int:
        """Execute, and tell how many rows it touched."""
        return self.connection.execute(statement, values).rowcount

    def flush(self) -> None:
        """Write what is queued."""
        queue, self._queue = self._queue, []
        if not queue:
            return
        if self.connection.dialect.name == "postgresql":
            shape = tuple((table, tuple(values), replaces) for table, values, replaces in queue)
            merged = {f"{name}_{i}": v for i, (_, values, _) in enumerate(queue) for name, v in values.items()}
            self.connection.execute(_together(shape), merged)
            return
        for table, values, replaces in queue:
            self.connection.execute(_alone(table, tuple(values), replaces), values)


@lru_cache(maxsize=256)
def _alone(table: Table, names: tuple[str, ...], replaces: bool) -> Executable:
    """One row into one table, on SQLite."""
    statement = sqlite.insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in names})
    if not replaces:
        return statement
    changed = {name: statement.excluded[name] for name in names if not table.c[name].primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed)


@lru_cache(maxsize=256)
def _together(shape: tuple[tuple[Table, tuple[str, ...], bool], ...]) -> Executable:
    """One statement that puts a row into each of several tables (PostgreSQL §7.8.4)."""
    *first, last = [_one_of(i, table, names, replaces) for i, (table, names, replaces) in enumerate(shape)]
    for i, each in enumerate(first):
        last = last.add_cte(each.cte(f"added_{i}"))
    return last


def _one_of(place: int, table: Table, names: tuple[str, ...], replaces: bool) -> postgresql.Insert:
    values = {name: bindparam(f"{name}_{place}", type_=table.c[name].type) for name in names}
    statement = postgresql.insert(table).values(values)
    if not replaces:
        return statement
    changed = {name: statement.excluded[name] for name in names if not table.c[name].primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed)


class Scope(threading.local):
    """What one request of one thread holds: its connection for reading, its open step, what it has looked up."""

    open: bool = False
    reading: Connection | None = None
    step: Transaction | None = None
    known: dict[Any, Any]


class Database:
    """The engine, and the two ways to use it: `begin` for a step that writes, `read` for one that does not.

    Within `request` the reads share one connection, and what is looked up through `once` is looked up once. A
    thread never holds two connections: the reading one goes back before a step begins, and a read inside a step
    uses the step's own, so a full pool can make requests wait but never each other.
    """

    def __init__(self, engine: Engine, new_id: Callable[[], UUID]) -> None:
        """Over an engine that `open_database` made."""
        self.engine = engine
        self.new_id = new_id
        self.committed: Callable[[list[str]], None] | None = None  # told the tags of the audit rows of each step
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

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A write transaction: committed at the end of the block, rolled back if it raises.

        Raises AlreadyTaken when a unique index refuses what was written.
        """
        self.stop_reading()
        try:
            with self.engine.begin() as connection:
                step = self._scope.step = Transaction(connection, self.new_id)
                yield step
                step.flush()
            if self.committed is not None and step.recorded:
                self.committed(step.recorded)
        except IntegrityError as error:
            # The driver's text quotes values; only the kind of failure goes on.
            raise AlreadyTaken(type(error.orig).__name__) from None
        finally:
            self._scope.step = None

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Statements that only read, each by itself: no BEGIN and no COMMIT travel."""
        if self._scope.step is not None:
            yield self._scope.step
        elif self._scope.open:
            yield Transaction(self._start_reading(), self.new_id)
        else:
            with self._reading_engine.connect() as connection:
                yield Transaction(connection, self.new_id)

    def _start_reading(self) -> Connection:
        if self._scope.reading is None:
            self._scope.reading = self._reading_engine.connect()
        return self._scope.reading

    def stop_reading(self) -> None:
        """Give the connection for reading back, before waiting for somebody else; the next read takes one again."""
        reading, self._scope.reading = self._scope.reading, None
        if reading is not None:
            reading.close()

    @cached_property
    def _reading_engine(self) -> Engine:
        return self.engine.execution_options(isolation_level="AUTOCOMMIT")


def open_database(app: Flask, settings: Settings, new_id: Callable[[], UUID]) -> Database:
    """Bind Flask-SQLAlchemy to `app` and hand out its engine. Creates the directory of an SQLite file."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = (
        {"connect_args": {"timeout": 15, "check_same_thread": False}}
        if settings.is_sqlite
        else {
            "pool_size": settings.database_pool,
            "max_overflow": 0,
            "pool_timeout": 10,
            "pool_recycle": 1800,
        }
    )
    models.db.init_app(app)
    with app.app_context():
        engine = models.db.engine
    if settings.is_sqlite:
        _create_private(engine)
        _prepare_sqlite(engine)
    _try(engine)
    return Database(engine, new_id)


def _create_private(engine: Engine) -> None:
    """Create the file of a new SQLite database so that only its owner reads it."""
    path = Path(engine.url.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DatabaseUnavailable(f"cannot open the database {path}: {error.strerror}") from error


def _try(engine: Engine) -> None:
    """Connect once, so that a database that is not there is told in one line. Raises DatabaseUnavailable."""
    try:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect():
            pass
    except OperationalError as error:
        shown = engine.url.render_as_string(hide_password=True)
        why = " ".join(str(error.orig).split())[:300]
        raise DatabaseUnavailable(f"cannot open the database {shown}: {why}") from None


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not open transactions of its own
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Autocommit is for reads: there is nothing to begin.
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
