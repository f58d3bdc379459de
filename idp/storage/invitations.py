"""Initial access tokens: made and taken back by administrators, used by services that register themselves."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.engine import Row

from idp.audit.catalogue import AuditRow, Event
from idp.keys.handles import Presented, new_handle
from idp.registration.invitation import Invitation
from idp.storage.database import Database, Transaction
from idp.storage.models import InitialAccessToken

MOST_LISTED = 1000

_table = InitialAccessToken.__table__
_usable = (
    InitialAccessToken.uses_left > 0,
    InitialAccessToken.expires_at > bindparam("now"),
)
_presented = (
    InitialAccessToken.id == bindparam("row"),
    InitialAccessToken.digest == bindparam("presented"),
    *_usable,
)
_FIND = select(_table).where(*_presented)
_TAKE = update(InitialAccessToken).where(*_presented).values(uses_left=InitialAccessToken.uses_left - 1)
_ALL = select(_table).where(*_usable).order_by(InitialAccessToken.id).limit(MOST_LISTED)


class Invitations:
    """All initial access tokens."""

    def __init__(self, database: Database, random_bytes: Callable[[int], bytes]) -> None:
        """Nothing is kept in memory."""
        self._database = database
        self._random_bytes = random_bytes

    def invite(self, *, note: str, uses: int, lab: bool, now: int, expires_at: int) -> str:
        """A new initial access token; its text is shown once."""
        handle = new_handle(self._database.new_id(), self._random_bytes)
        detail = {"invitation": handle.id, "note": note, "uses": uses, "expires_at": expires_at, "lab": lab}
        with self._database.begin() as step:
            step.add(
                InitialAccessToken,
                id=handle.id,
                digest=handle.digest,
                note=note,
                uses_left=uses,
                lab=lab,
                created_at=now,
                expires_at=expires_at,
            )
            step.record(AuditRow(Event.CLIENT_INVITED, now, detail=detail))
        return handle.text

    def list(self, now: int) -> list[Invitation]:
        """Those that can still be used, oldest first."""
        with self._database.read() as reading:
            return [_read(row) for row in reading.all(_ALL, now=now)]

    def remove(self, invitation: UUID, now: int) -> bool:
        """Whether there was one to take back."""
        with self._database.begin() as step:
            if step.run(delete(InitialAccessToken).where(InitialAccessToken.id == invitation)) != 1:
                return False
            step.record(AuditRow(Event.CLIENT_DISINVITED, now, detail={"invitation": invitation}))
            return True

    def find(self, presented: Presented, now: int) -> Invitation | None:
        """The invitation, if it can be used now. Uses none of it."""
        with self._database.read() as reading:
            row = reading.one(_FIND, row=presented.id, presented=presented.digest, now=now)
        return None if row is None else _read(row)


def take_invitation(step: Transaction, presented: Presented, now: int) -> bool:
    """Use an invitation once: of many callers at once no more than it has uses left get True."""
    return step.run(_TAKE, row=presented.id, presented=presented.digest, now=now) == 1


def _read(row: Row[Any]) -> Invitation:
    return Invitation(
        id=row.id,
        note=row.note,
        uses_left=row.uses_left,
        lab=row.lab,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
