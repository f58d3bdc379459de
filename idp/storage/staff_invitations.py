"""Invitations of staff: the first browser that opens the link owns it, and it makes one member."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select, update

from idp.keys.handles import Presented
from idp.staff.appointing import INVITATION_SECONDS, OPEN_SECONDS
from idp.staff.member import Appointment
from idp.staff.roles import Role
from idp.storage.database import Transaction
from idp.storage.models_staff import StaffInvitation

_OPEN_STILL = (StaffInvitation.finished_at.is_(None), StaffInvitation.expires_at > bindparam("now"))
_OPEN = (
    update(StaffInvitation)
    .where(
        StaffInvitation.id == bindparam("row"),
        StaffInvitation.digest == bindparam("presented"),
        StaffInvitation.browser.is_(None),
        *_OPEN_STILL,
    )
    .values(browser=bindparam("opener"), expires_at=bindparam("until"))
)
_FOUND = select(
    StaffInvitation.id,
    StaffInvitation.name,
    StaffInvitation.role,
    StaffInvitation.mission,
    StaffInvitation.invited_by,
    StaffInvitation.challenge,
    StaffInvitation.user_handle,
    StaffInvitation.clients,
).where(StaffInvitation.browser == bindparam("opener"), *_OPEN_STILL)
_FIND = _FOUND.order_by(StaffInvitation.id.desc()).limit(1)
_OPENED_HERE = _FOUND.where(StaffInvitation.id == bindparam("row"), StaffInvitation.digest == bindparam("presented"))
_UNFINISHED = update(StaffInvitation).where(
    StaffInvitation.id == bindparam("row"), StaffInvitation.finished_at.is_(None)
)
_SET_CHALLENGE = _UNFINISHED.values(challenge=bindparam("fresh"))
_TAKE_CHALLENGE = _UNFINISHED.where(StaffInvitation.challenge == bindparam("asked")).values(challenge=None)
_FINISH = _UNFINISHED.values(finished_at=bindparam("now"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvitation:
    """An invitation that this browser opened."""

    id: UUID
    appointment: Appointment
    invited_by: UUID | None
    challenge: bytes | None
    user_handle: bytes


class StaffInvitations:
    """Verbs on invitations within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def add(self, secret: Presented, new: Appointment, *, by: UUID | None, user_handle: bytes, now: int) -> None:
        """Queue an invitation whose link holds `secret`."""
        self._transaction.add(
            StaffInvitation,
            id=secret.id,
            digest=secret.digest,
            name=new.name,
            role=new.role.value,
            mission=new.mission,
            invited_by=by,
            user_handle=user_handle,
            created_at=now,
            expires_at=now + INVITATION_SECONDS,
            clients=" ".join(new.clients) or None,
        )

    def open(self, secret: Presented, browser: bytes, now: int) -> bool:
        """Take the link for this browser: of many the first one gets True."""
        values = {"row": secret.id, "presented": secret.digest, "opener": browser, "now": now}
        return self._transaction.run(_OPEN, **values, until=now + OPEN_SECONDS) == 1

    def opened_here(self, secret: Presented, browser: bytes, now: int) -> bool:
        """Whether this very browser opened it before: a reload goes on."""
        values = {"row": secret.id, "presented": secret.digest, "opener": browser, "now": now}
        return self._transaction.one(_OPENED_HERE, **values) is not None

    def find(self, browser: bytes, now: int) -> OpenInvitation | None:
        """The invitation that this browser has open."""
        row = self._transaction.one(_FIND, opener=browser, now=now)
        if row is None:
            return None
        return OpenInvitation(
            id=row.id,
            appointment=Appointment(
                name=row.name, role=Role(row.role), mission=row.mission, clients=tuple((row.clients or "").split())
            ),
            invited_by=row.invited_by,
            challenge=row.challenge,
            user_handle=row.user_handle,
        )

    def set_challenge(self, row: UUID, challenge: bytes) -> None:
        """The challenge of the registration ceremony that the page shows now."""
        self._transaction.run(_SET_CHALLENGE, row=row, fresh=challenge)

    def take_challenge(self, row: UUID, challenge: bytes) -> bool:
        """Spend the challenge, whatever the ceremony then proves (abuse case W-01)."""
        return self._transaction.run(_TAKE_CHALLENGE, row=row, asked=challenge) == 1

    def finish(self, row: UUID, now: int) -> bool:
        """Take the invitation's one end. False when somebody was faster."""
        return self._transaction.run(_FINISH, row=row, now=now) == 1
