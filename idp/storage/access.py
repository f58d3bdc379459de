"""What an access token stands for right now: the one look-up of UserInfo and introspection.

Every gate of the token endpoint stands here as well (design law 6): whoever lost the right to a new token has
also lost the use of the old one, at the next request.
"""

from dataclasses import dataclass

from idp.grants.stores import GrantRecord
from idp.keys.handles import Presented
from idp.protocol.client import Client
from idp.storage.clients import ClientStanding, client_standing
from idp.storage.database import Transaction
from idp.storage.grants import Grants, grant_of, standing_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A token that is good now, with what is behind it."""

    grant: GrantRecord
    scopes: tuple[str, ...]
    binding: str | None  # the key its sender must hold
    consented: tuple[str, ...]
    claims: str | None  # the claims parameter of its request
    record: bytes | None  # the person's, sealed; none behind a machine
    issued_at: int
    expires_at: int
    audience: tuple[str, ...]  # resources it is meant for; none: its client's own use
    client_row: ClientStanding | None  # how its client stands, from the same look-up
    sandbox_of: str | None = None  # whose test citizen the person is

    def is_for(self, client: Client) -> bool:
        """Whether its person, if there is one, is among those that the client may see."""
        return self.grant.person_id is None or self.sandbox_of == client.tenant


def find_access(transaction: Transaction, token: Presented, now: int) -> Access | None:
    """The token, or None when it is unknown, expired or revoked, or when somebody behind it no longer stands."""
    row = Grants(transaction).find_access_token(token)
    if row is None or row.token_revoked_at is not None or now >= row.token_expires_at:
        return None
    grant = grant_of(row)
    offline = "offline_access" in grant.scopes
    if grant.revoked or standing_of(row, now).obstacle(offline=offline) is not None:
        return None
    return Access(
        grant=grant,
        scopes=tuple(row.token_scopes.split()),
        binding=row.token_confirmation,
        consented=tuple((row.consented_scopes or "").split()),
        claims=row.claims,
        record=row.record,
        issued_at=row.token_created_at,
        expires_at=row.token_expires_at,
        audience=tuple((row.token_audience or "").split()),
        sandbox_of=row.sandbox_of,
        client_row=client_standing(row, row.client_id),
    )
