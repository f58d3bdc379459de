"""Rows that are changed soon after they were written are changed where they lie (storage/README.md).

On PostgreSQL pages keep room for the new version of each of their rows. That holds for pages filled from now on: no row
is moved, and nobody who reads or writes waits (SHARE UPDATE EXCLUSIVE). The end of a lease, and the vendors' names of
messages, leave the indexes that every message would write.
"""

from time import time
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "updates_in_place"
down_revision = "engineers_sandbox"

AUDIT_FILL = 45
LEAVES = "SELECT relid::regclass::text FROM pg_partition_tree('audit_events') WHERE isleaf"
# The filter of the first pages is made with the table and then kept up by every row; a later one is made of full pages.
FORGET_FIRST_FILTER = (
    "SELECT brin_desummarize_range(tree.relid, 0) FROM pg_partition_tree('ix_audit_events_person_id') AS tree"
    " JOIN pg_index ON pg_index.indexrelid = tree.relid"
    " WHERE tree.isleaf AND pg_relation_size(pg_index.indrelid) < 32 * current_setting('block_size')::bigint"
)
AWAITED_SECONDS = 3 * 86_400
DISPATCHES = sa.table(
    "dispatches", sa.column("id", sa.Uuid()), sa.column("vendor_id", sa.Text()), sa.column("ended_at", sa.BigInteger())
)
VENDOR_IDS = sa.table("vendor_ids", sa.column("id", sa.Uuid()), sa.column("vendor_id", sa.Text()))


def upgrade() -> None:
    """Room from now on, and what changes often out of the indexes. What others wait for comes last: it is short."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        for (leaf,) in op.get_bind().execute(sa.text(LEAVES)).all():
            op.execute(f"ALTER TABLE {leaf} SET (fillfactor = {AUDIT_FILL})")
        op.execute(FORGET_FIRST_FILTER)
    _vendor_ids()
    if on_postgresql:
        for table in ("outbox", "dispatches"):
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 70)")
    op.drop_index("ix_dispatches_vendor_id", table_name="dispatches")
    op.add_column("outbox", sa.Column("leased_until", sa.BigInteger(), nullable=True))


def _vendor_ids() -> None:
    """The vendors' names of messages in a table of their own; of those of whom a receipt may still come."""
    op.create_table(
        "vendor_ids",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vendor_ids")),
    )
    op.create_index(op.f("ix_vendor_ids_vendor_id"), "vendor_ids", ["vendor_id"], unique=False)
    awaited = sa.select(DISPATCHES.c.id, DISPATCHES.c.vendor_id).where(
        DISPATCHES.c.id >= UUID(int=(int(time()) - AWAITED_SECONDS) * 1000 << 80),
        DISPATCHES.c.vendor_id.is_not(None),
        DISPATCHES.c.ended_at.is_(None),
    )
    op.get_bind().execute(sa.insert(VENDOR_IDS).from_select(["id", "vendor_id"], awaited))
