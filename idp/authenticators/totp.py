"""The authenticator app: one-time codes from a shared secret and the time (TOTP, RFC 6238).

It needs no network, so it is the way in where no message arrives. SHA-1, six digits and thirty seconds, because
the apps that people have read nothing else. One step before and after is accepted for clocks that differ
(RFC 6238 §5.2), and no step twice: the last one that was accepted is stored (§5.2, abuse case O-02).
"""

import hmac
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from urllib.parse import quote, urlencode
from uuid import UUID

SECRET_BYTES = 20  # RFC 4226 §4, requirement 6: 160 bits
STEP_SECONDS = 30
STEPS_EITHER_WAY = 1
DIGITS = 6


@dataclass(frozen=True, slots=True)
class StoredApp:
    """An authenticator app as it is stored, its secret opened."""

    person: UUID
    secret: bytes
    last_step: int  # no code of this step, or an earlier one, is good again


def new_secret(random_bytes: Callable[[int], bytes]) -> bytes:
    """The secret that person and provider will share."""
    return random_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int) -> str:
    """The code of one time step (RFC 4226 §5.3)."""
    mac = hmac.new(secret, step.to_bytes(8, "big"), sha1).digest()
    offset = mac[-1] & 0xF
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_at(now: int) -> int:
    """The time step of `now`, in seconds since the epoch (RFC 6238 §4.2)."""
    return now // STEP_SECONDS


def matching_step(secret: bytes, typed: str, now: int, last_step: int) -> int | None:
    """The step whose code `typed` is, if it is near enough and later than `last_step`; otherwise None.

    Every step is compared, whichever fits, so that the time it takes says nothing.
    """
    present = step_at(now)
    found = None
    for step in range(present - STEPS_EITHER_WAY, present + STEPS_EITHER_WAY + 1):
        fits = hmac.compare_digest(code_at(secret, step).encode(), typed.encode())
        if fits and step > last_step and found is None:
            found = step
    return found


def shown_secret(secret: bytes) -> str:
    """The secret as a person types it into an app that cannot scan: Base32 in groups of four."""
    text = b32encode(secret).decode()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def provisioning_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """What the QR code holds (the `otpauth` key format that authenticator apps read).

    `account` tells accounts apart in the app's list and is no person's name.
    """
    query = urlencode({"secret": b32encode(secret).decode(), "issuer": issuer, "digits": DIGITS}, quote_via=quote)
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?{query}"
