"""The stores of the token endpoint in memory, and a mint whose tokens can be read back."""

# ruff: noqa: ARG002 (the fakes take what the verbs of idp/grants/stores.py take)

import json
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any
from uuid import UUID

from idp.audit.catalogue import AuditRow
from idp.grants.stores import Exchanges, GrantRecord, RefreshRecord, Standing
from idp.grants.tokens import Mint
from idp.keys.handles import Handle, Presented, new_handle
from tests.protocol.examples import CHALLENGE, ISSUER, NOW

GOOD = Standing(True, True, True, False, False)
GRANT = GrantRecord(
    id=UUID(int=1),
    client_id="gov24",
    person_id=UUID(int=2),
    session_id=UUID(int=3),
    redirect_uri="https://rp.go.kr/cb",
    code_challenge=CHALLENGE,
    nonce="the-nonce",
    scopes=("openid", "profile", "offline_access"),
    acr="urn:kr:overseas-id:acr:2",
    amr=("swk", "user", "sms", "mfa"),
    auth_time=NOW - 50,
    code_expires_at=NOW + 60,
    expires_at=NOW + 30 * 86_400,
    revoked=False,
)


def secret(number: int) -> Handle:
    return new_handle(UUID(int=number), lambda size: number.to_bytes(size, "big"))


CODE = secret(1)
REFRESH = secret(100)


@dataclass
class AccessToken:
    """What was stored of one access token."""

    token: Presented
    grant: UUID
    scopes: tuple[str, ...]
    expires_at: int
    binding: str | None = None
    audience: tuple[str, ...] = ()


@dataclass
class MemoryStores:
    """One transaction's stores; what they hold can be looked at."""

    grants: dict[UUID, GrantRecord] = field(default_factory=lambda: {GRANT.id: GRANT})
    codes: dict[Presented, UUID] = field(default_factory=lambda: {presented(CODE): GRANT.id})
    spent: set[Presented] = field(default_factory=set)
    refreshes: dict[Presented, RefreshRecord] = field(default_factory=dict)
    access: list[AccessToken] = field(default_factory=list)
    standings: dict[UUID, Standing] = field(default_factory=dict)
    audit: list[AuditRow] = field(default_factory=list)
    exchanges: Exchanges | None = None

    def take_code(self, code: Presented, client_id: str, now: int) -> GrantRecord | None:
        grant = self.grants.get(self.codes.get(presented(code), UUID(int=0)))
        if grant is None or grant.client_id != client_id or grant.revoked or presented(code) in self.spent:
            return None
        self.spent.add(presented(code))
        return grant

    def spent_code(self, code: Presented, client_id: str) -> GrantRecord | None:
        grant = self.grants.get(self.codes.get(presented(code), UUID(int=0)))
        return grant if grant and grant.client_id == client_id and presented(code) in self.spent else None

    def find_refresh(self, token: Presented, client_id: str) -> RefreshRecord | None:
        found = self.refreshes.get(presented(token))
        if found is None or found.grant.client_id != client_id:
            return None
        successor = next((one for at, one in self.refreshes.items() if at.id == found.successor), None)
        used = successor is not None and successor.spent_at is not None
        return replace(found, grant=self.grants[found.grant.id], successor_spent=used)

    def take_refresh(self, token: Presented, successor: UUID, now: int) -> bool:
        found = self.refreshes[presented(token)]
        if found.spent_at is not None:
            return False
        self.refreshes[presented(token)] = replace(found, spent_at=now, successor=successor)
        return True

    def retake_refresh(self, token: Presented, found: RefreshRecord, successor: UUID, now: int) -> bool:
        lost = next(at for at in self.refreshes if at.id == found.successor)
        if self.refreshes[presented(token)].retried_at is not None or self.refreshes[lost].spent_at is not None:
            return False
        self.refreshes[lost] = replace(self.refreshes[lost], spent_at=now)
        self.refreshes[presented(token)] = replace(found, retried_at=now, successor=successor)
        return True

    def standing(self, grant: GrantRecord, now: int) -> Standing:
        return self.standings.get(grant.id, GOOD)

    def revoke(self, grant: UUID, now: int) -> None:
        self.grants[grant] = replace(self.grants[grant], revoked=True)

    def bind(self, grant: UUID, binding: str) -> None:
        self.grants[grant] = replace(self.grants[grant], binding=binding)

    def add_machine_grant(self, grant: GrantRecord, now: int) -> None:
        self.grants[grant.id] = grant

    def add_access_token(
        self,
        token: Presented,
        grant: UUID,
        scopes: Any,
        now: int,
        expires_at: int,
        *,
        audience: tuple[str, ...] = (),
        binding: str | None = None,
    ) -> None:
        self.access.append(AccessToken(presented(token), grant, scopes, expires_at, binding, audience))

    def add_refresh_token(self, token: Presented, grant: UUID, now: int, expires_at: int) -> None:
        self.refreshes[presented(token)] = RefreshRecord(self.grants[grant], now, expires_at)

    def record(self, row: AuditRow) -> None:
        self.audit.append(row)

    @property
    def revoked(self) -> list[UUID]:
        return [grant.id for grant in self.grants.values() if grant.revoked]

    @property
    def events(self) -> list[str]:
        return [row.event.tag for row in self.audit]


def presented(handle: Presented) -> Presented:
    return Presented(handle.id, handle.digest)


def with_refresh(grant: GrantRecord = GRANT, **changes: Any) -> MemoryStores:
    """Stores in which the code became the refresh token REFRESH."""
    stores = MemoryStores(grants={grant.id: grant}, spent={presented(CODE)}, **changes)
    stores.refreshes[presented(REFRESH)] = RefreshRecord(grant, NOW, grant.expires_at)
    return stores


def make_mint() -> Mint:
    """A mint of which every token is another, and `sign` only writes the claims down."""
    rows, secrets = count(1_000), count(1)
    return Mint(
        issuer=ISSUER,
        new_id=lambda: UUID(int=next(rows)),
        random_bytes=lambda size: next(secrets).to_bytes(size, "big"),
        sign=lambda alg, claims, _typ: json.dumps({"alg": alg, "claims": dict(claims)}),
        subject=lambda client, person: f"{client.sector}:{person.int}",
        session=lambda client, session: f"{client.id}:{session.int}",
        suffices=lambda client, grant: grant.person_id is None or (grant.acr or "") >= client.minimum_acr,
        sufficing=lambda client: (client.minimum_acr,),
    )
