"""grant_type=client_credentials: a machine gets a token for itself (RFC 6749 §4.4).

No person stands behind it: no ID token, no refresh token (§4.4.3), and none of the scopes that people agree to.
"""

from collections.abc import Mapping

from idp.grants.outcome import Issued, Refused
from idp.grants.stores import GrantRecord, Stores
from idp.grants.tokens import Mint, issue
from idp.protocol.client import Client
from idp.protocol.errors import InvalidScope, UnauthorizedClient


def act_for_itself(
    form: Mapping[str, str], client: Client, stores: Stores, mint: Mint, now: int, binding: str | None = None
) -> Issued | Refused:
    """A token for the client itself. Raises UnauthorizedClient for a public one, InvalidScope."""
    if client.is_public:  # §4.4: "MUST only be used by confidential clients"
        raise UnauthorizedClient("a public client cannot act for itself")
    grant = GrantRecord(
        id=mint.new_id(),
        client_id=client.id,
        person_id=None,
        session_id=None,
        redirect_uri=None,
        code_challenge=None,
        nonce=None,
        scopes=machine_scopes(form.get("scope"), client),
        acr=None,
        amr=(),
        auth_time=None,
        code_expires_at=now,
        expires_at=now + client.access_token_seconds,
        revoked=False,
    )
    stores.add_machine_grant(grant, now)
    answer = issue(
        grant,
        client,
        stores,
        mint,
        now=now,
        grant_type="client_credentials",
        scopes=grant.scopes,
        refresh_token=False,
        binding=binding,
    )
    return Issued(answer)


def machine_scopes(wanted: str | None, client: Client) -> tuple[str, ...]:
    """What was asked for, or all that the client has (§3.3). Raises InvalidScope for anything else. Pure."""
    if wanted is None:
        return tuple(sorted(client.machine_scopes))
    scopes = tuple(dict.fromkeys(wanted.split()))
    if not scopes or not client.machine_scopes.issuperset(scopes):
        raise InvalidScope("not in machine_scope", public="The scope is not one of this machine.")
    return scopes
