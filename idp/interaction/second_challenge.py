"""The challenge of a second passkey on its way through a page: sealed, bound to its sign-in and its browser.

Accepted once in effect: a sign-in opens one session, and a signature whose count did not rise is refused.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from uuid import UUID

from idp.interaction.sealed_request import SealBroken
from idp.keys.sealing import CannotOpen, Sealer

LIFETIME_SECONDS = 300
_TIME_BYTES = 8
_LONGEST = 512


def seal_challenge(challenge: bytes, bound_to: UUID, browser: bytes, now: int, sealer: Sealer) -> str:
    """The text of the hidden field. `bound_to` is the sign-in, or the person who adds a passkey."""
    plain = now.to_bytes(_TIME_BYTES, "big") + challenge
    return urlsafe_b64encode(sealer.seal(plain, _context(bound_to, browser))).decode()


def unseal_challenge(text: str | None, bound_to: UUID, browser: bytes, now: int, sealer: Sealer) -> bytes:
    """The challenge in a hidden field. Raises SealBroken, also when it is too old."""
    if not text or len(text) > _LONGEST or not text.isascii():
        raise SealBroken("missing or malformed")
    try:
        plain = sealer.open(urlsafe_b64decode(text), _context(bound_to, browser))
    except (NotBase64, ValueError, CannotOpen) as error:
        raise SealBroken(str(error)) from error
    if now >= int.from_bytes(plain[:_TIME_BYTES], "big") + LIFETIME_SECONDS:
        raise SealBroken("too old")
    return plain[_TIME_BYTES:]


def _context(bound_to: UUID, browser: bytes) -> bytes:
    return b"second-passkey:" + bound_to.bytes + browser
