"""Bearer secrets with a time-ordered row key: authorization codes, tokens, session cookies, enrolment links.

A handle is `base64url(row key (16) ‖ random (32))`: 64 characters, 256 bits of secret. The row is found by its
key, which begins with time and keeps the index cheap at millions of rows; only SHA-256 of the secret is stored,
which is enough because the secret is random and long (design law 7).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

SECRET_BYTES = 32
LENGTH = 64


@dataclass(frozen=True, slots=True)
class Presented:
    """A handle as somebody presented it: which row it means, and the digest that must match."""

    id: UUID
    digest: bytes


@dataclass(frozen=True, slots=True)
class Handle(Presented):
    """A fresh handle; `text` is shown once and never stored."""

    text: str


def new_handle(row: UUID, random_bytes: Callable[[int], bytes]) -> Handle:
    """A handle for the row with that key."""
    secret = random_bytes(SECRET_BYTES)
    text = urlsafe_b64encode(row.bytes + secret).decode()
    return Handle(id=row, digest=sha256(secret).digest(), text=text)


def read_handle(text: str | None) -> Presented | None:
    """What `text` claims to be, or None unless it has exactly the form that `new_handle` gives."""
    if text is None or len(text) != LENGTH or not text.isascii():
        return None
    try:
        raw = urlsafe_b64decode(text)
    except (NotBase64, ValueError):
        return None
    if urlsafe_b64encode(raw).decode() != text:  # one spelling only: no lenient decoding of foreign characters
        return None
    return Presented(id=UUID(bytes=raw[:16]), digest=sha256(raw[16:]).digest())
