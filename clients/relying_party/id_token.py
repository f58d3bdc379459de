"""Whether an ID token may sign a person in: a pure check of the token, its keys and what was asked.

OpenID Connect Core 1.0 §3.1.3.7. Authlib's own check accepts any algorithm that the provider lists, a second
audience and a missing `at_hash`, and leaves `acr` and `max_age` to its caller; this one closes each of these.
"""

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet

SKEW_SECONDS = 10
"""How far the provider's clock and ours may differ."""

OLDEST_SECONDS = 600
"""A token issued longer ago than this was not made for the sign-in that is ending now."""

LONGEST = 16_384
"""Characters of an ID token; a longer one is refused unread."""

COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)

Claims = dict[str, Any]


class IdTokenRefusedError(Exception):
    """The ID token does not sign anybody in. `reason` is the claim or part that was wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownKeyError(IdTokenRefusedError):
    """No published key has the token's `kid`. After a rotation one new look at the keys finds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What this very sign-in asked for; the token has to answer it."""

    issuer: str
    client_id: str
    algorithm: str
    nonce: str
    access_token: str
    accepted_acr: tuple[str, ...]
    asked_at: int
    max_age: int | None


def check_id_token(raw: object, keys: KeySet, expected: Expected, *, now: int) -> Claims:
    """The claims of a token that passed every check. Raises IdTokenRefusedError at the first failure."""
    claims = verify_signature(raw, keys, expected.algorithm)
    check_parties(claims, issuer=expected.issuer, client_id=expected.client_id)
    _check_times(claims, now)
    _check_binding(claims, expected)
    _check_assurance(claims, expected, now)
    return claims


def _refuse_unless(holds: object, reason: str) -> None:
    if not holds:
        raise IdTokenRefusedError(reason)


def verify_signature(raw: object, keys: KeySet, algorithm: str, *, typ: str | None = None) -> Claims:
    """RFC 8725 §3.1, §3.2, §3.11: the registered algorithm, a key published for it, no other kind of JWT.

    `typ` is what the header must say; an ID token may leave it out.
    """
    if not isinstance(raw, str) or len(raw) > LONGEST or not COMPACT.fullmatch(raw):
        raise IdTokenRefusedError("format")
    fitting = [key for key in keys if _fits(key, algorithm)]
    try:
        token = jwt.decode(raw, KeySet(fitting), algorithms=[algorithm])
    except InvalidKeyIdError:
        raise UnknownKeyError("signature") from None
    except (JoseError, ValueError, RecursionError):
        raise IdTokenRefusedError("signature") from None
    said = token.header.get("typ", "JWT" if typ is None else None)
    _refuse_unless(str(said).upper() == (typ or "JWT").upper(), "typ")
    # RFC 7515 §4.1.11: none is understood here, and an empty list is malformed.
    _refuse_unless("crit" not in token.header, "signature")
    return token.claims


def _fits(key: Key, algorithm: str) -> bool:
    """Whether `key` was published to sign with `algorithm`; a symmetric key never is."""
    if key.key_type == "oct" or key.get("use", "sig") != "sig":
        return False
    return key.get("alg", algorithm) == algorithm


def check_parties(claims: Claims, *, issuer: str, client_id: str) -> None:
    """§3.1.3.7 items 2–5: who made it, for whom, about whom."""
    _refuse_unless(claims.get("iss") == issuer, "iss")
    # A second audience could present the token here as its own, so none is trusted.
    _refuse_unless(claims.get("aud") in (client_id, [client_id]), "aud")
    _refuse_unless(claims.get("azp", client_id) == client_id, "azp")
    subject = claims.get("sub")
    _refuse_unless(isinstance(subject, str) and 0 < len(subject) <= 255, "sub")


def seconds(claims: Claims, name: str) -> int:
    """A time claim as whole seconds. `True`, `"1"` and `1e400` are no times."""
    value = claims.get(name)
    if type(value) is not int:
        raise IdTokenRefusedError(name)
    return value


def _check_times(claims: Claims, now: int) -> None:
    """§3.1.3.7 items 9–10."""
    _refuse_unless(now < seconds(claims, "exp") + SKEW_SECONDS, "exp")
    _refuse_unless(now - OLDEST_SECONDS <= seconds(claims, "iat") <= now + SKEW_SECONDS, "iat")
    if "nbf" in claims:
        _refuse_unless(seconds(claims, "nbf") <= now + SKEW_SECONDS, "nbf")


def _check_binding(claims: Claims, expected: Expected) -> None:
    """§3.1.3.7 item 11 and §3.1.3.8: made for this sign-in of this browser, and beside this access token."""
    _refuse_unless(claims.get("nonce") == expected.nonce, "nonce")
    _refuse_unless(claims.get("at_hash") == half_hash(expected.access_token), "at_hash")


def _check_assurance(claims: Claims, expected: Expected, now: int) -> None:
    """§3.1.3.7 items 12–13: proved well enough, and lately enough where that was asked."""
    _refuse_unless(claims.get("acr") in expected.accepted_acr, "acr")
    if expected.max_age is None and "auth_time" not in claims:
        return
    auth_time = seconds(claims, "auth_time")
    _refuse_unless(0 < auth_time <= now + SKEW_SECONDS, "auth_time")
    if expected.max_age is not None:
        # Measured from when we asked: the time a person then takes over the pages is not the proof's age.
        _refuse_unless(auth_time >= expected.asked_at - expected.max_age - SKEW_SECONDS, "auth_time")


def half_hash(token: str) -> str:
    """`at_hash` of `token` (§3.1.3.6). Every algorithm registered here hashes with SHA-256."""
    return urlsafe_b64encode(sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()
