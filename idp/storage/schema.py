"""Which schema this version needs, and which a database has: asked at every start, so without Alembic.

The files of `migrations/versions` are read as text. Alembic itself, a third of a second to import, is there only for
who migrates (`migrate`).
"""

import logging
import re
from functools import cache
from pathlib import Path

from sqlalchemy import inspect, text

from idp.storage.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"
STATED = re.compile(r'^(down_)?revision = (?:None|"([^"]+)")$', re.MULTILINE)

log = logging.getLogger(__name__)


class OutdatedSchema(Exception):
    """The database does not have the schema of this version; `idp migrate` brings it up to date."""


def refuse_outdated(database: Database) -> None:
    """Raise OutdatedSchema unless the schema has everything that this version knows.

    A revision that is not known here is that of a newer version: its migration only added, so a worker of this
    version may still start beside the new ones while they are rolled out, or after they were taken back.
    """
    found = _revision_of(database)
    if found == head():
        return
    if found is None or found in _revisions():
        raise OutdatedSchema(f"the database is at {found or 'nothing'}, this version needs {head()}: run `idp migrate`")
    log.warning("the database has the schema of a newer version")


def head() -> str:
    """The revision that nothing follows: the schema of this version."""
    (last,) = _revisions().keys() - _revisions().values()
    return last


def _revision_of(database: Database) -> str | None:
    """What Alembic wrote down in the database; None where it never was."""
    with database.engine.connect() as connection:
        migrated = inspect(connection).has_table("alembic_version")
        found = connection.scalar(text("SELECT version_num FROM alembic_version")) if migrated else None
        connection.rollback()
    return found


@cache
def _revisions() -> dict[str, str | None]:
    """Every migration of this version, and the one that it follows."""
    return dict(_read(path) for path in (MIGRATIONS / "versions").glob("*.py"))


def _read(path: Path) -> tuple[str, str | None]:
    stated = {down: name or None for down, name in STATED.findall(path.read_text("utf-8"))}
    return str(stated[""]), stated["down_"]
