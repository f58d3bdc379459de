"""Connections taken out of the engine's pool, each with the wire that was made for it when it was new.

The pool opens them, bounds them, and renews them when they are old. Between two steps they lie beside it: taking one
out of the pool and putting it back costs as much as a statement.
"""

import threading
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Engine, event

from idp.storage.compiled import Compiler
from idp.storage.postgresql import PostgresqlWire
from idp.storage.sqlite import SqliteWire
from idp.storage.wire import Wire

#: Then the pool sees a connection again, and may find it too old.
ASIDE_SECONDS: Final = 300

Clock = Callable[[], int]
"""Epoch seconds."""


class Held:
    """One connection out of the pool, until it is released."""

    def __init__(self, engine: Engine, since: int = 0, generation: int = 0) -> None:
        """Take one at `since`, waiting for it. Raises what SQLAlchemy raises when there is none."""
        self.since = since
        self.generation = generation
        self._engine = engine
        self._connection = engine.raw_connection()
        self.wire = self._wire()

    def release(self) -> None:
        """Give it back; one whose server has gone takes the others with it, which are as old."""
        if self.wire.broken:
            self._connection.invalidate()
            self._engine.dispose()
        else:
            self._connection.close()

    def close(self) -> None:
        """Close it for good."""
        self._connection.invalidate()

    def _wire(self) -> Wire:
        kept = self._connection.info  # emptied when the pool opens a new connection in its place
        if "wire" not in kept:
            driver: Any = self._connection.dbapi_connection
            kept["wire"] = PostgresqlWire(driver) if self._engine.dialect.name == "postgresql" else SqliteWire(driver)
        wire: Wire = kept["wire"]
        return wire


class Connections:
    """The connections of one engine, taken and given back by its threads. The one used last goes first."""

    def __init__(self, engine: Engine, clock: Clock | None) -> None:
        """None is opened yet; without a clock none lies aside. Those that do are closed with the engine."""
        self._engine = engine
        self._clock = clock
        self._aside: list[Held] = []
        self._waiting = 0
        self._generation = 0  # how often the engine has closed what it had
        self._lock = threading.Lock()
        event.listen(engine, "engine_disposed", self._close)

    @property
    def in_use(self) -> int:
        """How many are held by somebody now."""
        pool: Any = self._engine.pool
        return int(pool.checkedout()) - len(self._aside)

    def take(self) -> Held:
        """One that lies aside, or one out of the pool, waiting for it. Raises as `Held` does."""
        now = self._clock() if self._clock is not None else 0
        with self._lock:
            aside = self._aside.pop() if self._aside else None
            if aside is not None and 0 <= now - aside.since < ASIDE_SECONDS:
                return aside
            self._waiting += 1  # from here on whoever has done puts theirs where this thread waits
            generation = self._generation
        try:
            if aside is not None:
                aside.release()
            return Held(self._engine, now, generation)
        finally:
            with self._lock:
                self._waiting -= 1

    def give(self, held: Held) -> None:
        """Let others have it. One that was out when the engine closed all others follows them: it is as old."""
        with self._lock:
            outlived = held.generation != self._generation
            if not outlived and self._clock is not None and not self._waiting and not held.wire.broken:
                self._aside.append(held)
                return
        if outlived:
            held.close()
        else:
            held.release()

    def _close(self, _engine: Engine) -> None:
        with self._lock:
            aside, self._aside = self._aside, []
            self._generation += 1
        for held in aside:
            held.close()


def make_compiler(engine: Engine) -> Compiler:
    """What compiles for the wires of `engine`: with `$1` on PostgreSQL, which libpq takes as it is."""
    kind: Any = type(engine.dialect)
    return Compiler(kind(paramstyle="numeric_dollar") if engine.dialect.name == "postgresql" else engine.dialect)
