"""The only room that knows SQL: tables, transactions and one small store per noun.

Every verb that takes a one-time thing is one atomic statement, so that exactly one caller wins on SQLite and
on PostgreSQL alike. README.md says how a step becomes one transaction.
"""

from idp.storage import models_audit, models_proposals  # noqa: F401 (their tables are known to whoever asks for all of them)
from idp.storage.database import Database, Transaction
from idp.storage.opening import DatabaseUnavailable, open_database
from idp.storage.wire import AlreadyTaken, Outdated

__all__ = ["AlreadyTaken", "Database", "DatabaseUnavailable", "Outdated", "Transaction", "open_database"]
