"""Acts on people and their credentials from outside a counter: an enrolment, a status, a move of the credential.

Promise: idp.credential.commands.CredentialDesk.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.credential.commands import Refusal
from idp.credential.enrolment import LINK_SECONDS
from idp.credential.states import State, message_of, move
from idp.keys.handles import new_handle
from idp.keys.sealing import Sealer, row_context
from idp.people.record import Record
from idp.people.status import ENDED, PersonStatus
from idp.storage.database import Database, Transaction
from idp.storage.logouts import Logouts
from idp.storage.people import Enrolments, People
from idp.storage.session_ends import SessionEnds

USER_HANDLE_BYTES = 64  # WebAuthn Level 3 §14.6.1: random, nothing personal in it


class Tells(Protocol):
    """Tells a citizen on every channel."""

    def __call__(
        self, transaction: Transaction, person: UUID, notice: str, now: int, values: Mapping[str, str] = ...
    ) -> None:
        """Queue the message and the letter that go with `notice`."""


@dataclass(frozen=True, slots=True)
class CredentialOffice:
    """What these acts take."""

    database: Database
    record: Sealer
    logouts: Logouts
    tell: Tells
    issuer: str
    clock: Callable[[], int]
    random_bytes: Callable[[int], bytes]
    new_id: Callable[[], UUID]

    def begin_enrolment(self, record: Record) -> str:
        """Start an enrolment on an operator's word; returns its one-time link, the secret in the fragment."""
        now = self.clock()
        secret = new_handle(self.new_id(), self.random_bytes)
        sealed = self.record.seal(record.to_json(), row_context("enrolments", "record", secret.id))
        with self.database.begin() as step:
            Enrolments(step).add(
                secret,
                record=sealed,
                mission=record.mission,
                user_handle=self.random_bytes(USER_HANDLE_BYTES),
                now=now,
                expires_at=now + LINK_SECONDS,
            )
            step.record(AuditRow(Event.ENROLMENT_STARTED, now, detail={"enrolment": secret.id}))
        return f"{self.issuer}/enrol#{secret.text}"

    def change_person(self, person: UUID, to: PersonStatus, why: str, by: UUID | None = None) -> None:
        """Set a person's status; one who may not act any more is signed out everywhere.

        `by` is the member of staff who acts; None is an operator at the command line.
        Raises Refusal for an unknown person, or one changed at the same moment.
        """
        detail: dict[str, Any] = {"why": why}
        if by is None:
            self._change_person(person, to, Event.PERSON_CHANGED, detail)
        else:
            self._change_person(person, to, Event.PERSON_ENDED, detail | {"by": by})

    def end_by_registry(self, person: UUID, to: PersonStatus) -> None:
        """The same because the registry says that their status ended. Raises Refusal."""
        self._change_person(person, to, Event.PERSON_ENDED_AT_REGISTRY, {})

    def _change_person(self, person: UUID, to: PersonStatus, event: Event, detail: dict[str, Any]) -> None:
        now = self.clock()
        with self.database.begin() as step:
            people = People(step)
            found = people.find(person)
            if found is None:
                raise Refusal(f"no person {person}")
            if not people.set_status(person, PersonStatus(found.status), to, now):
                raise Refusal("the person was changed at the same moment; try again")
            step.record(AuditRow(event, now, person, detail={"from": found.status, "to": to.value} | detail))
            if to in ENDED:
                self.tell(step, person, "ended", now)
            if to is not PersonStatus.ACTIVE:
                ended = SessionEnds(step).of_person(person, now)
                self.logouts.tell_ended(step, ended, why="person stopped", now=now, event=Event.SESSION_STOPPED)

    def change_credential(self, person: UUID, to: State, why: str) -> None:
        """Move a person's newest credential; a stopped one's sessions end. Raises Refusal or IllegalMove."""
        now = self.clock()
        with self.database.begin() as step:
            people = People(step)
            found = people.credentials(person)
            if not found:
                raise Refusal(f"no credential of person {person}")
            newest = found[-1]
            before = State(newest.state)
            if not people.move_credential(newest.id, before, move(before, to), now):
                raise Refusal("the credential was changed at the same moment; try again")
            detail = {"credential": newest.id, "from": before.value, "to": to.value, "why": why}
            step.record(AuditRow(Event.CREDENTIAL_CHANGED, now, person, detail=detail))
            self.tell(step, person, message_of(before, to), now)
            if to is not State.ACTIVE:
                ended = SessionEnds(step).of_credential(person, newest.id, now)
                self.logouts.tell_ended(step, ended, why="credential stopped", now=now, event=Event.SESSION_STOPPED)
