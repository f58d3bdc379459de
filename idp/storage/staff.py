"""Members of staff and their sessions: looked at anew at every request, in every worker.

Removing a member or changing their role is one statement on their row, and every look at a session joins that row:
so the change holds at the next request, wherever it is served.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from idp.authenticators.passkey import StoredPasskey
from idp.authenticators.passkey_registration import NewPasskey
from idp.keys.handles import Presented
from idp.staff.member import Appointment, Member
from idp.staff.roles import Role
from idp.staff.sessions import ABSOLUTE_SECONDS, IDLE_SECONDS
from idp.storage.database import Transaction
from idp.storage.models_staff import StaffMember, StaffPasskey, StaffSession

MOST_LISTED = 1_000
MOST_PASSKEYS = 20

_MEMBER = select(StaffMember.id, StaffMember.name, StaffMember.role, StaffMember.mission).where(
    StaffMember.removed_at.is_(None)
)
_FIND = _MEMBER.where(StaffMember.id == bindparam("member"))
_IN_TURN = _FIND.with_for_update()
_ALL = _MEMBER.order_by(StaffMember.id).limit(MOST_LISTED)
_OF_MISSION = _MEMBER.where(StaffMember.mission == bindparam("place")).order_by(StaffMember.id).limit(MOST_LISTED)
_DEMO = select(StaffMember.id).where(StaffMember.demo.is_(True), StaffMember.removed_at.is_(None)).limit(1)
# Locked in the order of their keys and before anybody else, so that two administrators who remove each other do it
# one after the other.
_ADMINISTRATORS = (
    select(StaffMember.id)
    .where(StaffMember.role == Role.ADMINISTRATOR.value, StaffMember.removed_at.is_(None))
    .order_by(StaffMember.id)
    .limit(MOST_LISTED)
    .with_for_update()
)
_CHANGE = (
    update(StaffMember)
    .where(StaffMember.id == bindparam("member"), StaffMember.removed_at.is_(None))
    .values(role=bindparam("duty"), mission=bindparam("place"), changed_at=bindparam("now"))
)
_REMOVE = (
    update(StaffMember)
    .where(StaffMember.id == bindparam("member"), StaffMember.removed_at.is_(None))
    .values(removed_at=bindparam("now"), changed_at=bindparam("now"))
)
_PASSKEY = (
    select(
        StaffPasskey.id,
        StaffPasskey.member_id,
        StaffPasskey.public_key,
        StaffPasskey.sign_count,
        StaffPasskey.backup_eligible,
        StaffMember.user_handle,
    )
    .join(StaffMember, StaffMember.id == StaffPasskey.member_id)
    .where(
        StaffPasskey.webauthn_id == bindparam("webauthn"),
        StaffPasskey.suspended_at.is_(None),
        StaffMember.removed_at.is_(None),
    )
)
_PASSKEYS_OF = (
    select(StaffPasskey.webauthn_id)
    .where(StaffPasskey.member_id == bindparam("member"), StaffPasskey.suspended_at.is_(None))
    .limit(MOST_PASSKEYS)
)
# The count is compared again where it is written: of two assertions made at once with one count, one loses.
_USED = (
    update(StaffPasskey)
    .where(
        StaffPasskey.id == bindparam("passkey"),
        StaffPasskey.suspended_at.is_(None),
        StaffPasskey.sign_count == bindparam("before"),
    )
    .values(sign_count=bindparam("count"), last_used_at=bindparam("now"))
)
_SUSPEND = (
    update(StaffPasskey)
    .where(StaffPasskey.id == bindparam("passkey"), StaffPasskey.suspended_at.is_(None))
    .values(suspended_at=bindparam("now"))
)
_SESSION = (
    select(
        StaffSession.id.label("session_id"),
        StaffSession.last_seen_at,
        StaffMember.id,
        StaffMember.name,
        StaffMember.role,
        StaffMember.mission,
    )
    .join(StaffMember, StaffMember.id == StaffSession.member_id)
    .join(StaffPasskey, StaffPasskey.id == StaffSession.passkey_id)
    .where(
        StaffSession.id == bindparam("row"),
        StaffSession.digest == bindparam("presented"),
        StaffSession.ended_at.is_(None),
        StaffSession.expires_at > bindparam("now"),
        StaffSession.last_seen_at > bindparam("idle_since"),
        StaffMember.removed_at.is_(None),
        StaffPasskey.suspended_at.is_(None),
    )
)
_SEEN = (
    update(StaffSession)
    .where(StaffSession.id == bindparam("row"), StaffSession.ended_at.is_(None))
    .values(last_seen_at=bindparam("now"))
)
_END = (
    update(StaffSession)
    .where(StaffSession.id == bindparam("row"), StaffSession.digest == bindparam("presented"))
    .where(StaffSession.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class SeatedMember:
    """A member of staff in a live session."""

    member: Member
    session: UUID
    last_seen_at: int


def member_of(row: Any) -> Member:
    """A row of the member's columns as the type that the rules read."""
    return Member(id=row.id, name=row.name, role=Role(row.role), mission=row.mission)


