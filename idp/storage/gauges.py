"""The numbers that operators watch, read in one look at the database (idp/operations/README.md)."""

from collections.abc import Iterator

from sqlalchemy import bindparam, func, select

from idp.operations.gauges import Gauge
from idp.storage.audit_seals import made_at
from idp.storage.database import Database
from idp.storage.models import AuditEvent, OutboxRow, SigningKey
from idp.storage.models_audit import AuditSeal
from idp.storage.outbox import DUE_SINCE

LOOK_BACK_SECONDS = 120

_OUTBOX = select(func.count().label("waiting"), func.min(DUE_SINCE).label("due")).where(OutboxRow.due_at.is_not(None))
_LAST_SEAL = select(func.max(AuditSeal.sealed_at))
_UNSEALED = select(func.count()).where(AuditEvent.seal.is_(None), AuditEvent.id >= bindparam("first"))
_OLDEST_KEY = select(func.min(SigningKey.signs_from)).where(
    SigningKey.signs_from <= bindparam("now"),
    (SigningKey.signs_until.is_(None)) | (SigningKey.signs_until > bindparam("now")),
)


def read_gauges(database: Database, now: int) -> Iterator[Gauge]:
    """Every gauge; raises what the database raises."""
    with database.read() as reading:
        outbox = reading.all(_OUTBOX)[0]
        waiting, due = outbox.waiting, outbox.due
        sealed_at = reading.all(_LAST_SEAL)[0][0]
        unsealed = reading.all(_UNSEALED, first=made_at((sealed_at or 0) - LOOK_BACK_SECONDS))[0][0]
        signs_from = reading.all(_OLDEST_KEY, now=now)[0][0]
    yield Gauge("idp_outbox_waiting", "Rows of the outbox that wait.", waiting)
    late = max(0, now - due) if due is not None else 0
    yield Gauge("idp_outbox_late_seconds", "How long the oldest row of the outbox has been due.", late)
    yield Gauge("idp_audit_unsealed", "Audit rows that wait for their seal.", unsealed)
    if sealed_at is not None:
        yield Gauge("idp_audit_seal_age_seconds", "Since the audit was sealed last.", max(0, now - sealed_at))
    if signs_from is not None:
        yield Gauge("idp_signing_key_age_seconds", "How long the oldest key that signs has done so.", now - signs_from)
