"""The language of messages and calls, which may be another than that of the pages; when a number changed its SIM."""

import sqlalchemy as sa
from alembic import op

revision = "phones_message_language"
down_revision = "0001"


def upgrade() -> None:
    """Columns that nobody has filled yet: until then messages are in the language of the pages, and no SIM is new."""
    op.add_column("persons", sa.Column("message_language", sa.Text(), nullable=True))
    op.add_column("phones", sa.Column("moved_at", sa.BigInteger(), nullable=True))
    op.add_column("enrolments", sa.Column("message_language", sa.Text(), nullable=True))
