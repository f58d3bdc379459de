"""Statements on PostgreSQL: prepared on the server once a connection, sent through libpq, in few round trips.

A transaction's BEGIN travels with its first statement and its COMMIT with its last (libpq's pipeline mode): each
round trip saved is two awakenings of a process less. A transaction that is one statement needs neither.
"""

import contextlib
import select
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection, DatabaseError, DataError, InterfaceError, OperationalError, errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, Format, PipelineStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from idp.storage.compiled import Compiled
from idp.storage.wire import AlreadyTaken, Outcome

WORTH_PREPARING = 2
INTEGRITY = "23"  # the class of SQLSTATEs, PostgreSQL appendix A
GOOD = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.PIPELINE_SYNC})


class Query(NamedTuple):
    """One statement as libpq takes it: by its name on the server, or by its text."""

    name: bytes
    sql: bytes
    values: list[bytes | None]
    formats: list[int]


_BEGIN = Query(b"idp_begin", b"BEGIN", [], [])
_COMMIT = Query(b"idp_commit", b"COMMIT", [], [])


class PostgresqlWire:
    """One connection, below psycopg's cursors: they take longer than the server does."""

    def __init__(self, connection: Connection[Any]) -> None:
        """Over a connection on which no transaction is open."""
        self._connection = connection
        self._libpq = connection.pgconn
        self._loading = Transformer(connection)
        self._prepared: set[bytes] = set()
        self._begins = False
        for query in (_BEGIN, _COMMIT):
            _check(self._libpq.prepare(query.name, query.sql))

    @property
    def broken(self) -> bool:
        """Whether the server has gone, or something is still open."""
        return self._libpq.status == ConnStatus.BAD or self._libpq.transaction_status != TransactionStatus.IDLE

    def begin(self) -> None:
        """The next statement brings the BEGIN."""
        self._begins = True

    def execute(self, compiled: Compiled, values: list[Any]) -> Outcome:
        """Run one statement."""
        return self._outcome(compiled, self._run(compiled, values))

    def execute_all(self, several: Sequence[tuple[Compiled, list[Any]]]) -> list[Outcome]:
        """Run several statements in one round trip."""
        queries = [self._query(*one) for one in several]
        begun, self._begins = self._begins, False
        results = self._together([_BEGIN, *queries])[1:] if begun else self._together(queries)
        return [self._outcome(compiled, result) for (compiled, _), result in zip(several, results, strict=True)]

    def _outcome(self, compiled: Compiled, result: PGresult) -> Outcome:
        found = result.ntuples
        if not found:
            return Outcome([], result.command_tuples or 0)
        row = compiled.reader(lambda: [(result.fname(i) or b"").decode() for i in range(result.nfields)])
        self._loading.set_pgresult(result)
        return Outcome(self._loading.load_rows(0, found, row), found)

    def commit(self, last: tuple[Compiled, list[Any]] | None) -> int:
        """Run the last statement and the COMMIT in one go. Raises when the server had to undo the transaction."""
        if self._begins:  # nothing was sent yet: the last statement is all there is
            self._begins = False
            return (self._run(*last).command_tuples or 0) if last is not None else 0
        queries = [_COMMIT] if last is None else [self._query(*last), _COMMIT]
        results = self._together(queries)
        _check_committed(results[-1])
        return results[0].command_tuples or 0

    def finish(self, several: Sequence[tuple[Compiled, list[Any]]]) -> list[Outcome]:
        """Run several statements and the COMMIT in one go. One that is refused takes the others back."""
        begun, self._begins = self._begins, False
        if begun and len(several) == 1:  # a transaction by itself
            return [self.execute(*several[0])]
        queries = [self._query(*one) for one in several]
        results = self._together([*([_BEGIN] if begun else []), *queries, _COMMIT])
        _check_committed(results[-1])
        return [
            self._outcome(compiled, result) for (compiled, _), result in zip(several, results[begun:-1], strict=True)
        ]

    def rollback(self) -> None:
        """Undo, if something is open; a connection on which that fails stays broken."""
        self._begins = False
        with contextlib.suppress(DatabaseError, InterfaceError):
            if self._libpq.pipeline_status != PipelineStatus.OFF:  # interrupted: nobody knows what was answered
                self._connection.close()
            elif self._libpq.transaction_status != TransactionStatus.IDLE:
                self._libpq.exec_(b"ROLLBACK")

    def _run(self, compiled: Compiled, values: list[Any]) -> PGresult:
        query = self._query(compiled, values)
        if self._begins:
            self._begins = False
            return self._together([_BEGIN, query])[-1]
        if query.name:
            dumped: Any = query.values  # its type forgets that a value may be NULL
            return _check(self._libpq.exec_prepared(query.name, dumped, query.formats, Format.BINARY))
        return _check(self._libpq.exec_params(query.sql, query.values, None, query.formats, Format.BINARY))

    def _query(self, compiled: Compiled, values: list[Any]) -> Query:
        """The statement, prepared on the server when it is worth it."""
        name, sql = compiled.name, b""
        if name not in self._prepared:
            sql = compiled.text.encode()
            if compiled.uses >= WORTH_PREPARING:
                _check(self._libpq.prepare(name, sql))
                self._prepared.add(name)
            else:
                name = b""
        kinds = list(map(type, values))
        dumps = map(_DUMP.get, kinds)
        dumped = [
            dump(value) if dump is not None else self._dumped(value) for dump, value in zip(dumps, values, strict=True)
        ]
        formats = [int(kind is bytes) for kind in kinds]
        return Query(name, sql, dumped, formats)

    def _dumped(self, value: Any) -> bytes | None:
        """A value of a rarer kind as text, which the server reads as whatever type stands there."""
        if isinstance(value, str):  # an enumeration's member
            return _text(value)
        return bytes(self._loading.get_dumper(value, PyFormat.TEXT).dump(value) or b"")

    def _together(self, queries: list[Query]) -> list[PGresult]:
        """Send all, then read all the answers: one round trip. Raises the first error."""
        libpq = self._libpq
        libpq.enter_pipeline_mode()
        for query in queries:
            if query.name:
                libpq.send_query_prepared(query.name, query.values, query.formats, Format.BINARY)
            else:
                libpq.send_query_params(query.sql, query.values, None, query.formats, Format.BINARY)
        libpq.pipeline_sync()
        results = []
        for _ in queries:
            results.append(self._result())
            self._result()  # None: this answer is whole
        self._synchronised()
        libpq.exit_pipeline_mode()
        return [_check(result) for result in results]

    def _synchronised(self) -> None:
        """Where neither BEGIN nor COMMIT travelled, the server makes things hold here, and may refuse to."""
        result = self._result()
        if result.status != ExecStatus.PIPELINE_SYNC:
            self._connection.close()
            _check(result)

    def _result(self) -> Any:
        """The next answer. Waits without Python's lock: another thread may hold the row we wait for."""
        libpq = self._libpq
        while libpq.flush():  # more than the socket takes at once
            _poll(libpq.socket, select.POLLIN | select.POLLOUT)
            libpq.consume_input()
        while libpq.is_busy():
            _poll(libpq.socket, select.POLLIN)
            libpq.consume_input()
        return libpq.get_result()


