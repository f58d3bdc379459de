"""Bringing the schema up to date; `schema` refuses to run on one that is not.

Migrations only add (expand), move data, and remove what no running code reads (contract), so that old and new
workers run beside each other while one is rolled out.
"""

from alembic import command
from alembic.config import Config

from idp.storage.database import Database
from idp.storage.schema import MIGRATIONS, head


def migrate(database: Database) -> str:
    """Bring the schema up to date; returns its revision. Repeating it changes nothing."""
    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
