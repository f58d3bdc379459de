"""Telling a database that is away, full or overrun from a fault of ours: the one passes by itself."""

import sqlite3

import psycopg
from sqlalchemy import exc

AWAY = (
    psycopg.OperationalError,  # gone, shutting down, out of connections, a disk that is full, a lock not got
    psycopg.InterfaceError,  # a connection that broke under us
    psycopg.errors.ReadOnlySqlTransaction,  # a standby
    exc.InterfaceError,
    exc.TimeoutError,  # no connection of the pool became free
)
BUSY_OR_FULL = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
    }
)


def is_away(error: BaseException) -> bool:
    """Whether the same request may succeed in a moment."""
    if isinstance(error, exc.OperationalError) and error.orig is not None:
        return is_away(error.orig)
    if isinstance(error, sqlite3.OperationalError):  # the driver's name for mistakes in a statement too
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in BUSY_OR_FULL
    return isinstance(error, AWAY)
