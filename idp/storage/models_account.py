"""What citizens did about their own credential."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.models import Base, Key, Seconds


class OwnStop(Base):
    """A credential that its holder stopped. The credential itself says whether it still is."""

    __tablename__ = "own_stops"
    id: Mapped[Key]
    credential_id: Mapped[UUID] = mapped_column(index=True)
    person_id: Mapped[UUID]
    stopped_at: Mapped[Seconds]
    by_passkey: Mapped[bool]  # whether a passkey that the holder still trusts may lift it
    lifted_at: Mapped[int | None]
