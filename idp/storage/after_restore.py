"""After an older state of the database was restored: what was given or spent in between must not be usable again.

The database has forgotten which codes, links, messages and tokens were used after the backup was made (abuse case
M-10). So everything that waits for its one use ends, and what was given for longer ends too; people sign in once more.
"""

from typing import Any

from sqlalchemy import ColumnElement, Update, or_, update

from idp.audit.catalogue import AuditRow, Event
from idp.storage.database import Database
from idp.storage.models import (
    DeviceAuthorization,
    Enrolment,
    Grant,
    InitialAccessToken,
    OutboxRow,
    PushedRequest,
    Session,
    SignIn,
)
from idp.storage.models_second_proofs import PhoneChange, PrintedCode
from idp.storage.models_staff import StaffInvitation, StaffSession


def _unless(column: Any, model: Any, **values: Any) -> Update:
    return update(model).where(column.is_(None)).values(**values)


def _young(model: Any, now: int, *more: ColumnElement[bool]) -> Update:
    return update(model).where(model.expires_at > now, *more).values(expires_at=now)


def steps(now: int) -> dict[str, Update]:
    """What ends, by its table."""
    waiting = or_(OutboxRow.due_at.is_not(None), OutboxRow.payload.is_not(None))
    return {
        "sessions": _unless(Session.ended_at, Session, ended_at=now),
        "staff_sessions": _unless(StaffSession.ended_at, StaffSession, ended_at=now),
        "grants": _unless(Grant.revoked_at, Grant, revoked_at=now),
        "sign_ins": _young(SignIn, now),
        "pushed_requests": _young(PushedRequest, now),
        "device_authorizations": _young(DeviceAuthorization, now),
        "enrolments": _young(Enrolment, now, Enrolment.finished_at.is_(None)),
        "phone_changes": _young(PhoneChange, now, PhoneChange.finished_at.is_(None)),
        "staff_invitations": _young(StaffInvitation, now, StaffInvitation.finished_at.is_(None)),
        "initial_access_tokens": _young(InitialAccessToken, now),
        "printed_codes": _unless(PrintedCode.used_at, PrintedCode, used_at=now),
        "outbox": update(OutboxRow)
        .where(waiting, OutboxRow.delivered_at.is_(None), OutboxRow.failed_at.is_(None))
        .values(due_at=None, payload=None, failed_at=now, why="restored"),
    }


def end_everything(database: Database, now: int) -> dict[str, int]:
    """End it, in one step; how many rows of which table. Repeating it ends what has come since."""
    with database.begin() as step:
        ended = {table: step.run(statement) for table, statement in steps(now).items()}
        step.record(AuditRow(Event.DATABASE_RESTORED, now, detail={"ended": ended}))
    return ended
