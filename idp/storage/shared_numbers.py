"""Who has a number: counted so that no race lets one person too many have it."""

from uuid import UUID

from sqlalchemy import BigInteger, bindparam, func, select

from idp.storage.database import Transaction
from idp.storage.models import Phone

MOST_SHOWN = 20

_HOLDERS = select(Phone.person_id).where(Phone.fingerprint == bindparam("value")).distinct().limit(MOST_SHOWN)
# Held until the transaction ends (PostgreSQL §13.3.5).
_LOCK = select(func.pg_advisory_xact_lock(bindparam("key", type_=BigInteger)))


def holders_of(reading: Transaction, fingerprint: bytes) -> set[UUID]:
    """The people who have the number with this fingerprint now."""
    return {row.person_id for row in reading.all(_HOLDERS, value=fingerprint)}


def holders_in_turn(transaction: Transaction, fingerprint: bytes) -> set[UUID]:
    """The same for a step that gives the number to one more: of several such steps one counts after the other.

    SQLite has one step that writes at a time; PostgreSQL is told to wait for the others that want this number.
    """
    if transaction.dialect == "postgresql":
        transaction.one(_LOCK, key=int.from_bytes(fingerprint[:8], "big", signed=True))
    return holders_of(transaction, fingerprint)
