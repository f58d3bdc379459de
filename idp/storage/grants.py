"""Grants and their tokens: the stores of the token endpoint (idp/grants/stores.py has the promises)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.engine import Row
from sqlalchemy.orm import aliased

from idp.audit.catalogue import AuditRow
from idp.credential.states import State
from idp.grants.stores import DeviceRecord, Exchanges, GrantRecord, RefreshRecord, Standing
from idp.keys.handles import Presented
from idp.people.status import PersonStatus
from idp.storage.clients import STANDING_OF_CLIENT, ClientStanding, client_standing
from idp.storage.database import Transaction
from idp.storage.device_authorizations import DeviceAuthorizations
from idp.storage.models import (
    AccessToken,
    ClientRow,
    Consent,
    Credential,
    Grant,
    Passkey,
    Person,
    RefreshToken,
    Session,
)
from idp.storage.wire import Outdated

GRANT = (
    Grant.id,
    Grant.client_id,
    Grant.person_id,
    Grant.session_id,
    Grant.redirect_uri,
    Grant.code_challenge,
    Grant.nonce,
    Grant.scopes,
    Grant.acr,
    Grant.amr,
    Grant.auth_time,
    Grant.code_expires_at,
    Grant.expires_at,
    Grant.revoked_at,
    Grant.confirmation,
    Grant.resources,
    Grant.details,
)

THIS_CODE = and_(
    Grant.id == bindparam("row"),
    Grant.code_digest == bindparam("code"),
    Grant.client_id == bindparam("client"),
)
_SPEND_CODE = (
    update(Grant)
    .where(THIS_CODE, Grant.code_spent_at.is_(None), Grant.revoked_at.is_(None))
    .values(code_spent_at=bindparam("now"))
)
_TAKE_CODE = _SPEND_CODE.returning(*GRANT)
_GRANT_ROW = select(*GRANT).where(Grant.id == bindparam("row"))
_SPENT_CODE = select(*GRANT).where(THIS_CODE, Grant.code_spent_at.is_not(None))
_REVOKE = (
    update(Grant).where(Grant.id == bindparam("row"), Grant.revoked_at.is_(None)).values(revoked_at=bindparam("now"))
)
_BIND = update(Grant).where(Grant.id == bindparam("row")).values(confirmation=bindparam("binding"))
_REVOKE_FOR = (
    update(Grant)
    .where(
        Grant.person_id == bindparam("person"),
        Grant.client_id == bindparam("client"),
        Grant.revoked_at.is_(None),
    )
    .values(revoked_at=bindparam("now"))
)
Successor = aliased(RefreshToken)
_REFRESH = (
    select(
        *GRANT,
        RefreshToken.created_at.label("token_created_at"),
        RefreshToken.expires_at.label("token_expires_at"),
        RefreshToken.spent_at,
        RefreshToken.retried_at,
        RefreshToken.successor_id,
        Successor.spent_at.label("successor_spent_at"),
    )
    .join(RefreshToken, RefreshToken.grant_id == Grant.id)
    .outerjoin(Successor, Successor.id == RefreshToken.successor_id)
    .where(
        RefreshToken.id == bindparam("row"),
        RefreshToken.digest == bindparam("token"),
        Grant.client_id == bindparam("client"),
    )
)
_TAKE_REFRESH = (
    update(RefreshToken)
    .where(
        RefreshToken.id == bindparam("row"),
        RefreshToken.digest == bindparam("token"),
        RefreshToken.spent_at.is_(None),
    )
    .values(spent_at=bindparam("now"), successor_id=bindparam("successor"))
)
_RETAKE_REFRESH = (
    update(RefreshToken)
    .where(
        RefreshToken.id == bindparam("row"),
        RefreshToken.digest == bindparam("token"),
        RefreshToken.successor_id == bindparam("lost"),
        RefreshToken.retried_at.is_(None),
    )
    .values(retried_at=bindparam("now"), successor_id=bindparam("successor"))
)
_END_REFRESH = (
    update(RefreshToken)
    .where(RefreshToken.id == bindparam("row"), RefreshToken.spent_at.is_(None))
    .values(spent_at=bindparam("now"))
)

# Everything that may close a grant's way, in one look-up by primary keys.
_STANDING_OF = (
    Person.status.label("person_status"),
    Person.sandbox_of,
    Credential.state.label("credential_state"),
    Credential.expires_at.label("credential_expires_at"),
    Passkey.state.label("passkey_state"),
    Session.ended_at.label("session_ended_at"),
    Session.id.label("session_known"),
    Consent.withdrawn_at.label("consent_withdrawn_at"),
)
STANDING = (Grant.person_id.label("granted_by"), *_STANDING_OF)


def with_standing(statement: Any, of: Any = Grant) -> Any:
    """`statement` over the grants `of`, joined with everything that `standing_of` reads."""
    return (
        statement.outerjoin(Passkey, Passkey.id == of.passkey_id)
        .outerjoin(Credential, Credential.id == Passkey.credential_id)
        .outerjoin(Person, Person.id == of.person_id)
        .outerjoin(Session, Session.id == of.session_id)
        .outerjoin(Consent, and_(Consent.person_id == of.person_id, Consent.client_id == of.client_id))
    )


_FIND_REFRESH = with_standing(_REFRESH.add_columns(*STANDING, *STANDING_OF_CLIENT)).outerjoin(
    ClientRow, ClientRow.id == Grant.client_id
)
# Spending the code tells of those behind it, and of the client, in the same statement. PostgreSQL only.
_taken = _SPEND_CODE.returning(*GRANT, Grant.passkey_id).cte("taken")
_TAKE_CODE_AT_ONCE = with_standing(
    select(_taken, _taken.c.person_id.label("granted_by"), *_STANDING_OF, *STANDING_OF_CLIENT).select_from(_taken),
    _taken.c,
).outerjoin(ClientRow, ClientRow.id == _taken.c.client_id)
_CLIENT = select(*STANDING_OF_CLIENT).where(ClientRow.id == bindparam("client"))
_STANDING = with_standing(select(*STANDING).select_from(Grant)).where(Grant.id == bindparam("row"))
_FIND_ACCESS = with_standing(
    select(
        *GRANT,
        Grant.claims,
        AccessToken.scopes.label("token_scopes"),
        AccessToken.audience.label("token_audience"),
        AccessToken.confirmation.label("token_confirmation"),
        AccessToken.created_at.label("token_created_at"),
        AccessToken.expires_at.label("token_expires_at"),
        AccessToken.revoked_at.label("token_revoked_at"),
        Person.record,
        Consent.scopes.label("consented_scopes"),
        *STANDING_OF_CLIENT,
        *STANDING,
    )
    .select_from(AccessToken)
    .join(Grant, Grant.id == AccessToken.grant_id)
    .outerjoin(ClientRow, ClientRow.id == Grant.client_id)
).where(AccessToken.id == bindparam("row"), AccessToken.digest == bindparam("token"))
_REVOKE_ACCESS = (
    update(AccessToken)
    .where(AccessToken.id == bindparam("row"), AccessToken.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)


IsStill = Callable[[ClientStanding | None], None]
"""Raises Outdated when the client is another by now, or nothing was found by which to tell."""


def standing_of(row: Row[Any], now: int) -> Standing:
    """The gates, as the joined row shows them. What is missing counts as closed."""
    if row.granted_by is None:  # a machine that acts for itself: its only gate is its registration
        return Standing(True, True, True, session_ended=False, consent_withdrawn=False)
    return Standing(
        person_active=row.person_status == PersonStatus.ACTIVE.value,
        credential_active=row.credential_state == State.ACTIVE.value and now < row.credential_expires_at,
        passkey_active=row.passkey_state == "active",
        session_ended=row.session_ended_at is not None or row.session_known is None,
        consent_withdrawn=row.consent_withdrawn_at is not None,
        sandbox_of=row.sandbox_of,
    )


def grant_of(row: Row[Any]) -> GrantRecord:
    """A row of the grant's columns as the type that the rules read."""
    return GrantRecord(
        id=row.id,
        client_id=row.client_id,
        person_id=row.person_id,
        session_id=row.session_id,
        redirect_uri=row.redirect_uri,
        code_challenge=row.code_challenge,
        nonce=row.nonce,
        scopes=tuple(row.scopes.split()),
        acr=row.acr,
        amr=tuple((row.amr or "").split()),
        auth_time=row.auth_time,
        code_expires_at=row.code_expires_at,
        expires_at=row.expires_at,
        revoked=row.revoked_at is not None,
        binding=row.confirmation,
        resources=tuple((row.resources or "").split()),
        details=row.details,
    )


