"""Ending sessions, and who must hear of it: every client that a code was issued to in the session.

A code that was not redeemed counts as well: it may be redeemed at this very moment, and being told of the end
of an unknown session harms no service.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, bindparam, select, update
from sqlalchemy.engine import Row

from idp.keys.handles import Presented
from idp.storage.database import Transaction
from idp.storage.models import Grant, Passkey
from idp.storage.models import Session as SessionRow

MOST_CLIENTS = 200  # of one session; nobody visits more services in its twelve hours

_OPEN = select(SessionRow.id, SessionRow.person_id).where(
    SessionRow.id == bindparam("row"), SessionRow.digest == bindparam("session"), SessionRow.ended_at.is_(None)
)
_END = (
    update(SessionRow)
    .where(SessionRow.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
    .returning(SessionRow.id, SessionRow.person_id)
)
_END_ONE = _END.where(SessionRow.id == bindparam("row"))
_OF_PERSON = _END.where(SessionRow.person_id == bindparam("person"))
_END_OWN = _OF_PERSON.where(SessionRow.id == bindparam("row"))
_OF_PASSKEY = _OF_PERSON.where(SessionRow.passkey_id == bindparam("passkey"))
_OF_CREDENTIAL = _OF_PERSON.where(
    SessionRow.passkey_id.in_(select(Passkey.id).where(Passkey.credential_id == bindparam("credential")))
)
_CLIENTS = (
    select(Grant.client_id)
    .where(Grant.person_id == bindparam("person"), Grant.session_id == bindparam("session"))
    .distinct()
    .order_by(Grant.client_id)
    .limit(MOST_CLIENTS)
)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that nobody has ended, whether it may still act or has idled out: services may live on it."""

    id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class EndedSession:
    """A session that this transaction ended, and the clients that knew it."""

    id: UUID
    person_id: UUID
    clients: tuple[str, ...]


class SessionEnds:
    """Verbs within one transaction. Each ends only what had not ended, so nobody is told twice."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def find(self, session: Presented) -> OpenSession | None:
        """The session of a cookie, unless it was ended."""
        row = self._transaction.one(_OPEN, row=session.id, session=session.digest)
        return OpenSession(row.id, row.person_id) if row else None

    def end(self, session: UUID, now: int) -> list[EndedSession]:
        """End one session, and with it the use of its tokens. Empty when it had ended."""
        return self._end(_END_ONE, row=session, now=now)

    def end_own(self, session: UUID, person: UUID, now: int) -> list[EndedSession]:
        """End one session of this person; another person's does not exist for them."""
        return self._end(_END_OWN, row=session, person=person, now=now)

    def of_person(self, person: UUID, now: int) -> list[EndedSession]:
        """End every session of a person."""
        return self._end(_OF_PERSON, person=person, now=now)

    def of_credential(self, person: UUID, credential: UUID, now: int) -> list[EndedSession]:
        """End every session that a passkey of this credential opened."""
        return self._end(_OF_CREDENTIAL, person=person, credential=credential, now=now)

    def of_passkey(self, person: UUID, passkey: UUID, now: int) -> list[EndedSession]:
        """End every session that this passkey opened."""
        return self._end(_OF_PASSKEY, person=person, passkey=passkey, now=now)

    def _end(self, statement: Executable, **values: Any) -> list[EndedSession]:
        ended: list[Row[Any]] = self._transaction.all(statement, **values)
        return [EndedSession(row.id, row.person_id, self._clients(row)) for row in ended]

    def _clients(self, ended: Row[Any]) -> tuple[str, ...]:
        rows = self._transaction.all(_CLIENTS, person=ended.person_id, session=ended.id)
        return tuple(row.client_id for row in rows)
