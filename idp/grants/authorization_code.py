"""grant_type=authorization_code: when a one-time code becomes tokens.

RFC 6749 §4.1.3, RFC 7636 §4.6 (PKCE), RFC 9700 §4.5 (code injection), OpenID Connect Core 1.0 §3.1.3.2.
"""

from collections.abc import Mapping

from idp.audit.catalogue import AuditRow, Event
from idp.grants import at_once
from idp.grants.outcome import Issued, Refused
from idp.grants.stores import GrantRecord, Stores
from idp.grants.tokens import Mint, audience_of, bind_public, issue, obstacle, still_allowed
from idp.keys.handles import read_handle
from idp.protocol.client import Client
from idp.protocol.errors import InvalidGrant, OAuthError
from idp.protocol.parameters import require
from idp.protocol.pkce import check_verifier

CODE_SECONDS = 60


def redeem(
    form: Mapping[str, str], client: Client, stores: Stores, mint: Mint, now: int, binding: str | None = None
) -> Issued | Refused:
    """Tokens for a code, at most once. Raises InvalidRequest when no code was sent, before anything is spent."""
    code = read_handle(require(form, "code"))
    if code is None:
        return Refused(InvalidGrant("not a code of ours"))
    answer = at_once.redeem(code, form, client, stores, mint, now, binding)
    if answer is not None:
        return Issued(answer)
    # Taken for this client only: another client that learnt the code can neither use nor burn it (RFC 6749 §4.1.3).
    grant = stores.take_code(code, client.id, now)
    if grant is None:
        replayed = stores.spent_code(code, client.id)
        return _replayed(replayed, client, stores, now) if replayed else Refused(InvalidGrant("unknown code"))
    try:
        check(grant, form, binding, now=now)
        resources = audience_of(form, grant)
    except OAuthError as error:
        # Spent all the same: whoever holds a code but not its verifier gets one try (RFC 9700 §4.5.3).
        stores.revoke(grant.id, now)
        stores.record(
            AuditRow(Event.CODE_BURNED, now, grant.person_id, client.id, {"grant": grant.id, "why": error.detail})
        )
        return Refused(error)
    closed = obstacle(grant, client, stores, mint, now, offline=False)
    if closed is not None:
        return Refused(InvalidGrant(closed))
    scopes = still_allowed(grant.scopes, client)
    if not scopes:
        return Refused(InvalidGrant("no scope is left to this client"))
    offline = "offline_access" in scopes and "refresh_token" in client.grant_types
    if offline:
        bind_public(grant, client, stores, binding)
    answer = issue(
        grant,
        client,
        stores,
        mint,
        now=now,
        grant_type="authorization_code",
        scopes=scopes,
        resources=resources,
        refresh_token=offline,
        binding=binding,
    )
    return Issued(answer)


def check(grant: GrantRecord, form: Mapping[str, str], binding: str | None, *, now: int) -> None:
    """Raise InvalidGrant unless form and sender fit the authorization request. Pure."""
    if now >= grant.code_expires_at:
        raise InvalidGrant("code expired")
    if form.get("redirect_uri") != grant.redirect_uri:  # RFC 6749 §4.1.3: identical, not equivalent
        raise InvalidGrant("redirect_uri differs from the authorization request")
    if grant.binding is not None and binding != grant.binding:  # RFC 9449 §10
        raise InvalidGrant("code is bound to another key")
    check_verifier(form.get("code_verifier"), grant.code_challenge)


def _replayed(grant: GrantRecord, client: Client, stores: Stores, now: int) -> Refused:
    """RFC 6749 §4.1.2: a code seen twice revokes every token issued from it."""
    stores.revoke(grant.id, now)
    stores.record(AuditRow(Event.CODE_REPLAYED, now, grant.person_id, client.id, {"grant": grant.id}))
    return Refused(InvalidGrant("code replayed"))
