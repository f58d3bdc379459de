"""Device flows under way (RFC 8628): found by what a person types or a device presents, ended once each way."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, select, update
from sqlalchemy.engine import Row

from idp.audit.catalogue import AuditRow, Event
from idp.grants.stores import DeviceRecord
from idp.grants.tokens import REFRESH_TOKEN_SECONDS
from idp.keys.handles import Presented
from idp.protocol.client import LONGEST_ACCESS_TOKEN_SECONDS
from idp.protocol.device_flow import LIFETIME_SECONDS, POLL_SECONDS, SLOWER_SECONDS
from idp.storage.authorizations import Authorization
from idp.storage.database import Transaction
from idp.storage.models import DeviceAuthorization, Grant

_OPEN = (
    DeviceAuthorization.grant_id.is_(None),
    DeviceAuthorization.denied_at.is_(None),
    DeviceAuthorization.expires_at > bindparam("now"),
)
_WAITING = select(
    DeviceAuthorization.id,
    DeviceAuthorization.client_id,
    DeviceAuthorization.scopes,
    DeviceAuthorization.place,
    DeviceAuthorization.created_at,
).where(*_OPEN)
_OF_TYPED = _WAITING.where(DeviceAuthorization.user_code == bindparam("typed"))
_OF_ROW = _WAITING.where(DeviceAuthorization.id == bindparam("row"))
_END = update(DeviceAuthorization).where(DeviceAuthorization.id == bindparam("row"), *_OPEN)
_APPROVE = _END.values(grant_id=bindparam("granted"))
_DENY = _END.values(denied_at=bindparam("now"))

_THIS_CODE = (
    DeviceAuthorization.id == bindparam("row"),
    DeviceAuthorization.digest == bindparam("code"),
    DeviceAuthorization.client_id == bindparam("client"),
)
_FIND = select(
    DeviceAuthorization.grant_id,
    DeviceAuthorization.denied_at,
    DeviceAuthorization.taken_at,
    DeviceAuthorization.expires_at,
).where(*_THIS_CODE)
_TAKE = (
    update(DeviceAuthorization)
    .where(
        *_THIS_CODE,
        DeviceAuthorization.grant_id.is_not(None),
        DeviceAuthorization.denied_at.is_(None),
        DeviceAuthorization.taken_at.is_(None),
        DeviceAuthorization.expires_at > bindparam("now"),
    )
    .values(taken_at=bindparam("now"))
    .returning(DeviceAuthorization.grant_id)
)
# One statement decides and remembers, so that two polls at once do not both count as patient ones.
_IN_TIME = DeviceAuthorization.polled_at.is_(None) | (
    DeviceAuthorization.polled_at + DeviceAuthorization.poll_seconds <= bindparam("now")
)
_POLL = (
    update(DeviceAuthorization)
    .where(DeviceAuthorization.id == bindparam("row"), _IN_TIME)
    .values(polled_at=bindparam("now"))
)
_TOO_SOON = (
    update(DeviceAuthorization)
    .where(DeviceAuthorization.id == bindparam("row"))
    .values(
        polled_at=bindparam("now"),
        poll_seconds=case(
            (DeviceAuthorization.poll_seconds < LIFETIME_SECONDS, DeviceAuthorization.poll_seconds + SLOWER_SECONDS),
            else_=DeviceAuthorization.poll_seconds,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class WaitingDevice:
    """A device that waits for a person to say yes or no."""

    id: UUID
    client_id: str
    scopes: tuple[str, ...]
    kind: str  # protocol.device_flow.DeviceKind
    created_at: int


class DeviceAuthorizations:
    """Verbs within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def add(
        self, code: Presented, user_code: bytes, client_id: str, scopes: tuple[str, ...], kind: str, now: int
    ) -> None:
        """Queue a flow and its audit row. A user code that is in use violates its unique index at the flush."""
        self._transaction.add(
            DeviceAuthorization,
            id=code.id,
            digest=code.digest,
            user_code=user_code,
            client_id=client_id,
            scopes=" ".join(scopes),
            place=kind,
            poll_seconds=POLL_SECONDS,
            created_at=now,
            expires_at=now + LIFETIME_SECONDS,
        )
        detail = {"device": code.id, "scopes": " ".join(scopes)}
        self._transaction.record(AuditRow(Event.DEVICE_STARTED, now, client=client_id, detail=detail))

    def find_typed(self, user_code: bytes, now: int) -> WaitingDevice | None:
        """The flow that a typed code (its keyed HMAC) belongs to, while it waits."""
        return _waiting(self._transaction.one(_OF_TYPED, typed=user_code, now=now))

    def find(self, row: UUID, now: int) -> WaitingDevice | None:
        """The same by its row."""
        return _waiting(self._transaction.one(_OF_ROW, row=row, now=now))

    def approve(self, row: UUID, client_id: str, what: Authorization, now: int) -> bool:
        """Give the flow its grant, and queue that and the audit row. False when it was ended or over before."""
        grant = self._transaction.new_id()
        if self._transaction.run(_APPROVE, row=row, granted=grant, now=now) != 1:
            return False
        offline = "offline_access" in what.scopes
        self._transaction.add(
            Grant,
            id=grant,
            client_id=client_id,
            person_id=what.person,
            session_id=what.session,
            passkey_id=what.passkey,
            scopes=" ".join(what.scopes),
            acr=what.acr,
            amr=" ".join(what.amr),
            auth_time=what.auth_time,
            created_at=now,
            code_expires_at=now,
            expires_at=now + (REFRESH_TOKEN_SECONDS if offline else LIFETIME_SECONDS + LONGEST_ACCESS_TOKEN_SECONDS),
        )
        detail = {"device": row, "grant": grant, "scopes": " ".join(what.scopes), "acr": what.acr}
        self._transaction.record(AuditRow(Event.DEVICE_APPROVED, now, what.person, client_id, detail))
        return True

    def deny(self, row: UUID, person: UUID, client_id: str, now: int) -> None:
        """The person said no; the device will hear it."""
        if self._transaction.run(_DENY, row=row, now=now) == 1:
            self._transaction.record(AuditRow(Event.DEVICE_DENIED, now, person, client_id, {"device": row}))

    def presented(self, code: Presented, client_id: str) -> DeviceRecord | None:
        """This client's device code, whatever became of it."""
        row = self._transaction.one(_FIND, row=code.id, code=code.digest, client=client_id)
        if row is None:
            return None
        return DeviceRecord(
            approved=row.grant_id is not None,
            denied=row.denied_at is not None,
            taken=row.taken_at is not None,
            expires_at=row.expires_at,
        )

    def poll(self, row: UUID, now: int) -> bool:
        """Note that the device asked. False when it did so too soon: it has to wait longer from now on."""
        if self._transaction.run(_POLL, row=row, now=now) == 1:
            return True
        self._transaction.run(_TOO_SOON, row=row, now=now)
        return False

    def take(self, code: Presented, client_id: str, now: int) -> UUID | None:
        """Spend an approved device code: of many polls at once one gets the grant."""
        row = self._transaction.one(_TAKE, row=code.id, code=code.digest, client=client_id, now=now)
        return row.grant_id if row else None


def _waiting(row: Row[Any] | None) -> WaitingDevice | None:
    if row is None:
        return None
    return WaitingDevice(row.id, row.client_id, tuple(row.scopes.split()), row.place, row.created_at)
