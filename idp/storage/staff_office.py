"""Appointing staff: each act is checked against the rule of idp/staff, done and audited in one transaction.

`by` is the member of staff who acts; None is an operator at the command line, whom the machine let in.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.passkey_registration import NewPasskey
from idp.keys.handles import new_handle
from idp.registration.register import CLIENT_ID
from idp.staff.appointing import NotAllowed, refuse_appointment, refuse_change, refuse_removal, takes_two
from idp.staff.member import Appointment, InvalidAppointment, Member
from idp.staff.roles import Role
from idp.storage.database import Database, Transaction
from idp.storage.engineers import ClientEngineers
from idp.storage.missions import find_mission
from idp.storage.models import ClientRow
from idp.storage.staff import StaffMembers
from idp.storage.staff_invitations import OpenInvitation, StaffInvitations
from idp.storage.wire import Outdated

USER_HANDLE_BYTES = 64
_CLIENT = select(ClientRow.id).where(ClientRow.id == bindparam("client"))


class StaffOffice:
    """Every act on the list of staff."""

    def __init__(
        self, database: Database, random_bytes: Callable[[int], bytes], clock: Callable[[], int], issuer: str
    ) -> None:
        """Nothing is kept in memory."""
        self._database = database
        self._random_bytes = random_bytes
        self._clock = clock
        self._issuer = issuer

    def all(self, mission: str | None = None) -> list[Member]:
        """Everybody, or everybody of one mission."""
        with self._database.read() as reading:
            return StaffMembers(reading).all(mission)

    def invite(self, new: Appointment, by: Member | None = None, via: str | None = None) -> str:
        """A one-time link, the secret in its fragment. Raises NotAllowed or InvalidAppointment."""
        if by is not None and takes_two(None, new.role):
            raise NotAllowed("staff.takes_two")
        with self._database.begin() as step:
            return self._invite(step, new, (by.id,) if by else (), _through(via))

    def invite_decided(self, step: Transaction, new: Appointment, *, first: UUID, second: UUID) -> str:
        """The same, asked for by one and decided by another; the link goes through the hands of the second."""
        return self._invite(step, new, (first, second), {"first": first})

    def _invite(self, step: Transaction, new: Appointment, by: tuple[UUID, ...], more: dict[str, Any]) -> str:
        """`by`: everybody who has to be allowed to; the last of them hands the link over."""
        now, secret = self._clock(), new_handle(self._database.new_id(), self._random_bytes)
        _refuse_unknown_mission(step, new)
        _refuse_unknown_clients(step, new)
        for one in by:
            refuse_appointment(_known(step, one), new)
        sender, handle = by[-1] if by else None, self._random_bytes(USER_HANDLE_BYTES)
        StaffInvitations(step).add(secret, new, by=sender, user_handle=handle, now=now)
        detail = {"by": sender, "invitation": secret.id, "role": new.role.value, "mission": new.mission}
        step.record(AuditRow(Event.STAFF_INVITED, now, detail=detail | more))
        return f"{self._issuer}/staff/join#{secret.text}"

    def join(self, invitation: OpenInvitation, made: NewPasskey) -> UUID:
        """Turn an invitation into a member. Raises NotAllowed when it was used, or its sender may invite no more."""
        now, member, passkey = self._clock(), self._database.new_id(), self._database.new_id()
        with self._database.begin() as step:
            if not StaffInvitations(step).finish(invitation.id, now):
                raise NotAllowed("staff.invitation_used")
            if invitation.invited_by is not None:
                sender = StaffMembers(step).find(invitation.invited_by)
                if sender is None:
                    raise NotAllowed("staff.invitation_used")
                refuse_appointment(sender, invitation.appointment)
            add_member(step, member, passkey, invitation.appointment, invitation.user_handle, made, now=now)
            detail = _joined(member, passkey, invitation.appointment) | {"invitation": invitation.id}
            step.record(AuditRow(Event.STAFF_JOINED, now, detail=detail))
            for client in invitation.appointment.clients:
                bind_engineer(step, member, client, by=invitation.invited_by, now=now)
        return member

    def change(
        self,
        member: UUID,
        role: Role,
        mission: str | None,
        by: Member | None = None,
        via: str | None = None,
        *,
        seen: Member | None = None,
    ) -> None:
        """Give somebody another role or mission. Raises NotAllowed or InvalidAppointment.

        `seen`: how the caller saw them, who decided by it. Raises Outdated when they are not so any more.
        """
        with self._database.begin() as step:
            of = _in_turn(step, member, seen)
            to = Appointment(name=of.name, role=role, mission=mission)
            if by is not None:
                refuse_change(_as_now(step, by), of, to)
                if takes_two(of.role, to.role):
                    raise NotAllowed("staff.takes_two")
            self._change(step, of, to, {"by": by.id if by else None} | _through(via))

    def change_decided(
        self, step: Transaction, member: UUID, before: Role, role: Role, *, first: UUID, second: UUID
    ) -> None:
        """The same, asked for by one and decided by another. Raises NotAllowed; also when the role changed since."""
        of = _in_turn(step, member)
        if of.role is not before:
            raise NotAllowed("staff.changed_since")
        to = Appointment(name=of.name, role=role)
        for one in (first, second):
            refuse_change(_known(step, one), of, to)
        self._change(step, of, to, {"by": second, "first": first})

    def _change(self, step: Transaction, of: Member, to: Appointment, who: dict[str, Any]) -> None:
        now = self._clock()
        _refuse_unknown_mission(step, to)
        if not StaffMembers(step).change(of, to, now):
            raise NotAllowed("staff.last_administrator")
        moved = {"member": of.id, "from": of.role.value, "to": to.role.value, "mission": to.mission}
        step.record(AuditRow(Event.STAFF_CHANGED, now, detail=moved | who))

    def bind(self, member: UUID, client_id: str, by: Member | None = None) -> None:
        """Make a client engineer one of this service too. Raises NotAllowed or InvalidAppointment."""
        now = self._clock()
        with self._database.begin() as step:
            of = _known(step, member)
            if of.role is not Role.CLIENT_ENGINEER:
                raise NotAllowed("staff.not_an_engineer")
            _refuse_unknown_clients(step, Appointment(name=of.name, role=of.role, clients=(client_id,)))
            if by is not None:
                refuse_change(_as_now(step, by), of, Appointment(name=of.name, role=of.role))
            bind_engineer(step, member, client_id, by=by.id if by else None, now=now)

    def unbind(self, member: UUID, client_id: str, by: Member | None = None) -> None:
        """Take that back; it holds at their next request. Raises NotAllowed."""
        now = self._clock()
        with self._database.begin() as step:
            of = _known(step, member)
            if by is not None:
                refuse_change(_as_now(step, by), of, Appointment(name=of.name, role=of.role))
            if not ClientEngineers(step).unbind(member, client_id):
                raise NotAllowed("staff.not_an_engineer")
            detail = {"member": member, "by": by.id if by else None}
            step.record(AuditRow(Event.ENGINEER_UNBOUND, now, client=client_id, detail=detail))

    def remove(
        self, member: UUID, by: Member | None = None, via: str | None = None, *, seen: Member | None = None
    ) -> None:
        """Remove somebody: their sessions end with it. Raises NotAllowed, and Outdated as `change` does."""
        now = self._clock()
        with self._database.begin() as step:
            of = _in_turn(step, member, seen)
            if by is not None:
                refuse_removal(_as_now(step, by), of)
            if not StaffMembers(step).remove(of, now):
                raise NotAllowed("staff.last_administrator")
            detail = {"by": by.id if by else None, "member": member} | _through(via)
            step.record(AuditRow(Event.STAFF_REMOVED, now, detail=detail))


def add_member(
    step: Transaction,
    member: UUID,
    passkey: UUID,
    new: Appointment,
    user_handle: bytes,
    made: NewPasskey,
    *,
    now: int,
    demo: bool = False,
) -> None:
    """The rows of a new member with their passkey."""
    members = StaffMembers(step)
    members.add(member, new, user_handle=user_handle, demo=demo, now=now)
    members.add_passkey(passkey, member, made, now)


def _through(via: str | None) -> dict[str, Any]:
    """The administration client through which somebody acts."""
    return {} if via is None else {"via": via}


def bind_engineer(step: Transaction, member: UUID, client_id: str, *, by: UUID | None, now: int) -> None:
    """Make somebody an engineer of a service, with its audit row."""
    ClientEngineers(step).bind(member, client_id, now)
    step.record(AuditRow(Event.ENGINEER_BOUND, now, client=client_id, detail={"member": member, "by": by}))


def bind_proposer(step: Transaction, proposer: UUID, client_id: str, *, by: UUID, now: int) -> None:
    """An engineer whose proposal of a new service was approved is its engineer; who else proposed one is not."""
    found = StaffMembers(step).find(proposer)
    if found is not None and found.role is Role.CLIENT_ENGINEER:
        bind_engineer(step, proposer, client_id, by=by, now=now)


def _refuse_unknown_clients(step: Transaction, new: Appointment) -> None:
    for client_id in new.clients:
        if not CLIENT_ID.fullmatch(client_id) or step.one(_CLIENT, client=client_id) is None:
            raise InvalidAppointment("staff.clients_wrong", f"no client {client_id!r}; `idp client list` shows them")


def _joined(member: UUID, passkey: UUID, new: Appointment) -> dict[str, Any]:
    return {"member": member, "passkey": passkey, "role": new.role.value, "mission": new.mission}


def _known(step: Transaction, member: UUID) -> Member:
    found = StaffMembers(step).find(member)
    if found is None:
        raise NotAllowed("staff.unknown_member")
    return found


def _in_turn(step: Transaction, member: UUID, seen: Member | None = None) -> Member:
    """Whom a step changes, as no other step can change them before it ends. Raises NotAllowed, Outdated."""
    found = StaffMembers(step).find_in_turn(member)
    if seen is not None and found != seen:
        raise Outdated
    if found is None:
        raise NotAllowed("staff.unknown_member")
    return found


def _as_now(step: Transaction, by: Member) -> Member:
    """Who acts, as they are within this transaction: somebody removed a moment ago acts no more."""
    return _known(step, by.id)


def _refuse_unknown_mission(step: Transaction, new: Appointment) -> None:
    if new.mission is not None and find_mission(step, new.mission) is None:
        raise InvalidAppointment("staff.mission_wrong", f"no mission {new.mission!r}; `idp mission list` shows them")
