"""Acts that wait for a second person, in the database: added, read, and decided exactly once."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from idp.audit.catalogue import AuditRow, Event
from idp.staff.actor import Actor
from idp.staff.pending import DECIDE_WITHIN_SECONDS, Kind, Pending
from idp.storage.database import Transaction
from idp.storage.models_console import PendingAct

MOST_LISTED = 200

_TABLE = PendingAct.__table__
_ONE = select(_TABLE).where(PendingAct.id == bindparam("row"))
_WAITING = (
    select(_TABLE)
    .where(PendingAct.outcome.is_(None), PendingAct.created_at > bindparam("since"))
    .order_by(PendingAct.id)
    .limit(MOST_LISTED)
)
_DECIDE = (
    update(PendingAct)
    .where(
        PendingAct.id == bindparam("row"),
        PendingAct.outcome.is_(None),
        PendingAct.created_at > bindparam("since"),
    )
    .values(outcome=bindparam("decision"), decided_by=bindparam("person"), decided_at=bindparam("now"))
)


class PendingActs:
    """Verbs within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def ask(
        self,
        kind: Kind,
        subject: str,
        ground: str,
        actor: Actor,
        now: int,
        *,
        argument: str = "",
        base_version: int | None = None,
    ) -> UUID:
        """Queue an act, with its audit row; returns its key. `actor` is a member of staff."""
        assert actor.id is not None
        row = self._transaction.new_id()
        self._transaction.add(
            PendingAct,
            id=row,
            kind=kind.value,
            subject=subject,
            argument=argument,
            base_version=base_version,
            ground=ground,
            proposer_id=actor.id,
            via=actor.via,
            created_at=now,
        )
        detail = {"pending": row, "act": kind.value, "subject": subject, "ground": ground} | actor.detail
        client = subject if kind.value.startswith("client_") else None
        self._transaction.record(AuditRow(Event.ACT_ASKED, now, client=client, detail=detail))
        return row

    def find(self, row: UUID) -> Pending | None:
        """One of them."""
        found = self._transaction.one(_ONE, row=row)
        return _pending(found) if found else None

    def waiting(self, now: int) -> list[Pending]:
        """Those that can still be decided, oldest first."""
        return [_pending(row) for row in self._transaction.all(_WAITING, since=now - DECIDE_WITHIN_SECONDS)]

    def decide(self, one: Pending, decision: str, by: UUID, now: int) -> bool:
        """Of many who decide at once, one gets True, and with it the audit row."""
        since = now - DECIDE_WITHIN_SECONDS
        if self._transaction.run(_DECIDE, row=one.id, decision=decision, person=by, now=now, since=since) != 1:
            return False
        detail = {"pending": one.id, "act": one.kind.value, "subject": one.subject, "by": by, "first": one.proposer}
        client = one.subject if one.kind.value.startswith("client_") else None
        event = Event.ACT_APPROVED if decision == "approved" else Event.ACT_DECLINED
        self._transaction.record(AuditRow(event, now, client=client, detail=detail))
        return True


def _pending(row: Any) -> Pending:
    return Pending(
        id=row.id,
        kind=Kind(row.kind),
        subject=row.subject,
        argument=row.argument,
        base_version=row.base_version,
        ground=row.ground,
        proposer=row.proposer_id,
        via=row.via,
        created_at=row.created_at,
        outcome=row.outcome,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
