"""How far cases come, counts of answers, published figures, and how often staff look at people."""

import sqlalchemy as sa
from alembic import op

revision = "missions_figures"
down_revision = "phones_message_language"

MILESTONES = ("confirmed_at", "sent_at", "delivered_at", "made_at", "done_at", "used_at")


def upgrade() -> None:
    """Add columns that may be empty, and tables; what is there stays as it is."""
    for name in MILESTONES:
        op.add_column("cases", sa.Column(name, sa.BigInteger(), nullable=True))
    # Cases from before: what their state proves. When each step was taken is not known, the last change is.
    op.execute("UPDATE cases SET done_at = changed_at WHERE state = 'done'")
    op.execute("UPDATE cases SET made_at = changed_at WHERE state IN ('made', 'done') AND kind <> 'lift'")
    for name in ("confirmed_at", "sent_at", "delivered_at"):
        op.execute(f"UPDATE cases SET {name} = made_at WHERE made_at IS NOT NULL")  # noqa: S608 (our own names)
    op.create_table(
        "feedback_given",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "occasion", name=op.f("pk_feedback_given")),
    )
    op.create_table(
        "mission_counts",
        sa.Column("mission", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mission", "month", "what", name=op.f("pk_mission_counts")),
    )
    op.create_table(
        "staff_lookups",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "day", "subject", name=op.f("pk_staff_lookups")),
    )
    op.create_table(
        "published_figures",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_published_figures")),
    )
