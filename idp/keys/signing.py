"""Signing keys of the provider: making one, and the times between which it is published and signs.

OpenID Connect Core 1.0 §10.1.1: a new key is published before it signs, so that relying services which cache
the key set know it in time; an old one stays published until the last token that it signed has expired.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.keys.jose import KEY_TYPES, SIGNING_ALGS, SigningKey

RSA_BITS = 2048
ORDER: dict[str, int] = {alg: place for place, alg in enumerate(SIGNING_ALGS)}
PUBLISH_AHEAD_SECONDS = 3600
SETTLE_SECONDS = 4  # until every worker has looked: what one signs, each of them publishes and verifies
KEEP_AFTER_SECONDS = 24 * 3600  # longer than any ID token, and than a session whose logout may show one


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """When a key is published and when it signs, in seconds since the epoch."""

    kid: str
    alg: str
    published_at: int
    signs_from: int
    signs_until: int | None
    gone_at: int | None

    def is_published(self, now: int) -> bool:
        """Whether relying services see the key at `now`."""
        return self.published_at <= now and (self.gone_at is None or now < self.gone_at)

    def signs(self, now: int) -> bool:
        """Whether the provider signs with the key at `now`."""
        return self.signs_from <= now and (self.signs_until is None or now < self.signs_until)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A freshly made key: its public name, its algorithm and its private part as PKCS#8 DER."""

    kid: str
    alg: str
    private: bytes


def make_key(alg: str) -> NewKey:
    """A new key pair for one algorithm (RFC 7518 §3, RFC 9864); the kid is its RFC 7638 thumbprint."""
    key: SigningKey
    if KEY_TYPES[alg] == "EC":
        key = ECKey.generate_key("P-256")
    elif KEY_TYPES[alg] == "RSA":
        key = RSAKey.generate_key(RSA_BITS)
    else:
        key = OKPKey.generate_key("Ed25519")
    private = key.private_key
    assert private is not None
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    # RSA keys of RS256 and PS256 would share nothing but the thumbprint's form, so the algorithm need not show.
    return NewKey(kid=key.thumbprint(), alg=alg, private=der)


def load_key(alg: str, private: bytes) -> SigningKey:
    """The key object of a stored private part. Dear for RSA (key validation): made once and kept."""
    kinds: dict[str, type[ECKey | RSAKey | OKPKey]] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}
    return kinds[KEY_TYPES[alg]].import_key(private)


def public_jwk(key: SigningKey, *, kid: str, alg: str) -> dict[str, Any]:
    """What relying services see: never a private member (RFC 7517 §4)."""
    return {**key.as_dict(private=False), "kid": kid, "alg": alg, "use": "sig"}


def signer_of(periods: Iterable[KeyPeriod], alg: str, now: int) -> KeyPeriod | None:
    """The key that signs for `alg` at `now`: of several, the one that began last."""
    candidates = [p for p in periods if p.alg == alg and p.signs(now) and p.is_published(now)]
    return max(candidates, key=lambda p: (p.signs_from, p.kid), default=None)


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation changes: which keys begin, and when the current ones stop and go."""

    signs_from: int
    old_gone_at: int
    retiring: tuple[str, ...]


def plan_rotation(periods: Iterable[KeyPeriod], now: int, *, ahead: int = PUBLISH_AHEAD_SECONDS) -> Rotation:
    """Fresh keys sign `ahead` seconds from now, but not before all workers know them.

    The present ones stop then, and go a day after that.
    """
    signs_from = now + max(ahead, SETTLE_SECONDS)
    retiring = tuple(p.kid for p in periods if p.is_published(now) and p.signs_until is None)
    return Rotation(signs_from=signs_from, old_gone_at=signs_from + KEEP_AFTER_SECONDS, retiring=retiring)


def key_set(keys: Mapping[str, dict[str, Any]], periods: Iterable[KeyPeriod], now: int) -> dict[str, Any]:
    """The published JWK Set at `now` (RFC 7517 §5), newest first within each algorithm."""
    shown = sorted((p for p in periods if p.is_published(now)), key=lambda p: (ORDER[p.alg], -p.signs_from))
    return {"keys": [keys[p.kid] for p in shown]}
