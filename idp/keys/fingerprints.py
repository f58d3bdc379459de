"""Keyed HMAC-SHA-256 (RFC 2104): look-ups of personal data, short codes, form tokens, pairwise identifiers.

A fingerprint that rows are found by, and the pairwise subject, stay with the oldest secret for ever: they
must come out the same next year. Everything short-lived uses the newest.
"""

import hmac

from idp.keys.secrets import MasterSecrets, Purpose


class Fingerprints:
    """HMAC under the key of one purpose."""

    def __init__(self, secrets: MasterSecrets, purpose: Purpose, *, lasting: bool) -> None:
        """`lasting` fingerprints are stored or given away, and must never change."""
        self._key = secrets.key(purpose, secrets.oldest if lasting else secrets.newest)

    def of(self, *parts: str | bytes) -> bytes:
        """32 bytes over `parts`; each is preceded by its length, so that no two lists collide."""
        framed = bytearray()
        for part in parts:
            raw = part.encode() if isinstance(part, str) else part
            framed += len(raw).to_bytes(4, "big")
            framed += raw
        return hmac.digest(self._key, framed, "sha256")

    def number(self, *parts: str | bytes) -> int:
        """The first eight bytes as a signed integer: what a row of counters is found by."""
        return int.from_bytes(self.of(*parts)[:8], "big", signed=True)
