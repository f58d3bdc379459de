"""Rotation of a public client's refresh tokens: one live token at any time, lost answers forgiven once, theft noticed.

RFC 9700 §4.14.2. A spent token that comes back is one of three things. At the same moment as another request it is a
client that asks twice: it gets nothing, and nothing ends. A little later, and before its successor was used, it is
a client that never got its answer: it gets another successor, once, and the lost one ends. Anything else is theft.
"""

from enum import Enum
from uuid import UUID

from idp.grants.stores import RefreshRecord, Stores
from idp.keys.handles import Presented

AT_ONCE_SECONDS = 2  # closer together than this, two requests do not know of one another
GRACE_SECONDS = 60  # how long a client may take to notice that its answer was lost


class Presentation(Enum):
    """What it means that a refresh token is presented."""

    RIGHTFUL = "rightful"  # and its successor is now the given one
    AT_ONCE = "at once"
    REUSE = "reuse"


def take(
    token: Presented, found: RefreshRecord, client_id: str, stores: Stores, successor: UUID, now: int
) -> tuple[Presentation, bool]:
    """Spend the token, or forgive that it is spent; and whether it was forgiven."""
    if found.spent_at is None:
        if stores.take_refresh(token, successor, now):
            return Presentation.RIGHTFUL, False
        found = stores.find_refresh(token, client_id) or found  # somebody was faster since it was found
    if judge(found, now) is Presentation.RIGHTFUL:
        if stores.retake_refresh(token, found, successor, now):
            return Presentation.RIGHTFUL, True
        found = stores.find_refresh(token, client_id) or found
    verdict = judge(found, now)
    return (Presentation.REUSE if verdict is Presentation.RIGHTFUL else verdict), False


def judge(found: RefreshRecord, now: int) -> Presentation:
    """What the return of a spent token means. Pure; RIGHTFUL: its answer was lost."""
    if found.spent_at is None or found.successor is None or found.successor_spent:
        return Presentation.REUSE
    if now - max(found.spent_at, found.retried_at or 0) < AT_ONCE_SECONDS:
        return Presentation.AT_ONCE
    if found.retried_at is not None or now - found.spent_at > GRACE_SECONDS:
        return Presentation.REUSE
    return Presentation.RIGHTFUL
