"""A registry in a real SQLite file, with only the tables that registrations touch."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from uuid import UUID

from flask import Flask

from idp.settings import Settings
from idp.storage import Database, open_database
from idp.storage.models import AuditEvent, Base, ClientRow, InitialAccessToken
from idp.storage.models_engineers import CheckedRequest, ClientDeadline, ClientEngineer

TABLES = (ClientRow, InitialAccessToken, AuditEvent, ClientEngineer, ClientDeadline, CheckedRequest)


@contextmanager
def sqlite_registry(directory: Path) -> Iterator[Database]:
    """An empty registry below `directory`."""
    ids = count(1)
    settings = Settings(database_url=f"sqlite:///{directory / 'idp.sqlite3'}")
    database = open_database(Flask("registry"), settings, lambda: UUID(int=next(ids)))
    Base.metadata.create_all(database.engine, tables=[m.__table__ for m in TABLES])
    try:
        yield database
    finally:
        database.engine.dispose()
