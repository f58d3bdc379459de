"""A connection taken out of the engine's pool, with the wire that was made for it when it was new."""

from typing import Any

from sqlalchemy import Engine

from idp.storage.compiled import Compiler
from idp.storage.postgresql import PostgresqlWire
from idp.storage.sqlite import SqliteWire
from idp.storage.wire import Wire


class Held:
    """One connection out of the pool, until it is released."""

    def __init__(self, engine: Engine) -> None:
        """Take one, waiting for it. Raises what SQLAlchemy raises when there is none."""
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

    def _wire(self) -> Wire:
        kept = self._connection.info  # emptied when the pool opens a new connection in its place
        if "wire" not in kept:
            driver: Any = self._connection.dbapi_connection
            kept["wire"] = PostgresqlWire(driver) if self._engine.dialect.name == "postgresql" else SqliteWire(driver)
        wire: Wire = kept["wire"]
        return wire


def make_compiler(engine: Engine) -> Compiler:
    """What compiles for the wires of `engine`: with `$1` on PostgreSQL, which libpq takes as it is."""
    kind: Any = type(engine.dialect)
    return Compiler(kind(paramstyle="numeric_dollar") if engine.dialect.name == "postgresql" else engine.dialect)
