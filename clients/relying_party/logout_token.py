"""Whether a logout token ends sign-ins here: a pure check of the token, its keys and who we are.

OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6. The provider posts it from server to server, so no browser, no
cookie and no page is involved: the signature alone says who is speaking.
"""

from dataclasses import dataclass

from joserfc.jwk import KeySet

from clients.relying_party.id_token import (
    SKEW_SECONDS,
    Claims,
    IdTokenRefusedError,
    check_parties,
    seconds,
    verify_signature,
)

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
OLDEST_SECONDS = 180
"""A logout token is made anew for every attempt at delivery; an older one was kept by somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What has ended: one session of a person, or all of them."""

    subject: str
    session: str | None


def check_logout_token(raw: object, keys: KeySet, *, issuer: str, client_id: str, algorithm: str, now: int) -> Ended:
    """What a token that passed every check ends. Raises IdTokenRefusedError at the first failure."""
    # RFC 8725 §3.11: an ID token is signed with the same key, and must never pass for this.
    claims = verify_signature(raw, keys, algorithm, typ="logout+jwt")
    check_parties(claims, issuer=issuer, client_id=client_id)
    _check_times(claims, now)
    _check_event(claims)
    session = claims.get("sid")
    if session is not None and not isinstance(session, str):
        raise IdTokenRefusedError("sid")
    return Ended(subject=claims["sub"], session=session)


def _check_times(claims: Claims, now: int) -> None:
    if now >= seconds(claims, "exp") + SKEW_SECONDS:
        raise IdTokenRefusedError("exp")
    if not now - OLDEST_SECONDS <= seconds(claims, "iat") <= now + SKEW_SECONDS:
        raise IdTokenRefusedError("iat")


def _check_event(claims: Claims) -> None:
    """§2.4: it names the event, and has no nonce, lest it pass for an ID token."""
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise IdTokenRefusedError("events")
    if "nonce" in claims:
        raise IdTokenRefusedError("nonce")
    if not isinstance(claims.get("jti"), str):
        raise IdTokenRefusedError("jti")
