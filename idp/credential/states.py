"""The states of the mobile credential: each legal move is a row, every other move is refused.

A credential begins active: before both sides at the counter have confirmed there is none. What has ended stays so.
"""

from enum import Enum


class State(Enum):
    """Where a credential is in its life. Only an active one signs in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REVOKED = "revoked"


MOVES: dict[tuple[State, State], str] = {
    (State.ACTIVE, State.SUSPENDED): "suspended",  # lost phone, doubt
    (State.SUSPENDED, State.ACTIVE): "resumed",  # doubt removed
    (State.ACTIVE, State.EXPIRED): "expired",  # its day, or the passport's, has come
    (State.SUSPENDED, State.EXPIRED): "expired",
    (State.ACTIVE, State.REPLACED): "replaced",  # another one was issued in its place
    (State.SUSPENDED, State.REPLACED): "replaced",
    (State.EXPIRED, State.REPLACED): "replaced",
    (State.ACTIVE, State.REVOKED): "revoked",
    (State.SUSPENDED, State.REVOKED): "revoked",
    (State.EXPIRED, State.REVOKED): "revoked",
}
"""Every legal move with the message that its holder gets (templates/messages/notices.*.toml)."""


class IllegalMove(Exception):
    """A move that no row of MOVES allows."""


def move(now: State, to: State) -> State:
    """`to`, if the move from `now` is legal. Raises IllegalMove."""
    if (now, to) not in MOVES:
        raise IllegalMove(f"a credential that is {now.value} cannot become {to.value}")
    return to


def message_of(now: State, to: State) -> str:
    """The message of a legal move. Raises IllegalMove."""
    return MOVES[now, move(now, to)]
