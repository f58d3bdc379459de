"""What an introspection endpoint answers (RFC 7662 §2.2), plain or as a signed JWT (RFC 9701).

Never a user name: services know people by `sub`, as each of them sees them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from idp.protocol.sender import confirmation_claim

MEDIA_TYPE = "application/token-introspection+jwt"  # RFC 9701 §5
TYP = "token-introspection+jwt"
INACTIVE = {"active": False}
"""All that is said of a token that is unknown, over, or somebody else's (§2.2): nothing tells which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveToken:
    """A token that is good now."""

    client_id: str
    subject: str
    scopes: Sequence[str]
    audience: Sequence[str]  # resources; none: our own
    token_type: str | None  # none for a refresh token: the type is one of access tokens (RFC 6749 §7.1)
    binding: str | None
    issued_at: int
    expires_at: int
    acr: str | None  # neither of the two for a machine
    auth_time: int | None
    details: str | None  # RFC 9396, canonical JSON


def introspection_claims(token: ActiveToken, *, issuer: str) -> dict[str, Any]:
    """The answer about a good token."""
    answer = {
        "active": True,
        "scope": " ".join(token.scopes),
        "client_id": token.client_id,
        "token_type": token.token_type,
        "exp": token.expires_at,
        "iat": token.issued_at,
        "sub": token.subject,
        "aud": list(token.audience) or issuer,
        "iss": issuer,
        "cnf": confirmation_claim(token.binding) if token.binding else None,
        "acr": token.acr,
        "auth_time": token.auth_time,
        "authorization_details": json.loads(token.details) if token.details else None,  # RFC 9396 §9.2
    }
    return {name: value for name, value in answer.items() if value is not None}


def signed_answer_claims(answer: dict[str, Any], *, issuer: str, client_id: str, now: int) -> dict[str, Any]:
    """The claims of the JWT that carries `answer`: never `sub` or `exp` at its top, lest it pass for another token.

    RFC 9701 §5 and §8.1.
    """
    return {"iss": issuer, "aud": client_id, "iat": now, "token_introspection": answer}
