"""Bringing the schema up to date, and refusing to run on one that is not.

Migrations only add (expand), move data, and remove what no running code reads (contract), so that old and new
workers run beside each other while one is rolled out.
"""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from idp.storage.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"


log = logging.getLogger(__name__)


class OutdatedSchema(Exception):
    """The database does not have the schema of this version; `idp migrate` brings it up to date."""


def migrate(database: Database) -> str:
    """Bring the schema up to date; returns its revision. Repeating it changes nothing."""
    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return _head()


def refuse_outdated(database: Database) -> None:
    """Raise OutdatedSchema unless the schema has everything that this version knows.

    A revision that is not known here is that of a newer version: its migration only added, so a worker of this
    version may still start beside the new ones while they are rolled out, or after they were taken back.
    """
    with database.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
    if found == _head():
        return
    if found is None or found in {script.revision for script in _scripts().walk_revisions()}:
        raise OutdatedSchema(
            f"the database is at {found or 'nothing'}, this version needs {_head()}: run `idp migrate`"
        )
    log.warning("the database has the schema of a newer version")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def _head() -> str:
    return str(_scripts().get_current_head())
