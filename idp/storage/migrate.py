"""Bringing the schema up to date, and refusing to run on one that is not.

Migrations only add (expand), move data, and remove what no running code reads (contract), so that old and new
workers run beside each other while one is rolled out.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from idp.storage.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"


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
    """Raise OutdatedSchema unless the schema is exactly the one of this version."""
    with database.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
    if found != _head():
        raise OutdatedSchema(
            f"the database is at {found or 'nothing'}, this version needs {_head()}: run `idp migrate`"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _head() -> str:
    return str(ScriptDirectory(str(MIGRATIONS)).get_current_head())
