"""The seals over the audit (idp/audit/seal.py)."""

from sqlalchemy import BigInteger, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.models import Base, Seconds


class AuditSeal(Base):
    """A sealed batch of audit rows. Append only; never removed."""

    __tablename__ = "audit_seals"
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # from 1, without a gap
    statement: Mapped[str]  # compact JWS
    sealed_at: Mapped[Seconds]
    rows: Mapped[int]
    stage: Mapped[int] = mapped_column(SmallInteger)  # how many kinds of rows have been let go
    entries: Mapped[bytes | None]  # key, kind and digest of each row; gone with the last of them
    __table_args__ = (Index("ix_audit_seals_stage", "stage", "number"),)
