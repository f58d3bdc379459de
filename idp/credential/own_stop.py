"""Stopping one's own mobile ID, and when its holder may lift that without a mission. Pure.

Stopping must be easy and lifting must not: whoever took the phone could lift as well. So a passkey lifts a stop only
if its holder said, when stopping, which passkeys are no longer trusted, and it is none of these; and only as long as
nobody else has touched the credential since. Everything else is a mission's decision.
"""

from dataclasses import dataclass
from uuid import UUID

from idp.credential.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStop:
    """The latest stop of a credential by its holder."""

    id: UUID
    stopped_at: int
    by_passkey: bool
    lifted: bool


def may_lift(stop: OwnStop | None, *, state: str, changed_at: int, passkey_trusted: bool) -> bool:
    """Whether a passkey of the credential may make it active again."""
    if stop is None or stop.lifted or not stop.by_passkey or not passkey_trusted:
        return False
    return state == State.SUSPENDED.value and changed_at == stop.stopped_at
