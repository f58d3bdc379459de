"""How long a row is kept, by its kind: what an ordinary sign-in leaves, and what proves who someone is or decided.

The kind is sealed with the row. Rows go batch by batch, once the batch was sealed longer ago than its kind is
kept, and every seal states up to when rows may be gone: what is missing later than that was removed by somebody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from idp.audit.catalogue import Event

DAY = 86_400


class Kind(Enum):
    """What a row is about; the value is the letter in its sealed entry."""

    SIGN_IN = "s"
    RECORD = "r"


SIGN_IN_EVENTS = frozenset(
    {
        Event.PASSKEY_VERIFIED,
        Event.CODE_SENT,
        Event.CODE_REFUSED,
        Event.SESSION_STARTED,
        Event.SESSION_ENDED,
        Event.SIGN_IN_CANCELLED,
        Event.CONSENT_DECLINED,
        Event.CODE_ISSUED,
        Event.DEVICE_STARTED,
        Event.DEVICE_APPROVED,
        Event.DEVICE_DENIED,
        Event.TOKENS_ISSUED,
        Event.REFRESH_RETRIED,
    }
)
"""What happens at every sign-in. Everything else, and so whatever is added, is a record."""

_OF_SIGN_INS = frozenset(event.tag for event in SIGN_IN_EVENTS)


def kind_of(tag: str) -> Kind:
    """The kind of a row by its event's tag."""
    return Kind.SIGN_IN if tag in _OF_SIGN_INS else Kind.RECORD


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days the rows of each kind are kept after they were sealed."""

    sign_in_days: int
    record_days: int

    def kept_from(self, now: int, before: Mapping[str, int]) -> dict[str, int]:
        """From when on each kind is complete, in epoch seconds; `before` is what the last seal said: it never falls."""
        wanted = {
            Kind.SIGN_IN.value: now - self.sign_in_days * DAY,
            Kind.RECORD.value: now - self.record_days * DAY,
        }
        return {kind: max(at, before.get(kind, 0)) for kind, at in wanted.items()}
