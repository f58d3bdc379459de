"""The key ring as a worker holds it: keys as objects, the published set as prebuilt bytes.

Rotation happens in the database; every worker looks for it at most every other second, so a new key is known
everywhere within a few seconds (and no request pays for loading a key twice: RSA costs 30 ms).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

from idp.keys.jose import SigningKey, VerificationKey, sign_jwt
from idp.keys.signing import KeyPeriod, key_set, load_key, public_jwk, signer_of

LOOK_AGAIN_SECONDS = 2


class KeyStore(Protocol):
    """Where the ring comes from."""

    def periods(self) -> Sequence[KeyPeriod]:
        """Every key, without private parts."""
        ...

    def private(self, kid: str) -> bytes:
        """One key's private part."""
        ...


class NoSigningKey(Exception):
    """No key of the ring signs for this algorithm now."""


@dataclass
class KeyRing:
    """Signs, and shows what verifies."""

    read: Callable[[Callable[[KeyStore], None]], None]  # runs its argument with an open store
    clock: Callable[[], int]
    periods: tuple[KeyPeriod, ...] = ()
    _keys: dict[str, SigningKey] = field(default_factory=dict)
    _public: dict[str, dict[str, Any]] = field(default_factory=dict)
    _looked_at: int = -LOOK_AGAIN_SECONDS
    _published: tuple[frozenset[str], bytes] = (frozenset(), b"")
    _lock: Lock = field(default_factory=Lock)

    def sign(self, alg: str, claims: Mapping[str, Any], *, typ: str = "JWT") -> str:
        """`claims` signed by the key that signs for `alg` now. Raises NoSigningKey."""
        now = self._refresh()
        period = signer_of(self.periods, alg, now)
        if period is None:
            raise NoSigningKey(alg)
        return sign_jwt(self._keys[period.kid], alg=alg, kid=period.kid, typ=typ, claims=claims)

    def verification_keys(self) -> list[VerificationKey]:
        """Our own published keys, to verify what we signed ourselves."""
        now = self._refresh()
        return [VerificationKey(p.kid, p.alg, self._keys[p.kid]) for p in self.periods if p.is_published(now)]

    def every_key(self) -> list[VerificationKey]:
        """Every key that was ever made here, to verify what is kept for years."""
        self._refresh()
        return [VerificationKey(p.kid, p.alg, self._keys[p.kid]) for p in self.periods]

    def jwks(self) -> bytes:
        """The JWK Set document, rebuilt only when a key came or went."""
        now = self._refresh()
        shown = frozenset(p.kid for p in self.periods if p.is_published(now))
        if self._published[0] != shown:
            self._published = (shown, json.dumps(key_set(self._public, self.periods, now)).encode())
        return self._published[1]

    def _refresh(self) -> int:
        now = self.clock()
        if now - self._looked_at >= LOOK_AGAIN_SECONDS or not self.periods:
            with self._lock:
                self.read(self._load)
                self._looked_at = now
        return now

    def _load(self, store: KeyStore) -> None:
        periods = tuple(store.periods())
        for period in periods:
            if period.kid not in self._keys:
                key = load_key(period.alg, store.private(period.kid))
                self._keys[period.kid] = key
                self._public[period.kid] = public_jwk(key, kid=period.kid, alg=period.alg)
        self.periods = periods
