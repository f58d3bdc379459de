"""Whether a number has lately moved to another SIM card or operator: the contract of whoever can tell. Pure.

A thief who talks an operator into a new SIM gets the codes of its owner (NIST SP 800-63B-4 §3.1.3.3, risk indicators).
Few vendors can tell, none for every country: where nobody is asked, or has no answer, the code goes out as before. It
was never the only proof.
"""

from dataclasses import dataclass
from typing import Final, Protocol

#: For so long after a move no code goes to the number.
MOVED_SECONDS: Final = 72 * 3_600


class SignalUnavailable(Exception):
    """Nobody can tell about this number now. The message is for the log, without the number."""


class Signals(Protocol):
    """Whoever can tell."""

    def moved_at(self, e164: str) -> int | None:
        """When the number moved last, in epoch seconds; None if it has not for as long as is known.

        Bounded in time. Raises SignalUnavailable.
        """
        ...


@dataclass(frozen=True, slots=True)
class Nobody:
    """No account can tell: nothing is known of any number."""

    def moved_at(self, e164: str) -> int | None:  # noqa: ARG002 (the contract)
        """None."""
        return None


def recently(moved_at: int | None, now: int) -> bool:
    """Whether a move is so recent that a code may go to a thief."""
    return moved_at is not None and 0 <= now - moved_at < MOVED_SECONDS