class StaffMembers:
    """Verbs on members and their passkeys within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def find(self, member: UUID) -> Member | None:
        """Somebody who has not been removed."""
        row = self._transaction.one(_FIND, member=member)
        return member_of(row) if row else None

    def find_in_turn(self, member: UUID) -> Member | None:
        """The same for a step that changes or removes them: such steps go one after the other."""
        self._transaction.all(_ADMINISTRATORS)
        row = self._transaction.one(_IN_TURN, member=member)
        return member_of(row) if row else None

    def all(self, mission: str | None = None) -> list[Member]:
        """Everybody, or everybody of one mission."""
        rows = self._transaction.all(_OF_MISSION, place=mission) if mission else self._transaction.all(_ALL)
        return [member_of(row) for row in rows]

    def any_of_the_demonstration(self) -> bool:
        """Whether somebody here was made by the demonstration."""
        return self._transaction.one(_DEMO) is not None

    def add(self, row: UUID, new: Appointment, *, user_handle: bytes, demo: bool, now: int) -> None:
        """A new member."""
        self._transaction.add(
            StaffMember,
            id=row,
            name=new.name,
            role=new.role.value,
            mission=new.mission,
            user_handle=user_handle,
            demo=demo,
            created_at=now,
            changed_at=now,
        )
        self._transaction.flush()  # the passkey refers to this row

    def add_passkey(self, row: UUID, member: UUID, new: NewPasskey, now: int) -> None:
        """Queue a passkey. A known WebAuthn id violates its unique index at the flush."""
        self._transaction.add(
            StaffPasskey,
            id=row,
            webauthn_id=new.webauthn_id,
            member_id=member,
            public_key=new.public_key,
            backup_eligible=new.backup_eligible,
            aaguid=new.aaguid,
            transports=new.transports,
            created_at=now,
            sign_count=new.sign_count,
        )

    def change(self, member: Member, to: Appointment, now: int) -> bool:
        """Give somebody another role or mission. False for the last administrator, or somebody removed meanwhile."""
        if to.role is not Role.ADMINISTRATOR and self._is_last_administrator(member.id):
            return False
        return self._transaction.run(_CHANGE, member=member.id, duty=to.role.value, place=to.mission, now=now) == 1

    def remove(self, member: Member, now: int) -> bool:
        """Remove somebody, and with it their sessions. False for the last administrator, or somebody gone already."""
        if self._is_last_administrator(member.id):
            return False
        return self._transaction.run(_REMOVE, member=member.id, now=now) == 1

    def _is_last_administrator(self, member: UUID) -> bool:
        """Whether nobody else is one. Others who want to know wait until this transaction has ended."""
        return [row.id for row in self._transaction.all(_ADMINISTRATORS)] == [member]

    def passkey(self, webauthn_id: bytes) -> StoredPasskey | None:
        """The passkey that an authenticator named, of somebody who may still use it."""
        row = self._transaction.one(_PASSKEY, webauthn=webauthn_id)
        if row is None:
            return None
        return StoredPasskey(
            id=row.id,
            person_id=row.member_id,
            user_handle=row.user_handle,
            public_key=row.public_key,
            sign_count=row.sign_count,
            backup_eligible=row.backup_eligible,
            attested=False,
        )

    def passkeys_of(self, member: UUID) -> list[bytes]:
        """The WebAuthn ids that a member may answer with."""
        return [row.webauthn_id for row in self._transaction.all(_PASSKEYS_OF, member=member)]

    def used(self, passkey: StoredPasskey, sign_count: int, now: int) -> bool:
        """Note a use; False when another assertion with the same count was faster."""
        values = {"passkey": passkey.id, "before": passkey.sign_count, "count": sign_count, "now": now}
        return self._transaction.run(_USED, **values) == 1

    def suspend_passkey(self, passkey: UUID, now: int) -> bool:
        """Stop a passkey whose count went backwards; False when it was stopped already."""
        return self._transaction.run(_SUSPEND, passkey=passkey, now=now) == 1


class StaffSessions:
    """Verbs on the sessions of staff within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def find(self, session: Presented, now: int) -> SeatedMember | None:
        """Who sits there, unless the session ended or idled out, or they were removed since."""
        row = self._transaction.one(
            _SESSION, row=session.id, presented=session.digest, now=now, idle_since=now - IDLE_SECONDS
        )
        return SeatedMember(member_of(row), row.session_id, row.last_seen_at) if row else None

    def add(self, session: Presented, member: UUID, passkey: UUID, now: int) -> None:
        """Queue a session. A challenge spent before violates its primary key at the flush."""
        self._transaction.add(
            StaffSession,
            id=session.id,
            digest=session.digest,
            member_id=member,
            passkey_id=passkey,
            created_at=now,
            expires_at=now + ABSOLUTE_SECONDS,
            last_seen_at=now,
        )

    def seen(self, session: UUID, now: int) -> None:
        """Somebody does something there."""
        self._transaction.run(_SEEN, row=session, now=now)

    def end(self, session: Presented, now: int) -> bool:
        """End a session; False when it had ended, or its secret is another."""
        return self._transaction.run(_END, row=session.id, presented=session.digest, now=now) == 1
