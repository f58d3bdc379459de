"""The link that confirms an e-mail address: whoever reads the mailbox holds it. Needs no row. Pure.

An address that an officer typed may be misspelt, and is then somebody else's: nothing is written there but this one
request. It names person and time, and proves that we wrote it for exactly that address; another address, or two weeks,
end it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hmac import compare_digest
from uuid import UUID

from idp.keys.fingerprints import Fingerprints

GOOD_SECONDS = 14 * 86_400
LENGTH = 76
BYTES = 56  # person 16, time 8, proof 32


@dataclass(frozen=True, slots=True)
class PresentedAddressLink:
    """Whom a link claims to be of, when it was made, and what must match."""

    person: UUID
    made_at: int
    proof: bytes

    def confirms(self, address: str, now: int, fingerprints: Fingerprints) -> bool:
        """Whether we made it, for this very address, not too long ago."""
        expected = _proof(self.person, address, self.made_at, fingerprints)
        return compare_digest(expected, self.proof) and 0 <= now - self.made_at < GOOD_SECONDS


def address_secret(person: UUID, address: str, now: int, fingerprints: Fingerprints) -> str:
    """The secret of the link: 76 characters."""
    raw = person.bytes + now.to_bytes(8, "big") + _proof(person, address, now, fingerprints)
    return urlsafe_b64encode(raw).decode()


def read_address_secret(text: str) -> PresentedAddressLink | None:
    """What a link, or its secret alone, claims to be; None for what never was one."""
    secret = text.rsplit("#", 1)[-1].strip()
    if len(secret) != LENGTH or not secret.isascii():
        return None
    try:
        raw = urlsafe_b64decode(secret)
    except (NotBase64, ValueError):
        return None
    if len(raw) != BYTES or urlsafe_b64encode(raw).decode() != secret:
        return None
    return PresentedAddressLink(UUID(bytes=raw[:16]), int.from_bytes(raw[16:24], "big"), raw[24:])


def _proof(person: UUID, address: str, made_at: int, fingerprints: Fingerprints) -> bytes:
    return fingerprints.of("address", person.bytes, address, made_at.to_bytes(8, "big"))
