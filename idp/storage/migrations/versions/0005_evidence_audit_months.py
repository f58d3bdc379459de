"""On PostgreSQL the audit lies in months, each in two parts by how long its rows are kept (storage/audit_months.py).

What is there stays in one piece, as the part before the first month; nothing is copied. Statements of the code before
this one read and write the same name and notice nothing.
"""

from datetime import UTC, datetime
from uuid import UUID

from alembic import op
from sqlalchemy import text

revision = "evidence_months"
down_revision = "console_admin"

BY_PERSON = "USING brin (person_id uuid_bloom_ops) WITH (pages_per_range = 32)"
STEPS = (
    "ALTER TABLE audit_events RENAME TO audit_events_before",
    "ALTER INDEX pk_audit_events RENAME TO pk_audit_events_before",
    "ALTER INDEX ix_audit_events_person_id RENAME TO ix_audit_events_before_person_id",
    "CREATE TABLE audit_events (LIKE audit_events_before) PARTITION BY RANGE (id)",
    f"CREATE INDEX ix_audit_events_person_id ON audit_events {BY_PERSON}",
    "ALTER TABLE audit_events ATTACH PARTITION audit_events_before FOR VALUES FROM (MINVALUE) TO ('{first}')",
    "CREATE TABLE audit_events_rest PARTITION OF audit_events (PRIMARY KEY (id)) DEFAULT",
)


def upgrade() -> None:
    """Put the table into a partitioned one of its name."""
    if op.get_bind().dialect.name != "postgresql":
        return
    first = first_month(op.get_bind().execute(text("SELECT id FROM audit_events ORDER BY id DESC LIMIT 1")).scalar())
    for step in STEPS:
        op.execute(step.format(first=first))


def first_month(newest: UUID | None) -> UUID:
    """The lowest key of the first month that is a part of its own: after now, and after every row there is."""
    seconds = (newest.int >> 80) // 1000 if newest is not None else 0
    at = max(datetime.now(UTC), datetime.fromtimestamp(min(seconds, 1 << 36), UTC))
    month = datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)
    return UUID(int=int(month.timestamp()) * 1000 << 80)
