"""The link with which a person stops their mobile ID without their phone: made in advance, kept in their mailbox.

Nobody who has proven nothing may cause a message (design law 1), so no page sends this link to whoever asks for it. It
goes with every mail that we write, and is shown to its owner, while they can still prove themself. It stops one
credential and does nothing else; a new credential has a new link. Pure.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hmac import compare_digest
from uuid import UUID

from idp.keys.fingerprints import Fingerprints

LENGTH = 64


@dataclass(frozen=True, slots=True)
class PresentedLink:
    """Whom a link claims to be of, and what must match."""

    person: UUID
    proof: bytes

    def is_of(self, credential: UUID, fingerprints: Fingerprints) -> bool:
        """Whether we made it, for this credential of that person."""
        return compare_digest(_proof(self.person, credential, fingerprints), self.proof)


def stop_secret(person: UUID, credential: UUID, fingerprints: Fingerprints) -> str:
    """The secret of the link: 64 characters."""
    return urlsafe_b64encode(person.bytes + _proof(person, credential, fingerprints)).decode()


def read_stop_secret(text: str) -> PresentedLink | None:
    """What a link, or its secret alone, claims to be; None for what never was one."""
    secret = text.rsplit("#", 1)[-1].strip()
    if len(secret) != LENGTH or not secret.isascii():
        return None
    try:
        raw = urlsafe_b64decode(secret)
    except (NotBase64, ValueError):
        return None
    return PresentedLink(UUID(bytes=raw[:16]), raw[16:]) if urlsafe_b64encode(raw).decode() == secret else None


def _proof(person: UUID, credential: UUID, fingerprints: Fingerprints) -> bytes:
    return fingerprints.of("stop", person.bytes, credential.bytes)
