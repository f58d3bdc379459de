"""The tables behind the console: acts that wait for a second person, logos, feature switches, figures by the hour."""

from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.models import Base, Key, Seconds


class PendingAct(Base):
    """An act that one person asked for and a second one decides (staff.pending)."""

    __tablename__ = "pending_acts"
    id: Mapped[Key]
    kind: Mapped[str]  # staff.pending.Kind
    subject: Mapped[str]  # a client id, a kid, the name of a switch, a role, a member
    argument: Mapped[str]  # what else it takes: the name of a logo, of who is invited; the roles before and after
    base_version: Mapped[int | None]  # of the client that it was asked for
    ground: Mapped[str]
    proposer_id: Mapped[UUID]
    via: Mapped[str | None]  # the administration client that asked on the proposer's behalf
    created_at: Mapped[Seconds]
    outcome: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[int | None]


class ClientLogo(Base):
    """A logo as we serve it; its name is the digest of its content."""

    __tablename__ = "client_logos"
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    content: Mapped[bytes]
    created_at: Mapped[Seconds]


class Switch(Base):
    """A feature that an administrator turned on or off; without a row it is as it comes."""

    __tablename__ = "switches"
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    turned_on: Mapped[bool]
    changed_at: Mapped[Seconds]


class HourlyCount(Base):
    """How often something happened within an hour at one client; `` is the whole house."""

    __tablename__ = "hourly_counts"
    hour: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # hours since the epoch
    client_id: Mapped[str] = mapped_column(Text, primary_key=True)
    what: Mapped[str] = mapped_column(Text, primary_key=True)  # the tag of an event
    count: Mapped[int]


class ReadingMark(Base):
    """Up to which row of the audit a reader has counted."""

    __tablename__ = "reading_marks"
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    mark: Mapped[UUID]
