"""What time does to credentials and cases: reminders, the end of a credential, and evidence that has served its time.

Done by the worker from time to time, in small batches; several workers may do it at once, because each step is taken
by one statement that only one of them wins.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.audit.catalogue import AuditRow, Event
from idp.credential.reminders import REMINDER_DAYS
from idp.credential.states import State, message_of
from idp.missions.cases import CaseState, Outcome
from idp.storage.database import Database, Transaction
from idp.storage.models import Credential
from idp.storage.models_missions import CaseRow, ReminderRow
from idp.storage.people import People

BATCH = 200
MOST_BATCHES = 50
DAY = 86_400
KEEP_EVIDENCE = 90 * DAY
"""How long the sealed evidence of a case that is over is kept: for questions and complaints, then no longer."""

_ENDED = (
    select(Credential.id, Credential.person_id, Credential.state)
    .where(
        Credential.expires_at <= bindparam("now"),
        Credential.state.in_([State.ACTIVE.value, State.SUSPENDED.value]),
    )
    .order_by(Credential.expires_at)
    .limit(BATCH)
)
_TO_REMIND = (
    select(Credential.id, Credential.person_id, Credential.expires_at)
    .where(
        Credential.state == State.ACTIVE.value,
        Credential.expires_at > bindparam("after"),
        Credential.expires_at <= bindparam("before"),
        ~exists().where(and_(ReminderRow.credential_id == Credential.id, ReminderRow.days <= bindparam("left"))),
    )
    .order_by(Credential.expires_at)
    .limit(BATCH)
)
_REMIND = {
    dialect: module.insert(ReminderRow)
    .values(credential_id=bindparam("credential"), days=bindparam("left"), sent_at=bindparam("now"))
    .on_conflict_do_nothing(index_elements=["credential_id", "days"])
    .returning(ReminderRow.days)
    for dialect, module in (("postgresql", postgresql), ("sqlite", sqlite))
}
_OVERDUE = (
    update(CaseRow)
    .where(CaseRow.held.is_not(None), CaseRow.expires_at <= bindparam("now"))
    .values(state=CaseState.ENDED.value, outcome=Outcome.EXPIRED.value, held=None, changed_at=bindparam("now"))
)
_FORGET = (
    update(CaseRow)
    .where(CaseRow.held.is_(None), CaseRow.evidence.is_not(None), CaseRow.changed_at <= bindparam("long_ago"))
    .values(evidence=None, record=None)
)
Tell = Callable[[Transaction, UUID, str, int, Mapping[str, str]], None]
"""Tells a citizen within a transaction: (step, person, notice, now, values)."""
EndSessions = Callable[[Transaction, UUID, UUID, int], None]
"""Ends the sessions of a person's credential within a transaction: (step, person, credential, now)."""


def live_on(database: Database, tell: Tell, end_sessions: EndSessions, now: int) -> dict[str, int]:
    """Everything that is due at `now`; returns how many of what."""
    with database.begin() as step:
        cases, forgotten = step.run(_OVERDUE, now=now), step.run(_FORGET, long_ago=now - KEEP_EVIDENCE)
    done = {"cases": cases, "evidence": forgotten, "expired": _expire(database, tell, end_sessions, now)}
    done["reminded"] = sum(_remind(database, tell, days, now) for days in REMINDER_DAYS)
    return {what: count for what, count in done.items() if count}


def _expire(database: Database, tell: Tell, end_sessions: EndSessions, now: int) -> int:
    expired = 0
    for _ in range(MOST_BATCHES):
        with database.begin() as step:
            rows = step.all(_ENDED, now=now)
            expired += sum(_expire_one(step, tell, end_sessions, row, now) for row in rows)
        if len(rows) < BATCH:
            break
    return expired


def _expire_one(step: Transaction, tell: Tell, end_sessions: EndSessions, row: Any, now: int) -> bool:
    before = State(row.state)
    if not People(step).move_credential(row.id, before, State.EXPIRED, now):
        return False
    step.record(AuditRow(Event.CREDENTIAL_EXPIRED, now, row.person_id, detail={"credential": row.id}))
    end_sessions(step, row.person_id, row.id, now)
    tell(step, row.person_id, message_of(before, State.EXPIRED), now, {})
    return True


def _remind(database: Database, tell: Tell, days: int, now: int) -> int:
    """Remind of what ends within `days`. One reminder stands for all the longer ones that were missed."""
    reminded = 0
    for _ in range(MOST_BATCHES):
        with database.begin() as step:
            rows = step.all(_TO_REMIND, after=now, before=now + days * DAY, left=days)
            for row in rows:
                taken = step.one(_REMIND[step.dialect], credential=row.id, left=days, now=now)
                if taken is None:
                    continue
                detail = {"credential": row.id, "days": days}
                step.record(AuditRow(Event.CREDENTIAL_REMINDED, now, row.person_id, detail=detail))
                left = -((now - row.expires_at) // DAY)  # what is true now, also after a worker has slept
                tell(step, row.person_id, "expires_soon", now, {"days": str(left)})
                reminded += 1
        if len(rows) < BATCH:
            break
    return reminded
