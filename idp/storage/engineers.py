"""Whose engineer a member of staff is."""

from uuid import UUID

from sqlalchemy import bindparam, delete, select

from idp.staff.member import Member
from idp.storage.database import Transaction
from idp.storage.models_engineers import ClientEngineer
from idp.storage.models_staff import StaffMember
from idp.storage.staff import member_of

MOST_CLIENTS = 200
MOST_ENGINEERS = 100

_CLIENTS = (
    select(ClientEngineer.client_id)
    .where(ClientEngineer.member_id == bindparam("member"))
    .order_by(ClientEngineer.client_id)
    .limit(MOST_CLIENTS)
)
_BOUND = select(ClientEngineer.client_id).where(
    ClientEngineer.member_id == bindparam("member"), ClientEngineer.client_id == bindparam("client")
)
_ENGINEERS = (
    select(StaffMember.id, StaffMember.name, StaffMember.role, StaffMember.mission)
    .join(ClientEngineer, ClientEngineer.member_id == StaffMember.id)
    .where(ClientEngineer.client_id == bindparam("client"), StaffMember.removed_at.is_(None))
    .order_by(StaffMember.id)
    .limit(MOST_ENGINEERS)
)
_UNBIND = delete(ClientEngineer).where(
    ClientEngineer.member_id == bindparam("member"), ClientEngineer.client_id == bindparam("client")
)


class ClientEngineers:
    """Verbs on who is whose engineer, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def clients_of(self, member: UUID) -> list[str]:
        """The services of an engineer, by id."""
        return [row.client_id for row in self._transaction.all(_CLIENTS, member=member)]

    def is_of(self, member: UUID, client_id: str) -> bool:
        """Whether somebody is an engineer of a service."""
        return self._transaction.one(_BOUND, member=member, client=client_id) is not None

    def of_client(self, client_id: str) -> list[Member]:
        """The engineers of a service who have not been removed."""
        return [member_of(row) for row in self._transaction.all(_ENGINEERS, client=client_id)]

    def bind(self, member: UUID, client_id: str, now: int) -> None:
        """Queue that somebody is an engineer of a service; it may stand there already."""
        self._transaction.put(ClientEngineer, member_id=member, client_id=client_id, created_at=now)

    def unbind(self, member: UUID, client_id: str) -> bool:
        """Take it back; False when it did not stand there."""
        return self._transaction.run(_UNBIND, member=member, client=client_id) == 1
