"""The outbox as operators handle it: what waits, what was given up, trying again, letting go.

A row that was given up has lost its content, so that it cannot be sent any more: it can be looked at and let go. What
still waits can be tried at once, or let go.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update

from idp.audit.catalogue import AuditRow, Event
from idp.staff.actor import OPERATOR, Actor
from idp.storage.database import Database, Transaction
from idp.storage.models import OutboxRow
from idp.storage.outbox import Standing

ON_A_PAGE = 100
HIGHEST = UUID(int=(1 << 128) - 1)

_OUTBOX = OutboxRow.__table__.c
_SEEN = select(*(_OUTBOX[name] for name in ("id", "kind", "attempts", "created_at", "due_at", "failed_at", "why")))
_STANDING = (
    _SEEN.where(_OUTBOX.delivered_at.is_(None), _OUTBOX.id < bindparam("before"))
    .order_by(_OUTBOX.id.desc())
    .limit(bindparam("most"))
)
_GIVEN_UP = (
    _SEEN.where(_OUTBOX.failed_at.is_not(None), _OUTBOX.id < bindparam("before"))
    .order_by(_OUTBOX.id.desc())
    .limit(bindparam("most"))
)
_ONE = _SEEN.where(_OUTBOX.id == bindparam("item"), _OUTBOX.delivered_at.is_(None))
_AGAIN = (
    update(OutboxRow)
    .where(_OUTBOX.id == bindparam("item"), _OUTBOX.due_at.is_not(None), _OUTBOX.payload.is_not(None))
    .values(due_at=bindparam("now"), attempts=0)
)
_DROP = delete(OutboxRow).where(_OUTBOX.id == bindparam("item"), _OUTBOX.delivered_at.is_(None))


class OutboxOffice:
    """Every act of staff on the outbox."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        """Nothing is kept in memory."""
        self._database = database
        self._clock = clock

    def page(self, before: UUID | None = None, *, given_up: bool = False, most: int = ON_A_PAGE) -> list[Standing]:
        """What has not been delivered, newest first, older than `before`; with `given_up` only dead letters."""
        with self._database.read() as reading:
            statement = _GIVEN_UP if given_up else _STANDING
            return [Standing(*tuple(row)) for row in reading.all(statement, before=before or HIGHEST, most=most)]

    def find(self, item: UUID) -> Standing | None:
        """One of them."""
        with self._database.read() as reading:
            row = reading.one(_ONE, item=item)
        return Standing(*tuple(row)) if row else None

    def again(self, item: UUID, actor: Actor = OPERATOR) -> bool:
        """Try it at once, as if for the first time; who has it now keeps it. False when it has left or was given up."""
        return self._act(_AGAIN, item, Event.OUTBOX_RETRIED, actor, now=self._clock())

    def drop(self, item: UUID, actor: Actor = OPERATOR) -> bool:
        """Let it go undelivered. False when it has left, or was let go before."""
        return self._act(_DROP, item, Event.OUTBOX_DROPPED, actor)

    def _act(self, statement: Any, item: UUID, event: Event, actor: Actor, **values: Any) -> bool:
        with self._database.begin() as step:
            kind = _kind(step, item)
            if kind is None or step.run(statement, item=item, **values) != 1:
                return False
            detail = {"message": item, "kind": kind} | actor.detail
            step.record(AuditRow(event, self._clock(), detail=detail))
        return True


def _kind(step: Transaction, item: UUID) -> str | None:
    row = step.one(_ONE, item=item)
    return None if row is None else str(row.kind)
