"""Nonces for proofs (RFC 9449 §8) that nobody has to remember: made from the time under a key of their own.

Every five minutes another one, the same for all; the one before is still good, so that a nonce given at the last
moment can be used.
"""

from base64 import urlsafe_b64encode
from hmac import compare_digest

from idp.keys.fingerprints import Fingerprints

PERIOD_SECONDS = 300
NONCE_BYTES = 18


class Nonces:
    """Makes nonces and knows its own again."""

    def __init__(self, fingerprints: Fingerprints) -> None:
        """Over the key of this purpose."""
        self._fingerprints = fingerprints

    def at(self, now: int) -> str:
        """The nonce that is given at `now`."""
        return self._of(now // PERIOD_SECONDS)

    def is_good(self, nonce: str, now: int) -> bool:
        """Whether `nonce` was given in this period or the one before."""
        period = now // PERIOD_SECONDS
        given = nonce.encode(errors="surrogatepass")
        return any(compare_digest(given, self._of(one).encode()) for one in (period, period - 1))

    def _of(self, period: int) -> str:
        return urlsafe_b64encode(self._fingerprints.of(str(period))[:NONCE_BYTES]).decode()
