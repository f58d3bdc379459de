"""grant_type=refresh_token: new tokens for a grant the person allowed to be used while they are away.

RFC 6749 §6, RFC 9700 §4.14, OpenID Connect Core 1.0 §11 and §12. A public client's token is rotated at every
use (rotation.py), and a stolen one that comes back ends the whole grant. A confidential client's is bound to its
credential and stays the same: rotation would only lose tokens on bad lines (FAPI 2.0 Security Profile §5.3.2.1).
"""

from collections.abc import Mapping
from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.grants import at_once, rotation
from idp.grants.outcome import Issued, Refused
from idp.grants.rotation import Presentation
from idp.grants.stores import GrantRecord, RefreshRecord, Stores
from idp.grants.tokens import Mint, audience_of, bind_public, issue, obstacle, still_allowed
from idp.keys.handles import Presented, read_handle
from idp.protocol.client import Client
from idp.protocol.errors import InvalidGrant, InvalidScope
from idp.protocol.parameters import require


def refresh(
    form: Mapping[str, str], client: Client, stores: Stores, mint: Mint, now: int, binding: str | None = None
) -> Issued | Refused:
    """New tokens for a refresh token.

    Raises InvalidRequest when none was sent; InvalidScope, InvalidTarget or InvalidAuthorizationDetails when more is
    asked for than was granted.
    """
    token = read_handle(require(form, "refresh_token"))
    answer = at_once.refresh(token, form, client, stores, mint, now, binding) if token is not None else None
    if answer is not None:
        return Issued(answer)
    found = stores.find_refresh(token, client.id) if token is not None else None
    if token is None or found is None:
        return Refused(InvalidGrant("unknown refresh token"))
    if found.grant.revoked or now >= found.expires_at:
        return Refused(InvalidGrant("refresh token has ended"))
    if client.is_public and found.grant.binding is not None and binding != found.grant.binding:
        # RFC 9449 §5: bound for a public client, which has no other credential. A confidential one may change its key.
        return Refused(InvalidGrant("refresh token is bound to another key"))
    scopes = still_allowed(_scopes(form, found.grant), client)
    resources = audience_of(form, found.grant)
    if not scopes or "offline_access" not in client.scopes:
        return Refused(InvalidGrant("no scope is left to this client"))
    closed = obstacle(found.grant, client, stores, mint, now, offline=True)
    if closed is not None:
        return Refused(InvalidGrant(closed))
    successor = mint.new_id() if client.is_public else None
    refusal = _spend(token, found, client, stores, successor, now)
    if refusal is not None:
        return refusal
    bind_public(found.grant, client, stores, binding)
    answer = issue(
        found.grant,
        client,
        stores,
        mint,
        now=now,
        grant_type="refresh_token",
        scopes=scopes,
        resources=resources,
        refresh_token=successor is not None,
        refresh_row=successor,
        binding=binding,
    )
    return Issued(answer)


def _spend(
    token: Presented, found: RefreshRecord, client: Client, stores: Stores, successor: UUID | None, now: int
) -> Refused | None:
    """Spend the token where it rotates, or say why it buys nothing."""
    if successor is None:  # one that was spent while the client was public stays so
        return _reused(found.grant, client, stores, now) if found.spent_at is not None else None
    presentation, forgiven = rotation.take(token, found, client.id, stores, successor, now)
    if presentation is Presentation.REUSE:
        return _reused(found.grant, client, stores, now)
    if presentation is Presentation.AT_ONCE:
        return Refused(InvalidGrant("refresh token presented twice at once"))
    if forgiven:
        detail = {"grant": found.grant.id}
        stores.record(AuditRow(Event.REFRESH_RETRIED, now, found.grant.person_id, client.id, detail))
    return None


def _scopes(form: Mapping[str, str], grant: GrantRecord) -> tuple[str, ...]:
    """RFC 6749 §6: the same or fewer."""
    wanted = form.get("scope")
    if wanted is None:
        return grant.scopes
    scopes = tuple(dict.fromkeys(wanted.split()))
    if not scopes or set(scopes) - set(grant.scopes):
        raise InvalidScope("wider than granted", public="The scope is wider than what was granted.")
    return scopes


def _reused(grant: GrantRecord, client: Client, stores: Stores, now: int) -> Refused:
    """RFC 9700 §4.14.2: a spent token that comes back was stolen from somebody; neither side keeps the grant."""
    stores.revoke(grant.id, now)
    stores.record(AuditRow(Event.REFRESH_REUSED, now, grant.person_id, client.id, {"grant": grant.id}))
    return Refused(InvalidGrant("refresh token reused"))
