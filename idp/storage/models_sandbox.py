"""The tables of the sandbox: each client's test citizens with their software passkeys, and what was sent to them."""

from uuid import UUID

from sqlalchemy import Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.models import Base, Key, Seconds


class SandboxCitizen(Base):
    """A test citizen of one sandbox client. The person, the phone and the passkey stand where everybody's stand."""

    __tablename__ = "sandbox_citizens"
    person_id: Mapped[Key]
    client_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str]  # sandbox.citizens.CITIZENS
    private: Mapped[bytes]  # sealed PKCS#8 of the software passkey
    webauthn_id: Mapped[bytes]
    created_at: Mapped[Seconds]
    sign_count: Mapped[int]
    uses_hour: Mapped[int] = mapped_column(Integer)  # hours since the epoch
    uses_in_hour: Mapped[int] = mapped_column(Integer)
    __table_args__ = (UniqueConstraint("client_id", "name"),)


class SandboxMessage(Base):
    """A message to a test citizen: it is shown to the client's engineers and leaves for nobody."""

    __tablename__ = "sandbox_messages"
    id: Mapped[Key]
    client_id: Mapped[str] = mapped_column(Text, index=True)
    person_id: Mapped[UUID]
    payload: Mapped[bytes]  # sealed
    shown_at: Mapped[Seconds]  # a late message is there only from then on
    created_at: Mapped[Seconds]
