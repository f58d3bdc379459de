"""Access tokens as signed JWTs (RFC 9068), and reading whatever is presented as an access token.

A signed token is good only while its row is: it can be revoked like an opaque one, and whoever lost the right to
it lost it at once. Its signature serves services that verify by themselves.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from idp.keys.handles import Handle, Presented, read_handle
from idp.keys.jose import InvalidJwt, VerificationKey, verify_jwt
from idp.protocol.sender import confirmation_claim

TYP = "at+jwt"  # RFC 9068 §2.1


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAccessToken:
    """What a signed access token says (RFC 9068 §2.2)."""

    id: UUID  # `jti`: the key of its row
    subject: str  # the person as the client sees them, or the client itself
    client_id: str
    audience: Sequence[str]
    scopes: Sequence[str]
    issued_at: int
    expires_at: int
    acr: str | None  # none of the three for a machine
    amr: Sequence[str]
    auth_time: int | None
    binding: str | None  # the sender's key, if the token is bound to one


def access_token_claims(token: SignedAccessToken, *, issuer: str) -> dict[str, Any]:
    """The claims, all of RFC 9068 §2.2 and, where somebody signed in, §2.2.1."""
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": token.subject,
        "aud": one_or_list(token.audience),
        "client_id": token.client_id,
        "iat": token.issued_at,
        "exp": token.expires_at,
        "jti": str(token.id),
        "scope": " ".join(token.scopes),
    }
    if token.auth_time is not None:
        claims |= {"auth_time": token.auth_time, "acr": token.acr, "amr": list(token.amr)}
    if token.binding is not None:
        claims["cnf"] = confirmation_claim(token.binding)
    return claims


def one_or_list(audience: Sequence[str]) -> str | list[str]:
    """`aud` as RFC 7519 §4.1.3 has it: a single one may be a string, and many libraries expect it to be."""
    return audience[0] if len(audience) == 1 else list(audience)


def handle_of(token: UUID, text: str) -> Handle:
    """A signed token with the digest that its row keeps: of the whole text, so that no other spelling is it."""
    return Handle(id=token, digest=sha256(text.encode("ascii")).digest(), text=text)


def read_access_token(text: str, keys: Callable[[], Iterable[VerificationKey]], *, issuer: str) -> Presented | None:
    """Which row `text` means, opaque or signed; None for what we never issued. The row then decides (§4).

    A refresh token has the form of an opaque one and is read alike.
    """
    if "." not in text:
        return read_handle(text)
    try:
        claims = verify_jwt(text, keys(), typ=[TYP])  # §4: any other type is no access token
    except InvalidJwt:
        return None
    if claims.get("iss") != issuer:
        return None
    try:
        return handle_of(UUID(str(claims.get("jti"))), text)
    except ValueError:
        return None
