"""Whom an `id_token_hint` means, read where it arrives: the token itself goes no further.

Whoever a hint names is asked for from here on as OpenID Connect Core 1.0 §5.5.1 has it, by a value of the claim
`sub`. So no ID token stands in a page, in an address that a page shows, or in a row.
"""

from collections.abc import Mapping
from dataclasses import replace

from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.claims_request import meaning
from idp.protocol.id_token import read_hint
from idp.protocol.request_source import Source
from idp.provider import Provider


def hint_read(wired: Provider, asked: AuthorizationRequest) -> AuthorizationRequest:
    """The checked request without its hint; one that we did not sign for this client changes nothing (§3.1.2.1)."""
    if asked.id_token_hint is None:
        return asked
    claims = _claims(wired, asked.id_token_hint, asked.claims, asked.client_id)
    return replace(asked, id_token_hint=None, claims=claims)


def pushed_hint_read(wired: Provider, source: Source, client_id: str) -> Source:
    """The same for checked parameters that are to be kept; of a `login_hint` nothing is: it is somebody's number."""
    hints = {"id_token_hint", "login_hint"}
    kept: Mapping[str, str] = {name: value for name, value in source.parameters.items() if name not in hints}
    hint = source.parameters.get("id_token_hint")
    claims = _claims(wired, hint, source.parameters.get("claims"), client_id) if hint else None
    return replace(source, parameters={**kept, "claims": claims} if claims is not None else kept)


def _claims(wired: Provider, token: str, claims: str | None, client_id: str) -> str | None:
    hint = read_hint(token, wired.ring.verification_keys(), issuer=wired.issuer)
    return meaning(claims, hint.subject) if hint is not None and hint.client_id == client_id else claims
