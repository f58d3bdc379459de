"""Statements on SQLite: `BEGIN IMMEDIATE`, so that a writer waits at its start instead of failing in its middle."""

import contextlib
import sqlite3
from collections.abc import Sequence
from typing import Any

from idp.storage.compiled import Compiled, Processor
from idp.storage.wire import AlreadyTaken, Outcome


class SqliteWire:
    """One connection of the standard library's driver, which keeps compiled statements by itself."""

    broken = False

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Over a connection, which from here on opens no transactions of its own."""
        connection.isolation_level = None
        self._connection = connection

    def begin(self) -> None:
        """Take the one write lock, waiting for it."""
        self._connection.execute("BEGIN IMMEDIATE")

    def execute(self, compiled: Compiled, values: list[Any]) -> Outcome:
        """Run one statement to its end: a half-read one would hold the database."""
        _convert(values, compiled.bind)
        try:
            cursor = self._connection.execute(compiled.text, values)
            found = cursor.fetchall()
        except sqlite3.IntegrityError as error:
            # The driver's text names columns; only the kind of failure goes on.
            raise AlreadyTaken(type(error).__name__) from None
        if not found:
            return Outcome([], cursor.rowcount)
        row = compiled.reader(lambda: [column[0] for column in cursor.description])
        if row is tuple and not compiled.load:
            return Outcome(found, cursor.rowcount)
        return Outcome([row(_converted(one, compiled.load)) for one in found], cursor.rowcount)

    def execute_all(self, several: Sequence[tuple[Compiled, list[Any]]]) -> list[Outcome]:
        """Run several statements, one after another: no server is far away."""
        return [self.execute(*one) for one in several]

    def commit(self, last: tuple[Compiled, list[Any]] | None) -> int:
        """Write out and let go of the lock."""
        touched = self.execute(*last).touched if last is not None else 0
        self._connection.execute("COMMIT")
        return touched

    def finish(self, several: Sequence[tuple[Compiled, list[Any]]]) -> list[Outcome]:
        """Run them, write out and let go of the lock."""
        outcomes = self.execute_all(several)
        self.commit(None)
        return outcomes

    def rollback(self) -> None:
        """Let go of the lock; a connection that cannot even do that is closed by the pool."""
        if self._connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")


def _convert(values: list[Any], how: Sequence[tuple[int, Processor]]) -> None:
    for i, process in how:
        if values[i] is not None:
            values[i] = process(values[i])


def _converted(row: Sequence[Any], how: Sequence[tuple[int, Processor]]) -> Sequence[Any]:
    if not how:
        return row
    values = list(row)
    _convert(values, how)
    return values
