"""The one-time code sent to a foreign phone: made, typed, judged (NIST SP 800-63B-4 §3.1.3).

Six digits, ten minutes (messages abroad are slow), five tries, three sends. What is stored is a keyed HMAC
over purpose, sign-in and code, so that a code of another sign-in, another purpose or an earlier send is wrong
by construction. A code is only ever made after a passkey was verified, or at an enrolment that an officer began.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from hmac import compare_digest
from uuid import UUID

from idp.keys.fingerprints import Fingerprints

DIGITS = 6
LIFETIME_SECONDS = 600
MAX_ATTEMPTS = 5
MAX_SENDS = 3
RESEND_AFTER_SECONDS = 60
WRONG_TRIES_TO_LOCK = 10  # consecutive, over all sign-ins of a phone
FIRST_LOCK_SECONDS = 900
LONGEST_LOCK_SECONDS = 86_400
MAX_TYPED = 200  # a whole message, pasted


class CodePurpose(Enum):
    """What a code is good for; one made for another purpose does not fit."""

    SIGN_IN = "sign_in"
    ENROLMENT = "enrolment"
    NUMBER_CHANGE = "number_change"


class CodeVerdict(Enum):
    """What became of a try; the value is the key of its sentence in the words files."""

    RIGHT = "right"
    WRONG = "code.wrong"
    EXPIRED = "code.expired"
    USED_UP = "code.used_up"
    MALFORMED = "code.malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCode:
    """A code as it is stored. `attempts` already counts the try that is being judged."""

    digest: bytes
    sent_at: int
    expires_at: int
    attempts: int
    sends: int
    spoken: bool = False  # by a call, not by a text message

    @property
    def tries_left(self) -> int:
        """How often the person may still try."""
        return max(0, MAX_ATTEMPTS - self.attempts)

    @property
    def sends_left(self) -> int:
        """How often another message may still be asked for."""
        return max(0, MAX_SENDS - self.sends)

    def wait(self, now: int) -> int:
        """Seconds until another message may be asked for."""
        return max(0, self.sent_at + RESEND_AFTER_SECONDS - now)


def new_code(random_bytes: Callable[[int], bytes]) -> str:
    """Six digits, each value equally likely: 64 random bits make the bias of the remainder unmeasurable."""
    return str(int.from_bytes(random_bytes(8), "big") % 10**DIGITS).zfill(DIGITS)


def digest_of(code: str, purpose: CodePurpose, bound_to: UUID, fingerprints: Fingerprints) -> bytes:
    """What is stored of a code."""
    return fingerprints.of(purpose.value, bound_to.bytes, code)


def read_typed(text: str) -> str | None:
    """The six digits a person typed or pasted, whatever the script of the digits, or None.

    Accepts spaces, dashes, a leading `#`, full-width and other decimal digits, and a whole pasted message line
    as long as it holds exactly one group of six digits.
    """
    if len(text) > MAX_TYPED:
        return None
    plain = "".join(str(unicodedata.decimal(c)) if unicodedata.decimal(c, None) is not None else c for c in text)
    joined = re.sub(r"[^0-9]", "", plain)
    if len(joined) == DIGITS:
        return joined
    groups = re.findall(r"(?<![0-9])[0-9]{6}(?![0-9])", plain)
    return groups[0] if len(set(groups)) == 1 else None


def judge(stored: StoredCode, presented: bytes, now: int) -> CodeVerdict:
    """Whether the try is right. The attempt was counted before this comparison (abuse case O-01)."""
    if stored.attempts > MAX_ATTEMPTS:
        return CodeVerdict.USED_UP
    if now >= stored.expires_at:
        return CodeVerdict.EXPIRED
    if compare_digest(stored.digest, presented):
        return CodeVerdict.RIGHT
    return CodeVerdict.USED_UP if stored.attempts == MAX_ATTEMPTS else CodeVerdict.WRONG


def may_resend(stored: StoredCode, now: int) -> bool:
    """Whether another message may be sent now."""
    return stored.sends_left > 0 and stored.wait(now) == 0


def lock_after(wrong_tries: int, now: int) -> int:
    """Until when a phone is locked after that many consecutive wrong tries; 0 for not at all.

    Every tenth wrong try doubles the lock: 15 minutes, 30, 60 … a day. The passkey is never locked by it.
    """
    if wrong_tries == 0 or wrong_tries % WRONG_TRIES_TO_LOCK:
        return 0
    times = wrong_tries // WRONG_TRIES_TO_LOCK - 1
    return now + min(LONGEST_LOCK_SECONDS, FIRST_LOCK_SECONDS << min(times, 10))
