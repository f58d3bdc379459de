"""Removing what has served its time, in small batches, so that every table stays bounded.

Row keys begin with time, so the old rows of a table are the left edge of its primary key: no index of its own
is needed to find them. A spent code stays until its tokens have expired, and a day longer (RFC 6749 §4.1.2).
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select, true

from idp.storage.database import Database
from idp.storage.models import (
    AccessToken,
    Base,
    DeviceAuthorization,
    Enrolment,
    Grant,
    InitialAccessToken,
    OutboxRow,
    PushedRequest,
    RefreshToken,
    Session,
    SignIn,
    UsedOnce,
)
from idp.storage.models_engineers import CheckedRequest
from idp.storage.models_messages import Dispatch, VendorId
from idp.storage.models_sandbox import SandboxMessage
from idp.storage.models_second_proofs import PhoneChange
from idp.storage.models_staff import StaffInvitation, StaffSession
from idp.storage.send_counts import SWEEP as SWEEP_COUNTS
from idp.storage.staff_lookups import KEEP_DAYS
from idp.storage.staff_lookups import SWEEP as SWEEP_LOOK_UPS
from idp.telephony.limits import hour_of

BATCH = 500
MOST_BATCHES = 200  # a sweep that is not enough goes on at the next one
DAY = 86_400
KEEP_OUTBOX = 7 * DAY
KEEP_DISPATCHES = 30 * DAY  # so that one can look into why somebody's messages do not arrive
KEEP_ENROLMENTS = 30 * DAY
KEEP_STAFF = 30 * DAY
KEEP_CHECKED = 7 * DAY


@dataclass(frozen=True, slots=True)
class Rule:
    """Which rows of a table may go: old by their key, and over by their own word."""

    model: type[Base]
    key: Any
    keep: int  # seconds since the row was made that no row is removed before
    over: ColumnElement[bool]


def rules(now: int) -> tuple[Rule, ...]:
    """What may go at `now`."""
    yesterday = now - DAY
    ended = and_(OutboxRow.due_at.is_(None), or_(OutboxRow.delivered_at.is_not(None), OutboxRow.failed_at.is_not(None)))
    return (
        Rule(AccessToken, AccessToken.id, DAY, AccessToken.expires_at < yesterday),
        Rule(RefreshToken, RefreshToken.id, DAY, RefreshToken.expires_at < yesterday),
        Rule(Grant, Grant.id, DAY, Grant.expires_at < yesterday),
        Rule(PushedRequest, PushedRequest.id, DAY, PushedRequest.expires_at < yesterday),
        Rule(DeviceAuthorization, DeviceAuthorization.id, DAY, DeviceAuthorization.expires_at < yesterday),
        Rule(SignIn, SignIn.id, DAY, SignIn.expires_at < yesterday),
        Rule(Session, Session.id, DAY, Session.expires_at < yesterday),
        Rule(OutboxRow, OutboxRow.id, KEEP_OUTBOX, ended),
        Rule(Dispatch, Dispatch.id, KEEP_DISPATCHES, Dispatch.counted == 1),
        Rule(VendorId, VendorId.id, KEEP_DISPATCHES, true()),
        Rule(InitialAccessToken, InitialAccessToken.id, DAY, InitialAccessToken.expires_at < yesterday),
        Rule(PhoneChange, PhoneChange.id, DAY, PhoneChange.expires_at < yesterday),
        Rule(StaffSession, StaffSession.id, KEEP_STAFF, StaffSession.expires_at < now - KEEP_STAFF),
        Rule(StaffInvitation, StaffInvitation.id, KEEP_STAFF, StaffInvitation.expires_at < now - KEEP_STAFF),
        Rule(SandboxMessage, SandboxMessage.id, DAY, SandboxMessage.created_at < yesterday),
        Rule(CheckedRequest, CheckedRequest.id, KEEP_CHECKED, CheckedRequest.at < now - KEEP_CHECKED),
        Rule(Enrolment, Enrolment.id, KEEP_ENROLMENTS, Enrolment.expires_at < now - KEEP_ENROLMENTS),
    )


def sweep(database: Database, now: int) -> dict[str, int]:
    """Remove what may go; returns how many rows of which table. Several workers may sweep at once."""
    removed = {rule.model.__tablename__: _remove(database, rule, now) for rule in rules(now)}
    with database.begin() as transaction:
        removed["used_once"] = transaction.run(delete(UsedOnce).where(UsedOnce.expires_at < now - DAY))
        removed["staff_lookups"] = transaction.run(SWEEP_LOOK_UPS, before=now // DAY - KEEP_DAYS)
        removed["send_counts"] = transaction.run(SWEEP_COUNTS, before=hour_of(now - 2 * DAY))
    return {table: count for table, count in removed.items() if count}


def _remove(database: Database, rule: Rule, now: int) -> int:
    """In batches: a transaction that removes a million rows would hold everybody else up."""
    oldest_kept = UUID(int=(now - rule.keep) * 1000 << 80)
    batch = select(rule.key).where(rule.key < oldest_kept, rule.over).order_by(rule.key).limit(BATCH)
    removed = 0
    for _ in range(MOST_BATCHES):
        with database.begin() as transaction:
            count = transaction.run(delete(rule.model).where(rule.key.in_(batch.scalar_subquery())))
        removed += count
        if count < BATCH:
            break
    return removed
