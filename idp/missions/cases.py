"""A case at a counter: from the evidence to a credential. Its states are one table; every other move is refused.

```
waiting ──(second person)──► ready ──(QR shown)──► linked ──(citizen done)──► made ──(officer confirms)──► done
   └────────────────────────────┴───────────────────┴───────────────────────────┴──► ended (cancelled, declined, …)
```
"""

from enum import Enum

LINK_SECONDS = 600  # from the QR to the phone that opens it: NIST SP 800-63A-4 §4.1.11.4
CASE_SECONDS = 86_400
OFFLINE_SECONDS = 14 * 86_400
CHECK_TRIES = 3  # at the number that the citizen's phone shows


class CaseState(Enum):
    """How far a case is."""

    WAITING = "waiting"  # for the second person
    READY = "ready"
    LINKED = "linked"  # a QR was shown
    MADE = "made"  # the citizen's side is complete
    DONE = "done"
    ENDED = "ended"  # without a credential


class Outcome(Enum):
    """How a case ended without a credential; the value is a key of the words."""

    CANCELLED = "outcome.cancelled"
    DECLINED = "outcome.declined"  # by the second person
    DISPUTED = "outcome.disputed"  # the citizen found the record wrong
    WRONG_NUMBER = "outcome.wrong_number"  # the phone at the counter was not the one that opened the link
    EXPIRED = "outcome.expired"
    REGISTRY = "outcome.registry"  # at the central confirmation: the person's status has ended
    CLOSED = "outcome.closed"  # the mission, or its quota


MOVES: frozenset[tuple[CaseState, CaseState]] = frozenset(
    {
        (CaseState.WAITING, CaseState.READY),
        (CaseState.READY, CaseState.LINKED),
        (CaseState.LINKED, CaseState.LINKED),  # a fresh QR, which ends the one before
        (CaseState.LINKED, CaseState.MADE),
        (CaseState.MADE, CaseState.DONE),
        (CaseState.READY, CaseState.DONE),  # a suspension lifted: nothing to make
        (CaseState.WAITING, CaseState.ENDED),
        (CaseState.READY, CaseState.ENDED),
        (CaseState.LINKED, CaseState.ENDED),
        (CaseState.MADE, CaseState.ENDED),
    }
)
"""Every legal move. What is done or ended stays so."""


class IllegalCaseMove(Exception):
    """A move that no row of MOVES allows."""


def move(before: CaseState, after: CaseState) -> CaseState:
    """`after`, if the move is legal. Raises IllegalCaseMove."""
    if (before, after) not in MOVES:
        raise IllegalCaseMove(f"a case that is {before.value} cannot become {after.value}")
    return after


def from_states(after: CaseState) -> tuple[CaseState, ...]:
    """The states from which a case may become `after`."""
    return tuple(before for before in CaseState if (before, after) in MOVES)
