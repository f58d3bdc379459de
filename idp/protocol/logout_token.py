"""The logout token: one session of one person has ended (OpenID Connect Back-Channel Logout 1.0 §2.4).

It is made anew for every attempt at delivery, with the same `jti`, so that it is always fresh and the service
still recognises a repetition.
"""

from dataclasses import dataclass
from typing import Any

LOGOUT_TOKEN_TYPE = "logout+jwt"  # noqa: S105 (a media type, §2.4; RFC 8725 §3.11: no other token is taken for it)
LOGOUT_TOKEN_SECONDS = 120  # §4: "preferably at most two minutes in the future"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """The end of a session as one client is told of it."""

    event_id: str  # `jti`, the same in every attempt
    client_id: str
    subject: str
    session: str  # `sid`, as this client sees it


def logout_token_claims(ended: SessionEnd, *, issuer: str, now: int) -> dict[str, Any]:
    """The claims. There is never a `nonce`, so that it cannot pass for an ID token (§2.4)."""
    return {
        "iss": issuer,
        "aud": ended.client_id,
        "iat": now,
        "exp": now + LOGOUT_TOKEN_SECONDS,
        "jti": ended.event_id,
        "sub": ended.subject,
        "sid": ended.session,
        "events": {LOGOUT_EVENT: {}},
    }
