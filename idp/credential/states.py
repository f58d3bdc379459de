"""The states of the mobile credential: each legal move is a row, every other move is refused."""

from enum import Enum


class State(Enum):
    """Where a credential is in its life. Only an active one signs in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


MOVES: frozenset[tuple[State, State]] = frozenset(
    {
        (State.ACTIVE, State.SUSPENDED),  # lost phone, doubt
        (State.SUSPENDED, State.ACTIVE),  # doubt removed
        (State.ACTIVE, State.REVOKED),
        (State.SUSPENDED, State.REVOKED),
    }
)
"""Every legal move; a revoked credential never comes back, a new one is issued."""


class IllegalMove(Exception):
    """A move that no row of MOVES allows."""


def move(now: State, to: State) -> State:
    """`to`, if the move from `now` is legal. Raises IllegalMove."""
    if (now, to) not in MOVES:
        raise IllegalMove(f"a credential that is {now.value} cannot become {to.value}")
    return to
