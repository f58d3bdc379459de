"""The tables of relying services' engineers: whose engineer one is, and what ends when."""

from uuid import UUID

from sqlalchemy import Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.models import Base, Key, Seconds


class ClientEngineer(Base):
    """A member of staff who is an engineer of a relying service, and sees no other."""

    __tablename__ = "client_engineers"
    member_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    client_id: Mapped[str] = mapped_column(Text, primary_key=True, index=True)
    created_at: Mapped[Seconds]


class ClientDeadline(Base):
    """Something of a relying service that ends: a secret, a key, a certificate."""

    __tablename__ = "client_deadlines"
    client_id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)  # registration.deadlines.Kind
    label: Mapped[str] = mapped_column(Text, primary_key=True)  # which one: a kid, the subject of a certificate
    ends_at: Mapped[Seconds] = mapped_column(index=True)
    warned_days: Mapped[int | None]  # the last warning that left: so many days before; none yet


class CheckedRequest(Base):
    """A request of a sandbox client, as the integration check noted it: what was wrong, never with what."""

    __tablename__ = "checked_requests"
    id: Mapped[Key]
    client_id: Mapped[str] = mapped_column(Text, index=True)
    at: Mapped[Seconds]
    route: Mapped[str]
    status: Mapped[int]
    error: Mapped[str | None]  # the registered error code, or the name of a refusal
    why: Mapped[str | None]  # one line for engineers; no secret and no personal data
