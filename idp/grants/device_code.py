"""grant_type=urn:ietf:params:oauth:grant-type:device_code: a device asks whether the person has agreed.

RFC 8628 §3.4, §3.5. Every answer but tokens leaves the device code as it is; tokens are given once.
"""

from collections.abc import Mapping

from idp.grants.outcome import Issued, Refused
from idp.grants.stores import Stores
from idp.grants.tokens import Mint, issue, obstacle, still_allowed
from idp.keys.handles import read_handle
from idp.protocol.client import Client
from idp.protocol.device_flow import DEVICE_CODE_GRANT
from idp.protocol.errors import AccessDenied, AuthorizationPending, ExpiredToken, InvalidGrant, SlowDown
from idp.protocol.parameters import require


def poll(
    form: Mapping[str, str], client: Client, stores: Stores, mint: Mint, now: int, binding: str | None = None
) -> Issued | Refused:
    """Tokens once the person agreed, at most once. Raises InvalidRequest when no device code was sent."""
    code = read_handle(require(form, "device_code"))
    found = stores.find_device(code, client.id) if code is not None else None
    if code is None or found is None:  # another client's code does not exist for this one
        return Refused(InvalidGrant("unknown device code"))
    if found.taken:
        return Refused(InvalidGrant("device code was used"))
    if found.denied:
        return Refused(AccessDenied("the person declined"))
    if now >= found.expires_at:
        return Refused(ExpiredToken("device code expired"))
    if not found.approved:
        return Refused(AuthorizationPending() if stores.poll_device(code.id, now) else SlowDown())
    grant = stores.take_device(code, client.id, now)
    if grant is None:
        return Refused(InvalidGrant("device code was used at the same moment"))
    closed = "the grant was revoked" if grant.revoked else obstacle(grant, client, stores, mint, now, offline=False)
    if closed is not None:
        return Refused(InvalidGrant(closed))
    scopes = still_allowed(grant.scopes, client)
    if not scopes:
        return Refused(InvalidGrant("no scope is left to this client"))
    answer = issue(
        grant,
        client,
        stores,
        mint,
        now=now,
        grant_type=DEVICE_CODE_GRANT,
        scopes=scopes,
        resources=(),
        refresh_token="offline_access" in scopes and "refresh_token" in client.grant_types,
        binding=binding,
    )
    return Issued(answer)
