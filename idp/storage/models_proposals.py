"""Changes of registrations that wait for a second person (idp/registration/proposals.py)."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.models import Base, Key, Seconds


class ClientProposal(Base):
    """A registration as somebody wants it to be, and what a second person decided."""

    __tablename__ = "client_proposals"
    id: Mapped[Key]
    client_id: Mapped[str]
    registration: Mapped[str]  # JSON of the checked metadata
    base_version: Mapped[int | None]  # of the registration it was made from; none for a new one
    ground: Mapped[str]  # why, and on what legal ground
    proposer_id: Mapped[UUID]
    created_at: Mapped[Seconds]
    outcome: Mapped[str | None] = mapped_column(index=True)  # approved, declined; none while it waits
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[int | None]
    via: Mapped[str | None]  # the administration client that proposed on the proposer's behalf
