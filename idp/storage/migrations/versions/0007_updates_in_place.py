"""Rows that are changed soon after they were written are changed where they lie (storage/README.md).

On PostgreSQL pages keep room for the new version of each of their rows. That holds for pages filled from now on: no row
is moved, and nobody who reads or writes waits (SHARE UPDATE EXCLUSIVE).
"""

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


def upgrade() -> None:
    """The end of a lease beside the time of the next attempt, and room from now on."""
    op.add_column("outbox", sa.Column("leased_until", sa.BigInteger(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        for (leaf,) in op.get_bind().execute(sa.text(LEAVES)).all():
            op.execute(f"ALTER TABLE {leaf} SET (fillfactor = {AUDIT_FILL})")
        op.execute("ALTER TABLE outbox SET (fillfactor = 70)")
        op.execute(FORGET_FIRST_FILTER)
