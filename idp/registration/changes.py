"""Changes of registrations on their way to storage, each with the audit row that must be written with it.

No registration changes without its audit row: `ClientStore.save` takes both and keeps both or neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.registration.register import Outcome, with_logo, with_removal, with_status, without_removal
from idp.registration.registration import Registration, Status


class Conflict(Exception):
    """Somebody else changed the registration in between: nothing was stored."""


@dataclass(frozen=True, slots=True)
class Change:
    """From `before` (None: not yet there) to `after` (None: no longer there)."""

    before: Registration | None
    after: Registration | None
    audit: AuditRow


class ClientStore(Protocol):
    """What the life of a registration needs of storage."""

    def get(self, client_id: str) -> Registration | None:
        """The registration with exactly this id."""

    def list(self) -> list[Registration]:
        """All registrations, by id."""

    def refuse_unanswered(self, metadata: Mapping[str, Any]) -> None:
        """Raise RegistrationRefused when nobody answers for a client that administers: what only storage can tell."""

    def save(self, changes: Sequence[Change]) -> None:
        """Store all changes and their audit rows, or none. Raises Conflict, RegistrationRefused."""


def added(outcome: Outcome, *, now: int) -> Change:
    """A new registration."""
    return Change(None, outcome.registration, _row(Event.CLIENT_ADDED, outcome.registration, now, diff=outcome.diff))


def changed(before: Registration, outcome: Outcome, *, now: int) -> Change:
    """New metadata."""
    return Change(before, outcome.registration, _row(Event.CLIENT_CHANGED, before, now, diff=outcome.diff))


def secret_rotated(before: Registration, outcome: Outcome, *, now: int) -> Change:
    """A new secret."""
    return Change(before, outcome.registration, _row(Event.CLIENT_SECRET_ROTATED, before, now))


def status_set(before: Registration, status: Status, *, now: int) -> Change:
    """Enabled or disabled."""
    event = Event.CLIENT_ENABLED if status == "enabled" else Event.CLIENT_DISABLED
    return Change(before, with_status(before, status, now=now), _row(event, before, now))


def removal_begun(before: Registration, *, now: int) -> Change:
    """Stopped, and removed when its grace ends. Raises BrokenRule when that has begun."""
    after = with_removal(before, now=now)
    return Change(before, after, _row(Event.CLIENT_REMOVAL_BEGUN, before, now, removal_at=after.removal_at))


def removal_taken_back(before: Registration, *, now: int) -> Change:
    """Kept after all; it stays stopped. Raises BrokenRule when nothing has begun."""
    return Change(before, without_removal(before, now=now), _row(Event.CLIENT_KEPT, before, now))


def removed(before: Registration, *, now: int) -> Change:
    """No longer registered, at an operator's word."""
    return Change(before, None, _row(Event.CLIENT_REMOVED, before, now))


def grace_ended(before: Registration, *, now: int) -> Change:
    """No longer registered, because the grace of its removal is over."""
    return Change(before, None, _row(Event.CLIENT_GONE, before, now))


def logo_set(before: Registration, name: str | None, *, now: int) -> Change:
    """Another picture, or none."""
    return Change(before, with_logo(before, name, now=now), _row(Event.CLIENT_LOGO_SET, before, now, logo=name))


def added_itself(outcome: Outcome, invitation: UUID, *, now: int) -> Change:
    """A new registration over the protocol, by whoever was given an initial access token."""
    diff, event = _without_statement(outcome.diff), Event.CLIENT_REGISTERED_ITSELF
    row = _row(event, outcome.registration, now, diff=diff, invitation=invitation)
    return Change(None, outcome.registration, row)


def changed_itself(before: Registration, outcome: Outcome, *, now: int) -> Change:
    """New metadata over the protocol, or a new registration access token alone."""
    diff = _without_statement(outcome.diff)
    return Change(before, outcome.registration, _row(Event.CLIENT_CHANGED_ITSELF, before, now, diff=diff))


def removed_itself(before: Registration, *, now: int) -> Change:
    """Removed over the protocol."""
    return Change(before, None, _row(Event.CLIENT_REMOVED_ITSELF, before, now))


def _without_statement(diff: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """A software statement is a signed token, which no audit row carries; what it said is in the other fields."""
    return {name: values for name, values in diff.items() if name != "software_statement"}


def _row(event: Event, registration: Registration, now: int, **detail: object) -> AuditRow:
    return AuditRow(event, at=now, client=registration.client_id, detail=detail)
