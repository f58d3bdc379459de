"""What the grants need of storage: a few verbs inside one open transaction.

`take_…` is one atomic statement: of many callers with the same secret exactly one gets the row.
"""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from idp.audit.catalogue import AuditRow
from idp.keys.handles import Presented


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRecord:
    """What a person granted to a client in one sign-in, and the terms of its authorization code.

    Or what a machine has for itself: then nobody stands behind it and there is no code.
    """

    id: UUID
    client_id: str
    person_id: UUID | None  # none for a machine that acts for itself
    session_id: UUID | None
    redirect_uri: str | None
    code_challenge: str | None
    nonce: str | None
    scopes: tuple[str, ...]
    acr: str | None
    amr: tuple[str, ...]
    auth_time: int | None
    code_expires_at: int
    expires_at: int
    revoked: bool
    binding: str | None = None  # the key that its code, and a public client's refresh tokens, are bound to
    resources: tuple[str, ...] = ()  # RFC 8707: what its tokens may be meant for
    details: str | None = None  # RFC 9396: the authorization_details, canonical JSON


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether those behind a grant may still act: the gates that stand on every route to a token."""

    person_active: bool
    credential_active: bool
    passkey_active: bool
    session_ended: bool
    consent_withdrawn: bool
    sandbox_of: str | None = None  # whose test citizen the person is

    def obstacle(self, *, offline: bool) -> str | None:
        """What closes the way, for the log; an ended session does not close offline access (Core §11)."""
        if not self.person_active:
            return "person is not active"
        if not (self.credential_active and self.passkey_active):
            return "credential is not active"
        if self.consent_withdrawn:
            return "consent was withdrawn"
        if self.session_ended and not offline:
            return "session has ended"
        return None


@dataclass(frozen=True, slots=True)
class RefreshRecord:
    """A refresh token that was presented."""

    grant: GrantRecord
    issued_at: int
    expires_at: int
    spent_at: int | None = None
    retried_at: int | None = None  # when it was forgiven that it came again
    successor: UUID | None = None  # what it was exchanged for; none for one that ended without a successor
    successor_spent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRecord:
    """A device code that was presented, and what became of it (RFC 8628)."""

    approved: bool
    denied: bool
    taken: bool
    expires_at: int


THE_GRANT = "the grant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What must be true of a grant whose tokens are written by the statement that takes what was presented for it.

    Besides, nothing behind it may stand in the way (`Standing`), and it is a plain one: never revoked, bound to no
    key, for no resource, without details.
    """

    client_id: str
    tenant: str | None  # whose people the client may see
    scopes: frozenset[str]  # each that was granted is one of these
    levels: tuple[str, ...]  # its level is one of these
    redirect_uri: str | None = None  # of a code: both are exactly what the code was asked for with
    code_challenge: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """What is written when the terms are met, for a grant that is known only then.

    The audit row gets its person from it, and what stands as THE_GRANT in its detail.
    """

    access: Presented
    access_expires_at: int
    refresh: Presented | None
    issued: AuditRow
    issued_offline: AuditRow | None = None  # of a code: instead, for offline access; only then `refresh` is written


class Exchanges(Protocol):
    """What a store can do that takes, judges and writes in one statement. Each verb is all of its transaction.

    Where anything is not as it must be nothing is written and the store's Outdated is raised: to be judged step by
    step, in a transaction of its own.
    """

    def exchange_code(self, code: Presented, terms: Terms, minted: Minted, now: int) -> GrantRecord:
        """Spend the code of a grant that meets the terms, and write what is minted."""
        ...

    def exchange_refresh(self, token: Presented, terms: Terms, minted: Minted, now: int) -> GrantRecord:
        """The same for a refresh token: spent for the one that is minted, or left as it is where none is."""
        ...


class Stores(Protocol):
    """The verbs, all within one transaction."""

    @property
    def exchanges(self) -> Exchanges | None:
        """What can be tried before anything else, if this store can."""
        ...

    def take_code(self, code: Presented, client_id: str, now: int) -> GrantRecord | None:
        """Spend the code if it is this client's and unspent."""
        ...

    def spent_code(self, code: Presented, client_id: str) -> GrantRecord | None:
        """The grant of this client's code that was spent before, to recognise a replay."""
        ...

    def find_refresh(self, token: Presented, client_id: str) -> RefreshRecord | None:
        """This client's refresh token, spent or not."""
        ...

    def take_refresh(self, token: Presented, successor: UUID, now: int) -> bool:
        """Spend the refresh token if it is unspent."""
        ...

    def retake_refresh(self, token: Presented, found: RefreshRecord, successor: UUID, now: int) -> bool:
        """Give a spent token another successor, once, and end the one it had; False if that was used meanwhile."""
        ...

    def find_device(self, code: Presented, client_id: str) -> DeviceRecord | None:
        """This client's device code, whatever became of it."""
        ...

    def poll_device(self, device: UUID, now: int) -> bool:
        """Note that the device asked; False when it did so too soon."""
        ...

    def take_device(self, code: Presented, client_id: str, now: int) -> GrantRecord | None:
        """Spend the device code if it is this client's, approved and unspent."""
        ...

    def standing(self, grant: GrantRecord, now: int) -> Standing:
        """Whether those behind the grant may still act."""
        ...

    def revoke(self, grant: UUID, now: int) -> None:
        """End the grant, and with it every token that names it."""
        ...

    def bind(self, grant: UUID, binding: str) -> None:
        """Bind the refresh tokens of the grant to a key."""
        ...

    def add_machine_grant(self, grant: GrantRecord, now: int) -> None:
        """Store the grant of a machine that acts for itself."""
        ...

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
        """Store an access token's digest; `audience` are the resources it is meant for."""
        ...

    def add_refresh_token(self, token: Presented, grant: UUID, now: int, expires_at: int) -> None:
        """Store a refresh token's digest."""
        ...

    def record(self, row: AuditRow) -> None:
        """Write the audit row of what happens here."""
        ...
