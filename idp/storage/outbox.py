"""The outbox in the database: leasing, and the three outcomes. Promise: idp.delivery.outbox.OutboxStore.

A row is due from `due_at` on, unless a worker has it: `leased_until` ends by time alone, so a worker that dies needs
no cleaning up. What was delivered is gone; `due_at` is NULL once a row is given up. Rows are written by the
transactions of the acts that cause them (`Transaction.add`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Executable,
    Select,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Row

from idp.delivery.outbox import HandedOver, OutboxItem
from idp.delivery.text_messages import KIND as TEXT_MESSAGE
from idp.keys.sealing import Sealer, row_context
from idp.storage.database import Database, Transaction
from idp.storage.models import OutboxRow
from idp.storage.models_messages import Dispatch, VendorId
from idp.storage.queued import SOON
from idp.telephony.dispatch import LOST, TAKEN, State

#: Why a row is over that a newer one took the place of; nobody has to look at it.
REPLACED: Final = "replaced by a newer one"
_OUTBOX: Final = OutboxRow.__table__.c
_NOW: Final[BindParameter[int]] = bindparam("now")
DUE: Final = and_(_OUTBOX.due_at <= _NOW, or_(_OUTBOX.leased_until.is_(None), _OUTBOX.leased_until <= _NOW))
"""A row that may be leased at the bound `now`."""
DUE_SINCE: Final = func.coalesce(_OUTBOX.leased_until, _OUTBOX.due_at)
"""From when on it may be: a lease ends later than it was due."""

_ANY_DUE: Final = select(exists().where(DUE))

_WAITING: Final = update(OutboxRow).where(_OUTBOX.id == bindparam("item"), _OUTBOX.due_at.is_not(None))
_DELIVERED: Final = delete(OutboxRow).where(_OUTBOX.id == bindparam("item"), _OUTBOX.due_at.is_not(None))
_RETRY: Final = _WAITING.values(due_at=bindparam("at"), leased_until=None, why=bindparam("reason"))
_FAILED: Final = _WAITING.values(failed_at=_NOW, due_at=None, payload=None, why=bindparam("reason"))
# A receipt may be here before the vendor's answer to the hand-over: what it said stands.
_HANDED_OVER: Final = (
    update(Dispatch)
    .where(Dispatch.id == bindparam("item"), Dispatch.vendor_id.is_(None))
    .values(
        state=case((Dispatch.ended_at.is_not(None), Dispatch.state), else_=State.HANDED_OVER.value),
        vendor_id=bindparam("theirs"),
    )
)
# The step between lease and end, which notes who may have a message, waits, and with it goes to the disk what was
# written before it: no message leaves whose lease or dispatch a power cut could undo. One that undoes the end of a row
# leaves behind what a worker leaves that dies before it has recorded.
_OUT_SOON: Final = _HANDED_OVER.where(SOON)
_NOTED: Final = _OUT_SOON.returning(Dispatch.id, Dispatch.vendor_id).cte("noted")
_OUT: Final = _OUT_SOON.add_cte(_DELIVERED.cte("delivered"))
"""Both at once. PostgreSQL only, as the next."""
_OUT_BY_NAME: Final = (
    postgresql.insert(VendorId)
    .from_select(["id", "vendor_id"], select(_NOTED.c.id, _NOTED.c.vendor_id))
    .add_cte(_DELIVERED.cte("delivered"))
)
_WITHDRAWN: Final = _WAITING.values(failed_at=_NOW, due_at=None, payload=None, why=REPLACED)

_ITEM: Final = select(cast(bindparam("item", type_=_OUTBOX.id.type), _OUTBOX.id.type).label("id")).subquery("item")
_FATE: Final = select(
    _OUTBOX.id.label("row"), _OUTBOX.delivered_at, _OUTBOX.failed_at, Dispatch.state, Dispatch.asked_at
).select_from(_ITEM.outerjoin(OutboxRow, _OUTBOX.id == _ITEM.c.id).outerjoin(Dispatch, Dispatch.id == _ITEM.c.id))

#: Longer than a vendor takes that answers at all: after it the person is offered another way.
SILENT_SECONDS: Final = 20

#: Longest reason that is kept.
MAX_WHY: Final = 200


class Fate(Enum):
    """What became of a message, as far as anybody knows; the value is what a waiting page is told."""

    NONE = "none"
    WAITING = "waiting"
    SENT = "sent"
    #: A gateway may have taken it; nobody sends it again by themself.
    UNCERTAIN = "uncertain"
    FAILED = "failed"


def fate_of(transaction: Transaction, item: UUID, now: int) -> Fate:
    """What became of one message: of one that a gateway took the row is gone, and its dispatch tells."""
    row = transaction.all(_FATE, item=item)[0]
    if row.state in LOST:  # by a receipt, or none of the gateways took it this time
        return Fate.FAILED
    silent = row.state == State.TRYING and now - row.asked_at > SILENT_SECONDS
    if row.state == State.UNKNOWN or silent:  # by a worker that died, or a vendor that does not answer
        return Fate.UNCERTAIN
    if row.failed_at is not None:
        return Fate.FAILED
    if row.row is not None and row.delivered_at is None:
        return Fate.WAITING
    return Fate.SENT if row.row is not None or row.state in TAKEN else Fate.NONE


def withdraw(transaction: Transaction, item: UUID, now: int) -> None:
    """A row that a newer one replaces: it is not tried again, and a code that fits no more does not arrive late."""
    transaction.run(_WITHDRAWN, item=item, now=now)


MOST_SHOWN: Final = 200
_STANDING: Final = (
    select(*(_OUTBOX[name] for name in ("id", "kind", "attempts", "created_at", "due_at", "failed_at", "why")))
    .where(_OUTBOX.delivered_at.is_(None), func.coalesce(_OUTBOX.why, "") != REPLACED)
    .order_by(_OUTBOX.id.desc())
    .limit(MOST_SHOWN)
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A row that has not been delivered, as an operator sees it."""

    id: UUID
    kind: str
    attempts: int
    created_at: int
    due_at: int | None
    failed_at: int | None
    why: str | None


