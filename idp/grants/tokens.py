"""Making tokens of a grant: one access token, an ID token if `openid` was granted, a refresh token if asked for.

The rows, the audit and the answer are one transaction: no token exists without its audit row (design law 4).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.grants.stores import GrantRecord, Stores
from idp.keys.handles import Handle, new_handle
from idp.protocol.access_token import TYP, SignedAccessToken, access_token_claims, handle_of
from idp.protocol.authorization_details import check_same
from idp.protocol.client import Client
from idp.protocol.encrypted_response import encrypted
from idp.protocol.id_token import AuthenticationEvent, id_token_claims
from idp.protocol.resource_indicators import resources_of
from idp.protocol.sender import token_type

REFRESH_TOKEN_SECONDS = 30 * 86_400  # absolute, however often it is used (abuse case C-10)


def audience_of(form: Mapping[str, str], grant: GrantRecord) -> tuple[str, ...]:
    """The resources that a token request is for: all that were granted, or the fewer it names (RFC 8707 §2.2).

    Raises InvalidTarget, and InvalidAuthorizationDetails for other details than were granted (RFC 9396 §6).
    """
    check_same(form.get("authorization_details"), grant.details)
    return resources_of(form, grant.resources) or grant.resources


@dataclass(frozen=True, slots=True)
class Mint:
    """What it takes to make tokens: who we are, how to sign, how each client sees person and session."""

    issuer: str
    new_id: Callable[[], UUID]
    random_bytes: Callable[[int], bytes]
    sign: Callable[[str, Mapping[str, Any], str], str]  # (alg, claims, typ) -> compact JWT
    subject: Callable[[Client, UUID | None], str]
    session: Callable[[Client, UUID], str]
    suffices: Callable[[Client, GrantRecord], bool]  # whether its level is still enough for the client
    sufficing: Callable[[Client], tuple[str, ...]]  # the levels for which that is so


def obstacle(grant: GrantRecord, client: Client, stores: Stores, mint: Mint, now: int, *, offline: bool) -> str | None:
    """What keeps a grant from tokens now, for the log: somebody behind it, or a level that the client raised since."""
    standing = stores.standing(grant, now)
    found = standing.obstacle(offline=offline)
    if found is None and grant.person_id is not None and standing.sandbox_of != client.tenant:
        return "the person belongs to another environment"
    if found is None and not mint.suffices(client, grant):
        return "the client asks for a higher level now"
    return found


def still_allowed(scopes: tuple[str, ...], client: Client) -> tuple[str, ...]:
    """Of the granted scopes those that the client's registration still lists: one taken away ends at once."""
    return tuple(scope for scope in scopes if scope in client.scopes | client.machine_scopes)


def issue(
    grant: GrantRecord,
    client: Client,
    stores: Stores,
    mint: Mint,
    *,
    now: int,
    grant_type: str,
    scopes: tuple[str, ...],
    refresh_token: bool,
    resources: tuple[str, ...] = (),
    binding: str | None = None,
    refresh_row: UUID | None = None,
) -> Mapping[str, Any]:
    """The token response, its rows queued."""
    access = _access_token(grant, client, mint, scopes, resources, binding, now)
    expires_at = now + client.access_token_seconds
    stores.add_access_token(access, grant.id, scopes, now, expires_at, audience=resources, binding=binding)
    refresh = new_handle(refresh_row or mint.new_id(), mint.random_bytes) if refresh_token else None
    if refresh is not None:
        stores.add_refresh_token(refresh, grant.id, now, grant.expires_at)
    stores.record(issued(client, grant_type, now, grant=grant.id, person=grant.person_id, refresh=refresh_token))
    return token_response(
        grant, client, mint, access, refresh, now=now, grant_type=grant_type, scopes=scopes, binding=binding
    )


def issued(
    client: Client, grant_type: str, now: int, *, grant: UUID | str, person: UUID | None, refresh: bool
) -> AuditRow:
    """The audit row of tokens."""
    detail = {"grant": grant, "grant_type": grant_type, "refresh": refresh}
    return AuditRow(Event.TOKENS_ISSUED, now, person=person, client=client.id, detail=detail)


def token_response(
    grant: GrantRecord,
    client: Client,
    mint: Mint,
    access: Handle,
    refresh: Handle | None,
    *,
    now: int,
    grant_type: str,
    scopes: tuple[str, ...],
    binding: str | None = None,
) -> Mapping[str, Any]:
    """What the client reads (RFC 6749 §5.1, OpenID Connect Core 1.0 §3.1.3.3)."""
    answer: dict[str, Any] = {
        "access_token": access.text,
        "token_type": token_type(binding),
        "expires_in": client.access_token_seconds,
        "scope": " ".join(scopes),
    }
    if grant.details is not None:
        answer["authorization_details"] = json.loads(grant.details)  # RFC 9396 §7
    if refresh is not None:
        answer["refresh_token"] = refresh.text
    if "openid" in scopes and grant.person_id is not None:
        answer["id_token"] = _id_token(grant, client, mint, access.text, now, first=grant_type == "authorization_code")
    return answer


def bind_public(grant: GrantRecord, client: Client, stores: Stores, binding: str | None) -> None:
    """A public client's refresh tokens are bound to the key that it proved to hold (RFC 9449 §5, RFC 8705 §4)."""
    if client.is_public and binding is not None and binding != grant.binding:
        stores.bind(grant.id, binding)


def _access_token(
    grant: GrantRecord,
    client: Client,
    mint: Mint,
    scopes: tuple[str, ...],
    resources: tuple[str, ...],
    binding: str | None,
    now: int,
) -> Handle:
    """In the form that the client registered: opaque, or signed (RFC 9068)."""
    row = mint.new_id()
    if client.access_token_format == "opaque":  # noqa: S105 (a form, not a password)
        return new_handle(row, mint.random_bytes)
    token = SignedAccessToken(
        id=row,
        subject=mint.subject(client, grant.person_id),
        client_id=client.id,
        audience=resources or (mint.issuer,),  # §3: the default resource is our own UserInfo
        scopes=scopes,
        issued_at=now,
        expires_at=now + client.access_token_seconds,
        acr=grant.acr,
        amr=grant.amr,
        auth_time=grant.auth_time,
        binding=binding,
        details=grant.details,
    )
    claims = access_token_claims(token, issuer=mint.issuer)
    return handle_of(row, mint.sign(client.id_token_signed_response_alg, claims, TYP))


def _id_token(grant: GrantRecord, client: Client, mint: Mint, access_token: str, now: int, *, first: bool) -> str:
    assert grant.session_id is not None
    assert grant.auth_time is not None
    event = AuthenticationEvent(
        subject=mint.subject(client, grant.person_id),
        client_id=client.id,
        auth_time=grant.auth_time,
        acr=grant.acr or "",
        amr=grant.amr,
        session=mint.session(client, grant.session_id) if client.is_told_of_sessions else None,
        nonce=grant.nonce if first else None,  # §12.2: a refreshed ID token need not carry it
    )
    alg = client.id_token_signed_response_alg
    claims = id_token_claims(event, issuer=mint.issuer, now=now, access_token=access_token, alg=alg)
    return encrypted(mint.sign(alg, claims, "JWT"), client, client.id_token_encryption)
