"""The sandbox beside live, and relying services' engineers."""

import json

import sqlalchemy as sa
from alembic import op

revision = "engineers_sandbox"
down_revision = "evidence_months"

DOCUMENTS = {
    "clients": sa.table("clients", sa.column("id", sa.Text()), sa.column("registration", sa.Text())),
    "client_proposals": sa.table("client_proposals", sa.column("id", sa.Uuid()), sa.column("registration", sa.Text())),
}
"""Tables that hold metadata: everything that stands there was made for live."""


def upgrade() -> None:
    """Add what is new; what stands is live."""
    op.add_column("persons", sa.Column("sandbox_of", sa.Text(), nullable=True))
    op.add_column("clients", sa.Column("former_digest", sa.LargeBinary(), nullable=True))
    op.add_column("clients", sa.Column("former_until", sa.BigInteger(), nullable=True))
    op.add_column("clients", sa.Column("checked_until", sa.BigInteger(), nullable=True))
    op.add_column("staff_invitations", sa.Column("clients", sa.Text(), nullable=True))
    _engineers()
    _sandbox()
    _name_environment()


def _engineers() -> None:
    op.create_table(
        "client_engineers",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "client_id", name=op.f("pk_client_engineers")),
    )
    op.create_index(op.f("ix_client_engineers_client_id"), "client_engineers", ["client_id"], unique=False)
    op.create_table(
        "client_deadlines",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("warned_days", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("client_id", "kind", "label", name=op.f("pk_client_deadlines")),
    )
    op.create_index(op.f("ix_client_deadlines_ends_at"), "client_deadlines", ["ends_at"], unique=False)
    op.create_table(
        "checked_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checked_requests")),
    )
    op.create_index(op.f("ix_checked_requests_client_id"), "checked_requests", ["client_id"], unique=False)


def _sandbox() -> None:
    op.create_table(
        "sandbox_citizens",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        sa.Column("webauthn_id", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("uses_hour", sa.Integer(), nullable=False),
        sa.Column("uses_in_hour", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_sandbox_citizens")),
        sa.UniqueConstraint("client_id", "name", name=op.f("uq_sandbox_citizens_client_id")),
    )
    op.create_table(
        "sandbox_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("shown_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_messages")),
    )
    op.create_index(op.f("ix_sandbox_messages_client_id"), "sandbox_messages", ["client_id"], unique=False)


def _name_environment() -> None:
    connection = op.get_bind()
    for table in DOCUMENTS.values():
        for row in connection.execute(sa.select(table.c.id, table.c.registration)).all():
            metadata = json.loads(row.registration)
            metadata.setdefault("environment", "live")
            text = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))
            connection.execute(sa.update(table).where(table.c.id == row.id).values(registration=text))