def queue(
    step: Transaction, seal: Sealer, kind: str, payload: bytes, *, now: int, good_for: int, row: UUID | None = None
) -> None:
    """Queue a delivery in the transaction of the act that causes it; after `good_for` seconds it is worth nothing.

    `row` is its key where somebody must find it again.
    """
    key = row or step.new_id()
    step.add(
        OutboxRow,
        id=key,
        kind=kind,
        payload=seal.seal(payload, row_context("outbox", "payload", key)),
        attempts=0,
        due_at=now,
        not_after=now + good_for,
        created_at=now,
    )


class SqlOutbox:
    """OutboxStore over the provider's database; safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        """Leases with SKIP LOCKED where the database has it; SQLite has one writer at a time anyway."""
        self._database = database
        self._at_once = database.engine.dialect.name == "postgresql"
        self._lease = _lease(skip_locked=self._at_once)

    def lease(self, now: int, limit: int, lease_seconds: int) -> list[OutboxItem]:
        """Up to `limit` due rows, each counted as one more attempt and out of others' reach for the lease."""
        if not self._at_once:  # an idle worker looks twice a second: reading keeps it off the one write lock
            with self._database.read() as reading:
                due = reading.one(_ANY_DUE, now=now)
            if due is None or not due[0]:
                return []
        rows = self._database.act(self._lease, now=now, limit=limit, until=now + lease_seconds)
        return [_item(row) for row in sorted(rows, key=lambda row: (row.created_at, row.id))]

    def standing(self) -> list[Standing]:
        """What waits, and what was given up and is still here; newest first, without what it says."""
        with self._database.read() as reading:
            return [Standing(*tuple(row)) for row in reading.all(_STANDING)]

    def delivered(self, item: UUID, to: HandedOver | None = None) -> None:
        """The row is done and gone; who has the message now stands in its dispatch, by the same act."""
        self.all_delivered([(item, to)])

    def all_delivered(self, several: Sequence[tuple[UUID, HandedOver | None]]) -> None:
        """The same of several, in one round trip."""
        if self._at_once:
            self._database.act_together(*(_outcome(item, to) for item, to in several))
            return
        with self._database.begin() as transaction:
            for item, to in several:
                transaction.run(_DELIVERED, item=item)
                noted = to and transaction.run(_HANDED_OVER, item=item, theirs=to.vendor_id)
                if to and to.named_by_it and noted:
                    transaction.add(VendorId, id=item, vendor_id=to.vendor_id)

    def retry(self, item: UUID, at: int, why: str) -> None:
        """The row is due again at `at`."""
        self._record(_RETRY, item=item, at=at, reason=why[:MAX_WHY])

    def failed(self, item: UUID, now: int, why: str) -> None:
        """The row is given up and loses its payload."""
        self._record(_FAILED, item=item, now=now, reason=why[:MAX_WHY])

    def _record(self, outcome: Executable, **values: Any) -> None:
        self._database.act(outcome, **values)


def _outcome(item: UUID, to: HandedOver | None) -> tuple[Executable, dict[str, Any]]:
    """The statement that ends a row and notes who has its message, and its values."""
    if to is None:
        return _DELIVERED, {"item": item}
    return _OUT_BY_NAME if to.named_by_it else _OUT, {"item": item, "theirs": to.vendor_id}


def _lease(*, skip_locked: bool) -> Executable:
    """One statement that takes due rows and returns them (PostgreSQL UPDATE, SQLite §RETURNING)."""
    # Somebody waits at a screen for a code; a thousand notices to a service that is down must not stand before it.
    waited_for = case((_OUTBOX.kind == TEXT_MESSAGE, 0), else_=1)
    due: Select[tuple[UUID]] = select(_OUTBOX.id).where(DUE).order_by(waited_for, DUE_SINCE).limit(bindparam("limit"))
    if skip_locked:
        due = due.with_for_update(skip_locked=True)
    # A CTE, because PostgreSQL may run a plain subquery again for each row and so pass its limit.
    chosen = due.cte("due")
    return (
        update(OutboxRow)
        .where(_OUTBOX.id.in_(select(chosen.c.id)), *([SOON] if skip_locked else []))
        .values(leased_until=bindparam("until"), attempts=_OUTBOX.attempts + 1)
        .returning(*(_OUTBOX[name] for name in ("id", "kind", "payload", "attempts", "created_at", "not_after")))
    )


def _item(row: Row[Any]) -> OutboxItem:
    # A row that is due has its payload; the type of the column only says what becomes of it later.
    return OutboxItem(row.id, row.kind, row.payload or b"", row.attempts, row.created_at, row.not_after)
