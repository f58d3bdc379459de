"""The access token of a request to a protected resource: header or form body, never the query.

RFC 6750 §2 (Bearer), RFC 9449 §7.1 (DPoP).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.protocol.dpop import PROOF_ALGS
from idp.protocol.errors import InvalidRequest, InvalidToken

SCHEMES = {"bearer": "Bearer", "dpop": "DPoP"}


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """An access token, and the scheme that it was presented with."""

    scheme: str  # Bearer or DPoP
    text: str


def presented_token(
    authorization: str | None, form: Mapping[str, str], query: Mapping[str, str]
) -> PresentedToken | None:
    """The token presented, or None when there is none at all.

    Raises InvalidRequest for two at once or one in the query (RFC 6750 §2.3 is not supported: URLs are logged),
    InvalidToken for another scheme.
    """
    if "access_token" in query:
        raise InvalidRequest("token in query", public="Send the access token in the Authorization header.")
    in_body = form.get("access_token")
    if authorization is None:
        return PresentedToken("Bearer", in_body) if in_body is not None else None
    if in_body is not None:
        raise InvalidRequest("token sent twice", public="Send the access token once.")
    scheme, _, token = authorization.partition(" ")
    known = SCHEMES.get(scheme.lower())  # RFC 9110 §11.1: scheme names are case-insensitive
    if known is None:
        raise InvalidToken("another authentication scheme")
    return PresentedToken(known, token.strip(" "))


def challenge(error: str | None, description: str | None, scheme: str = "Bearer") -> str:
    """A WWW-Authenticate value (RFC 6750 §3, RFC 9449 §7.1); without error when no token was sent (§3.1)."""
    parts = ['realm="userinfo"']
    if error is not None:
        parts.append(f'error="{error}"')
    if description is not None:
        parts.append(f'error_description="{description}"')
    if scheme == "DPoP":
        parts.append(f'algs="{" ".join(PROOF_ALGS)}"')
    return f"{scheme} " + ", ".join(parts)
