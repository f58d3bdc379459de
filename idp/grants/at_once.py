"""Plain exchanges: one statement takes what was presented, judges the grant behind it and writes its tokens.

The rules are those of authorization_code.py and refresh_token.py. Here they become terms, which storage compares
where the grant lies, so that its database is asked once and not twice. This file refuses nothing, before the exchange
or after it: what is not plain, and what does not meet the terms, is judged there, step by step.
"""

from collections.abc import Mapping
from typing import Any

from idp.audit.catalogue import AuditRow
from idp.grants.stores import THE_GRANT, Exchanges, Minted, Stores, Terms
from idp.grants.tokens import Mint, issued, token_response
from idp.keys.handles import Presented, new_handle
from idp.protocol.client import Client
from idp.protocol.pkce import VERIFIER, s256_challenge

CODE = "authorization_code"
REFRESH = "refresh_token"
FEWER = frozenset({"scope", "resource", "authorization_details"})
"""What asks for other tokens than for all that was granted."""


def redeem(
    code: Presented, form: Mapping[str, str], client: Client, stores: Stores, mint: Mint, now: int, binding: str | None
) -> Mapping[str, Any] | None:
    """The token response for a code. None where it has to be judged step by step: nothing has been done yet."""
    redirect_uri, verifier = form.get("redirect_uri", ""), form.get("code_verifier", "")
    exchanges = _for_plain(form, client, stores, binding)
    if exchanges is None or not _could_fit(redirect_uri, verifier):
        return None
    access = new_handle(mint.new_id(), mint.random_bytes)
    may_refresh = REFRESH in client.grant_types and "offline_access" in client.scopes
    refresh = new_handle(mint.new_id(), mint.random_bytes) if may_refresh else None
    terms = _terms(client, mint, redirect_uri=redirect_uri, code_challenge=s256_challenge(verifier))  # RFC 7636 §4.6
    minted = Minted(
        access=access,
        access_expires_at=now + client.access_token_seconds,
        refresh=refresh,
        issued=_issued(client, CODE, now, refresh=False),
        issued_offline=_issued(client, CODE, now, refresh=True) if refresh is not None else None,
    )
    grant = exchanges.exchange_code(code, terms, minted, now)
    given = refresh if "offline_access" in grant.scopes else None
    return token_response(grant, client, mint, access, given, now=now, grant_type=CODE, scopes=grant.scopes)


def refresh(
    token: Presented, form: Mapping[str, str], client: Client, stores: Stores, mint: Mint, now: int, binding: str | None
) -> Mapping[str, Any] | None:
    """The same for a refresh token; a public client's is exchanged for another one (rotation.py)."""
    exchanges = _for_plain(form, client, stores, binding)
    if exchanges is None or "offline_access" not in client.scopes:
        return None
    access = new_handle(mint.new_id(), mint.random_bytes)
    successor = new_handle(mint.new_id(), mint.random_bytes) if client.is_public else None
    minted = Minted(
        access=access,
        access_expires_at=now + client.access_token_seconds,
        refresh=successor,
        issued=_issued(client, REFRESH, now, refresh=successor is not None),
    )
    grant = exchanges.exchange_refresh(token, _terms(client, mint), minted, now)
    return token_response(grant, client, mint, access, successor, now=now, grant_type=REFRESH, scopes=grant.scopes)


def _for_plain(form: Mapping[str, str], client: Client, stores: Stores, binding: str | None) -> Exchanges | None:
    """What can be tried, if opaque bearer tokens for all that was granted are asked for."""
    plain = binding is None and client.access_token_format == "opaque" and FEWER.isdisjoint(form)  # noqa: S105 (a form, not a password)
    return stores.exchanges if plain else None


def _could_fit(redirect_uri: str, verifier: str) -> bool:
    """Whether any code may have them: what no code has, a NUL above all, need not reach the database."""
    return redirect_uri != "" and redirect_uri.isprintable() and VERIFIER.fullmatch(verifier) is not None


def _terms(client: Client, mint: Mint, *, redirect_uri: str | None = None, code_challenge: str | None = None) -> Terms:
    return Terms(
        client_id=client.id,
        tenant=client.tenant,
        scopes=client.scopes | client.machine_scopes,
        levels=mint.sufficing(client),
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
    )


def _issued(client: Client, grant_type: str, now: int, *, refresh: bool) -> AuditRow:
    return issued(client, grant_type, now, grant=THE_GRANT, person=None, refresh=refresh)
