"""Identifiers accepted at most once (the `jti` of client assertions): inserted, or refused."""

from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite

from idp.storage.database import Transaction
from idp.storage.models import UsedOnce

_TAKE = {
    dialect: module.insert(UsedOnce)
    .values(digest=bindparam("value"), expires_at=bindparam("until"))
    .on_conflict_do_nothing(index_elements=["digest"])
    .returning(UsedOnce.digest)  # a row is what tells: how many rows an INSERT touched is not kept on PostgreSQL
    for dialect, module in (("postgresql", postgresql), ("sqlite", sqlite))
}


def take(transaction: Transaction, digest: bytes, expires_at: int) -> bool:
    """Accept `digest` if nobody did before: of many callers at once exactly one gets True."""
    statement = _TAKE[transaction.dialect]
    return transaction.one(statement, value=digest, until=expires_at) is not None