class Grants:
    """The token endpoint's verbs within one transaction."""

    def __init__(
        self, transaction: Transaction, is_still: IsStill | None = None, exchanges: Exchanges | None = None
    ) -> None:
        """Over an open transaction. `is_still`: the client is one that was remembered, and this is told how it stands.

        `exchanges` may be tried then, before anything else.
        """
        self._transaction = transaction
        self.exchanges = exchanges
        self._is_still = is_still
        self._standing: Row[Any] | None = None
        """What a look-up has already told of a grant's standing."""

    def take_code(self, code: Presented, client_id: str, now: int) -> GrantRecord | None:
        """Spend the code if it is this client's and unspent: one statement, one winner."""
        values = {"row": code.id, "code": code.digest, "client": client_id, "now": now}
        if self._transaction.dialect == "postgresql":
            row = self._standing = self._transaction.one(_TAKE_CODE_AT_ONCE, **values)
            self._compare(row, client_id)
        else:
            row = self._transaction.one(_TAKE_CODE, **values)
            if self._is_still is not None:
                self._compare(self._transaction.one(_CLIENT, client=client_id) if row else None, client_id)
        return grant_of(row) if row else None

    def _compare(self, row: Row[Any] | None, client_id: str) -> None:
        """Raises Outdated unless the client that was remembered still stands as it did."""
        if self._is_still is not None:
            self._is_still(client_standing(row, client_id) if row is not None else None)

    def spent_code(self, code: Presented, client_id: str) -> GrantRecord | None:
        """The grant of a code that was spent before."""
        row = self._transaction.one(_SPENT_CODE, row=code.id, code=code.digest, client=client_id)
        return grant_of(row) if row else None

    def find_refresh(self, token: Presented, client_id: str) -> RefreshRecord | None:
        """This client's refresh token, spent or not."""
        row = self._transaction.one(_FIND_REFRESH, row=token.id, token=token.digest, client=client_id)
        self._compare(row, client_id)
        if row is None:
            return None
        self._standing = row
        return RefreshRecord(
            grant=grant_of(row),
            issued_at=row.token_created_at,
            expires_at=row.token_expires_at,
            spent_at=row.spent_at,
            retried_at=row.retried_at,
            successor=row.successor_id,
            successor_spent=row.successor_spent_at is not None,
        )

    def take_refresh(self, token: Presented, successor: UUID, now: int) -> bool:
        """Spend the refresh token if it is unspent: one statement, one winner.

        For a remembered client it is spent with the very rows that it buys: whoever loses finds the step Outdated.
        """
        values = {"row": token.id, "token": token.digest, "successor": successor, "now": now}
        if self._is_still is not None:
            self._transaction.only_if(_TAKE_REFRESH, **values)
            return True
        return self._transaction.run(_TAKE_REFRESH, **values) == 1

    def retake_refresh(self, token: Presented, found: RefreshRecord, successor: UUID, now: int) -> bool:
        """Replace the successor that was lost: one winner, and only while the lost one is unused."""
        values = {"row": token.id, "token": token.digest, "lost": found.successor, "successor": successor, "now": now}
        if self._transaction.run(_END_REFRESH, row=found.successor, now=now) != 1:  # used, or another retry was faster
            return False
        return self._transaction.run(_RETAKE_REFRESH, **values) == 1

    def find_device(self, code: Presented, client_id: str) -> DeviceRecord | None:
        """This client's device code, whatever became of it."""
        return DeviceAuthorizations(self._transaction).presented(code, client_id)

    def poll_device(self, device: UUID, now: int) -> bool:
        """Note that the device asked; False when it did so too soon."""
        return DeviceAuthorizations(self._transaction).poll(device, now)

    def take_device(self, code: Presented, client_id: str, now: int) -> GrantRecord | None:
        """Spend the device code if it is this client's, approved and unspent: one statement, one winner."""
        grant = DeviceAuthorizations(self._transaction).take(code, client_id, now)
        row = self._transaction.one(_GRANT_ROW, row=grant) if grant is not None else None
        return grant_of(row) if row else None

    def standing(self, grant: GrantRecord, now: int) -> Standing:
        """Whether those behind the grant may still act. A grant without person or passkey has no standing."""
        known, self._standing = self._standing, None
        row = known if known is not None and known.id == grant.id else self._transaction.one(_STANDING, row=grant.id)
        return standing_of(row, now) if row else Standing(False, False, False, True, True)

    def revoke(self, grant: UUID, now: int) -> None:
        """End the grant and with it every token that names it."""
        self._transaction.run(_REVOKE, row=grant, now=now)

    def revoke_for(self, person: UUID, client_id: str, now: int) -> int:
        """End all grants of a person at a client; returns how many."""
        return self._transaction.run(_REVOKE_FOR, person=person, client=client_id, now=now)

    def bind(self, grant: UUID, binding: str) -> None:
        """Bind the grant's refresh tokens to a key. Raises Outdated for a remembered client: see `take_refresh`."""
        if self._is_still is not None:
            raise Outdated
        self._transaction.run(_BIND, row=grant, binding=binding)

    def add_machine_grant(self, grant: GrantRecord, now: int) -> None:
        """Queue the grant of a machine: no code leads to it."""
        self._transaction.add(
            Grant,
            id=grant.id,
            client_id=grant.client_id,
            scopes=" ".join(grant.scopes),
            created_at=now,
            code_expires_at=grant.code_expires_at,
            expires_at=grant.expires_at,
        )

    def add_access_token(
        self,
        token: Presented,
        grant: UUID,
        scopes: tuple[str, ...],
        now: int,
        expires_at: int,
        *,
        audience: tuple[str, ...] = (),
        binding: str | None = None,
    ) -> None:
        """Queue an access token's row."""
        self._transaction.add(
            AccessToken,
            id=token.id,
            digest=token.digest,
            grant_id=grant,
            scopes=" ".join(scopes),
            confirmation=binding,
            audience=" ".join(audience) or None,
            created_at=now,
            expires_at=expires_at,
        )

    def add_refresh_token(self, token: Presented, grant: UUID, now: int, expires_at: int) -> None:
        """Queue a refresh token's row."""
        self._transaction.add(
            RefreshToken,
            id=token.id,
            digest=token.digest,
            grant_id=grant,
            created_at=now,
            expires_at=expires_at,
        )

    def record(self, row: AuditRow) -> None:
        """Queue the audit row."""
        self._transaction.record(row)

    def find_access_token(self, token: Presented) -> Row[Any] | None:
        """The access token with its grant, the sealed record and everything `standing_of` reads."""
        return self._transaction.one(_FIND_ACCESS, row=token.id, token=token.digest)

    def revoke_access_token(self, token: Presented, now: int) -> None:
        """End one access token."""
        self._transaction.run(_REVOKE_ACCESS, row=token.id, now=now)
