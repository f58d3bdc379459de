"""The tables of staff: members, their passkeys and sessions, and invitations not yet taken."""

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.models import Base, Key, Seconds


class StaffMember(Base):
    """Somebody who was appointed and made a passkey."""

    __tablename__ = "staff_members"
    id: Mapped[Key]
    name: Mapped[str]
    role: Mapped[str]  # staff.roles.Role
    mission: Mapped[str | None]  # those who work at one
    user_handle: Mapped[bytes] = mapped_column(unique=True)  # 64 random bytes, WebAuthn Level 3 §14.6.1
    demo: Mapped[bool]  # made by the demonstration; production refuses to start with one
    created_at: Mapped[Seconds]
    changed_at: Mapped[Seconds]
    removed_at: Mapped[int | None]


class StaffPasskey(Base):
    """The passkey of a member of staff (WebAuthn Level 3 §4, credential record)."""

    __tablename__ = "staff_passkeys"
    id: Mapped[Key]
    webauthn_id: Mapped[bytes] = mapped_column(unique=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("staff_members.id"), index=True)
    public_key: Mapped[bytes]  # COSE_Key
    backup_eligible: Mapped[bool]
    aaguid: Mapped[str]
    transports: Mapped[str]
    suspended_at: Mapped[int | None]
    created_at: Mapped[Seconds]
    sign_count: Mapped[int]
    last_used_at: Mapped[int | None]


class StaffSession(Base):
    """A member of staff at a desk. Its key was chosen with the challenge, so that creating it spends the challenge."""

    __tablename__ = "staff_sessions"
    id: Mapped[Key]
    digest: Mapped[bytes]
    member_id: Mapped[UUID] = mapped_column(index=True)
    passkey_id: Mapped[UUID]
    created_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]
    last_seen_at: Mapped[Seconds]
    ended_at: Mapped[int | None]


class StaffLookUp(Base):
    """How often a member of staff looked at somebody on one day; whom, only by a keyed fingerprint."""

    __tablename__ = "staff_lookups"
    member_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    day: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # days since the epoch
    subject: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # 0: everybody
    number: Mapped[int]


class StaffInvitation(Base):
    """A one-time link with which somebody becomes a member of staff."""

    __tablename__ = "staff_invitations"
    id: Mapped[Key]
    digest: Mapped[bytes]
    name: Mapped[str]
    role: Mapped[str]
    mission: Mapped[str | None]
    invited_by: Mapped[UUID | None]  # none: an operator at the command line
    browser: Mapped[bytes | None]  # the first browser that opened it
    challenge: Mapped[bytes | None]  # of the registration ceremony under way
    user_handle: Mapped[bytes]
    created_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]
    finished_at: Mapped[int | None]
    clients: Mapped[str | None]  # ids of the relying services that a client engineer is invited for