def _poll(descriptor: int, wanted: int) -> None:
    poll = select.poll()
    poll.register(descriptor, wanted)
    poll.poll()


def _check(result: PGresult) -> PGresult:
    """The result, if it is one. Raises AlreadyTaken, or the driver's error without the values it would quote."""
    if result.status in GOOD:
        return result
    state = (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()
    try:
        kind = errors.lookup(state)
    except KeyError:  # the connection broke, or the code is newer than the driver
        kind = DatabaseError if state else OperationalError
    if state.startswith(INTEGRITY):
        raise AlreadyTaken(kind.__name__)
    raise kind((result.error_field(DiagnosticField.MESSAGE_PRIMARY) or result.error_message).decode(errors="replace"))


def _check_committed(result: PGresult) -> None:
    if result.command_status != b"COMMIT":
        raise errors.InFailedSqlTransaction("the transaction was undone")


def _text(value: str) -> bytes:
    if "\0" in value:  # the server would end the text there
        raise DataError("text with a NUL character")
    return value.encode()


_DUMP: dict[type, Callable[[Any], bytes | None]] = {
    int: b"%d".__mod__,
    str: _text,
    bytes: bytes,
    UUID: lambda value: b"%032x" % value.int,
    bool: lambda value: b"t" if value else b"f",
    type(None): lambda _: None,
}
