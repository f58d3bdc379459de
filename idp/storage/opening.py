"""Opening the database: its engine, how long anything is waited for, and one clear line where it cannot be opened.

SQLite: WAL, `BEGIN IMMEDIATE` (a writer waits at its start instead of failing in its middle), full sync.
PostgreSQL: a pool per worker, READ COMMITTED.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.exc import DatabaseError

from idp.settings import Settings
from idp.storage import models
from idp.storage.database import Database
from idp.storage.held import Clock

PATIENCE_SECONDS = 15
"""How long a step waits for what another holds, in either database, before it is told to come again."""
VANISHED = {
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}
"""What libpq does about a machine that went away without a word (PostgreSQL §32.1.2): left alone, the kernel would let
a worker wait for it for a quarter of an hour. The address of the database may say otherwise."""


class DatabaseUnavailable(Exception):
    """The database cannot be opened; the message is one line for the operator."""


def open_database(app: Flask, settings: Settings, new_id: Callable[[], UUID], clock: Clock | None = None) -> Database:
    """Bind Flask-SQLAlchemy to `app` and hand out its engine. Creates the directory of an SQLite file."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = (
        {"connect_args": {"timeout": PATIENCE_SECONDS, "check_same_thread": False}, "pool_reset_on_return": None}
        if settings.is_sqlite
        else {
            "pool_reset_on_return": None,  # every step ends its own transaction
            "pool_size": settings.database_pool,
            "pool_use_lifo": True,  # the one used last has its statements prepared, and its server's caches are warm
            "max_overflow": 0,
            "pool_timeout": 10,
            "pool_recycle": 1800,
            # A driver that prepares by itself throws away whatever is prepared when it rolls back: ours too.
            "connect_args": {**_unsaid(settings.database_url), "prepare_threshold": None},
        }
    )
    models.db.init_app(app)
    app.teardown_appcontext_funcs.clear()  # its session is never opened: there is nothing to close after a request
    with app.app_context():
        engine = models.db.engine
    if settings.is_sqlite:
        _create_private(engine)
        _prepare_sqlite(engine)
    else:
        _prepare_postgresql(engine)
    _try(engine)
    return Database(engine, new_id, clock)


def _unsaid(url: str) -> dict[str, int]:
    """What the address leaves to us of VANISHED."""
    said = make_url(url).query
    return {name: value for name, value in VANISHED.items() if name not in said}


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
        # Not with another isolation level: taking it back would let SQLite's driver open transactions of its own.
        with engine.connect():
            pass
    except DatabaseError as error:  # a file that is no database is one too, and no operational one
        shown = engine.url.render_as_string(hide_password=True)
        why = " ".join(str(error.orig).split())[:300]
        raise DatabaseUnavailable(f"cannot open the database {shown}: {why}") from None


def _prepare_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # Unless the address, the account or the server has a limit of its own.
        connection.execute(
            "SELECT set_config('lock_timeout', %s, false) WHERE current_setting('lock_timeout') = '0'",
            [f"{PATIENCE_SECONDS}s"],
        )
        connection.commit()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not open transactions of its own
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={PATIENCE_SECONDS}000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Autocommit is for reads: there is nothing to begin.
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
