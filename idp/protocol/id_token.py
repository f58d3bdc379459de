"""The ID token: identity of the event, never personal data (OpenID Connect Core 1.0 §2, §3.1.3.6)."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256, sha512
from typing import Any

from idp.keys.jose import InvalidJwt, VerificationKey, verify_jwt

ID_TOKEN_SECONDS = 600
HASHES = {"ES256": sha256, "RS256": sha256, "PS256": sha256, "Ed25519": sha512}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationEvent:
    """What an ID token says of a sign-in: who, when, how strongly, in which session."""

    subject: str
    client_id: str
    auth_time: int
    acr: str
    amr: Sequence[str]
    session: str | None  # `sid`, as this client sees it; None for one that is not told of sessions
    nonce: str | None


def id_token_claims(
    event: AuthenticationEvent, *, issuer: str, now: int, access_token: str | None, alg: str
) -> dict[str, Any]:
    """The claims of an ID token. `azp` is left out: `aud` is one string and names the client (§2)."""
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": event.subject,
        "aud": event.client_id,
        "iat": now,
        "exp": now + ID_TOKEN_SECONDS,
        "auth_time": event.auth_time,
        "acr": event.acr,
        "amr": list(event.amr),
    }
    if event.session is not None:
        claims["sid"] = event.session
    if event.nonce is not None:
        claims["nonce"] = event.nonce
    if access_token is not None:
        claims["at_hash"] = half_hash(access_token, alg)
    return claims


def half_hash(value: str, alg: str) -> str:
    """Left half of the hash that belongs to `alg` (§3.1.3.6; Ed25519: SHA-512, RFC 8032 §5.1).

    Raises KeyError for an algorithm without a known hash: a token with a silently missing hash is never made.
    """
    digest = HASHES[alg](value.encode("ascii")).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Hint:
    """An `id_token_hint` that we signed ourselves: whose, for which client, from which session."""

    subject: str
    client_id: str
    session: str | None


def read_hint(token: str, keys: Sequence[VerificationKey], *, issuer: str) -> Hint | None:
    """The hint, or None when it is not our own ID token. An expired one is as good as a fresh one.

    OpenID Connect Core 1.0 §3.1.2.1 and RP-Initiated Logout 1.0 §2: the provider SHOULD accept ID tokens
    whose `exp` has passed.
    """
    try:
        claims: Mapping[str, Any] = verify_jwt(token, keys, typ=["JWT", None])
    except InvalidJwt:
        return None
    subject, audience, session = claims.get("sub"), claims.get("aud"), claims.get("sid")
    if claims.get("iss") != issuer or not isinstance(subject, str) or not isinstance(audience, str):
        return None
    if "exp" not in claims:  # a signed UserInfo answer looks alike but for this (RFC 8725 §3.11)
        return None
    return Hint(subject, audience, session if isinstance(session, str) else None)
