"""What a person sees of themself, and may change: consents, sessions, passkeys, and the audit rows about them.

Everything is asked for by the person's own key, so nobody finds anything of anybody else's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, select, update

from idp.audit.catalogue import Event
from idp.storage.database import Transaction
from idp.storage.models import AuditEvent, Consent, Credential, Grant, Passkey, Person, Phone
from idp.storage.models import Session as SessionRow
from idp.storage.passkeys import OPENS_SOMETHING
from idp.storage.personal_data import personal_rows
from idp.storage.sessions import IDLE_SECONDS

STARTED = Event.SESSION_STARTED.tag
MOST_EVENTS = 1000  # read of one person; pages show the newest of them
MOST_KEPT = 50_000  # of one person in the file: years of signing in every hour
MOST_SERVICES = 200
MOST_SESSIONS = 50
MOST_PASSKEYS = 50

# Found first and sorted then: a backwards walk over everybody's rows must never look cheaper to the planner.
_MINE = (
    select(AuditEvent.id, AuditEvent.at, AuditEvent.event, AuditEvent.client_id, AuditEvent.detail)
    .where(AuditEvent.person_id == bindparam("person"))
    .cte("mine")
    .prefix_with("MATERIALIZED")
)
_HISTORY = select(_MINE).order_by(_MINE.c.id.desc()).limit(MOST_EVENTS)
_EVERYTHING = select(_MINE).order_by(_MINE.c.id.desc()).limit(MOST_KEPT)
_CONSENTS = (
    select(Consent.client_id, Consent.scopes, Consent.declined, Consent.granted_at, Consent.expires_at)
    .where(
        Consent.person_id == bindparam("person"),
        Consent.withdrawn_at.is_(None),
        Consent.expires_at > bindparam("now"),
    )
    .order_by(Consent.granted_at.desc())
    .limit(MOST_SERVICES)
)
_SESSIONS_OF_GRANTS = (
    select(Grant.session_id)
    .where(Grant.person_id == bindparam("person"), Grant.session_id.is_not(None))
    .distinct()
    .limit(MOST_SESSIONS)
)
_SESSIONS_AT = (
    select(Grant.session_id, func.max(Grant.created_at).label("latest"))
    .where(
        Grant.person_id == bindparam("person"), Grant.client_id == bindparam("client"), Grant.session_id.is_not(None)
    )
    .group_by(Grant.session_id)
    .order_by(func.max(Grant.created_at).desc())
    .limit(MOST_SESSIONS)
)
_SESSIONS = (
    select(
        SessionRow.id,
        SessionRow.passkey_id,
        SessionRow.auth_time,
        SessionRow.last_seen_at,
        SessionRow.expires_at,
        Passkey.name,
        Passkey.created_at.label("passkey_created_at"),
    )
    .outerjoin(Passkey, Passkey.id == SessionRow.passkey_id)
    .where(
        SessionRow.id.in_(bindparam("rows", expanding=True)),
        SessionRow.person_id == bindparam("person"),
        SessionRow.ended_at.is_(None),
        SessionRow.expires_at > bindparam("now"),
        SessionRow.last_seen_at > bindparam("idle_since"),
    )
    .order_by(SessionRow.last_seen_at.desc())
)
_EVERY_PASSKEY = (
    select(
        Passkey.id,
        Passkey.credential_id,
        Passkey.name,
        Passkey.state,
        Passkey.backup_eligible,
        Passkey.backed_up,
        Passkey.attested,
        Passkey.created_at,
        Passkey.last_used_at,
        Credential.state.label("credential_state"),
    )
    .join(Credential, Credential.id == Passkey.credential_id)
    .where(Passkey.person_id == bindparam("person"), Passkey.state != "removed")
    .order_by(Passkey.created_at, Passkey.id)
    .limit(MOST_PASSKEYS)
)
_PASSKEYS = _EVERY_PASSKEY.where(OPENS_SOMETHING)
_MY_PASSKEY = and_(Passkey.id == bindparam("row"), Passkey.person_id == bindparam("person"), Passkey.state != "removed")
_RENAME = update(Passkey).where(_MY_PASSKEY).values(name=bindparam("text"))
_REMOVE = update(Passkey).where(_MY_PASSKEY).values(state="removed")
_REMOVE_ALL = (
    update(Passkey).where(Passkey.person_id == bindparam("person"), Passkey.state != "removed").values(state="removed")
)
_DISTRUST = (
    update(Passkey)
    .where(
        Passkey.id == bindparam("row"),
        Passkey.person_id == bindparam("person"),
        Passkey.state == "active",
        Passkey.credential_id.in_(select(Credential.id).where(OPENS_SOMETHING)),
    )
    .values(state="suspended")
)
_TOUCH = update(Person).where(Person.id == bindparam("person")).values(updated_at=bindparam("now"))
# The record that was read is compared again: what somebody else wrote meanwhile is not lost.
_RECORD = (
    update(Person)
    .where(Person.id == bindparam("person"), Person.record == bindparam("before"))
    .values(record=bindparam("sealed"), updated_at=bindparam("now"))
)
_LANGUAGE = (
    update(Person)
    .where(Person.id == bindparam("person"))
    .values(language=bindparam("tag"), updated_at=bindparam("now"))
)
_MESSAGE_LANGUAGE = (
    update(Person)
    .where(Person.id == bindparam("person"))
    .values(message_language=bindparam("tag"), updated_at=bindparam("now"))
)
_PERSON = select(
    Person.id,
    Person.user_handle,
    Person.record,
    Person.language,
    Person.message_language,
    Person.created_at,
    Person.sandbox_of,
    Person.status,
).where(Person.id == bindparam("person"))
_PHONES = (
    select(Phone.id, Phone.number, Phone.region, Phone.verified_at)
    .where(Phone.person_id == bindparam("person"))
    .order_by(Phone.verified_at.desc())
    .limit(10)
)
_CREDENTIALS = (
    select(
        Credential.id,
        Credential.state,
        Credential.mission,
        Credential.issued_at,
        Credential.expires_at,
        Credential.changed_at,
    )
    .where(Credential.person_id == bindparam("person"))
    .order_by(Credential.issued_at)
    .limit(50)
)


@dataclass(frozen=True, slots=True)
class Happened:
    """One audit row about a person."""

    id: UUID
    at: int
    event: str  # its tag
    client: str | None
    detail: Mapping[str, Any]


class Account:
    """Verbs on one person's own things, within one transaction."""

    def __init__(self, transaction: Transaction, person: UUID) -> None:
        """Over an open transaction; `person` is whose session it is."""
        self._transaction = transaction
        self._person = person

    def happened(self) -> list[Happened]:
        """The newest audit rows about the person, newest first."""
        rows = self._transaction.all(_HISTORY, person=self._person)
        return [Happened(r.id, r.at, r.event, r.client_id, json.loads(r.detail) if r.detail else {}) for r in rows]

    def everything(self) -> list[Happened]:
        """All of them that are still kept, for the file that a person may take."""
        rows = self._transaction.all(_EVERYTHING, person=self._person)
        return [Happened(r.id, r.at, r.event, r.client_id, json.loads(r.detail) if r.detail else {}) for r in rows]

    def person(self) -> Any:
        """Their own row."""
        return self._transaction.one(_PERSON, person=self._person)

    def phones(self) -> list[Any]:
        """Their numbers, the present one first."""
        return self._transaction.all(_PHONES, person=self._person)

    def credentials(self) -> list[Any]:
        """Their credentials, oldest first."""
        return self._transaction.all(_CREDENTIALS, person=self._person)

    def consents(self, now: int) -> list[Any]:
        """What they agreed to and may still be used."""
        return self._transaction.all(_CONSENTS, person=self._person, now=now)

    def passkeys(self) -> list[Any]:
        """Their passkeys, oldest first. Those that were removed, or whose mobile ID has ended, are keys to nothing."""
        return self._transaction.all(_PASSKEYS, person=self._person)

    def every_passkey(self) -> list[Any]:
        """The same with those of every mobile ID that they have had."""
        return self._transaction.all(_EVERY_PASSKEY, person=self._person)

    def sessions(self, known: list[UUID], now: int, idle_since: int) -> list[Any]:
        """Their live sessions: those that `known` names, and those that a service was visited in.

        Sessions are found by their keys. The table has no index of persons, because it would cost every sign-in
        more than it is worth on a page that few open.
        """
        visited = self._transaction.all(_SESSIONS_OF_GRANTS, person=self._person)
        rows = list(dict.fromkeys([*known[:MOST_SESSIONS], *(row.session_id for row in visited)]))
        return self._transaction.all(_SESSIONS, rows=rows, person=self._person, now=now, idle_since=idle_since)

    def live_sessions(self, here: UUID, now: int) -> list[Any]:
        """The same, with this one and those that the history still names."""
        started = (one.detail.get("session") for one in self.happened() if one.event == STARTED)
        return self.sessions([here, *(UUID(str(one)) for one in started if one)], now, now - IDLE_SECONDS)

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """What else is kept of them, as it is kept."""
        return personal_rows(self._transaction, self._person)

    def sessions_at(self, client_id: str) -> list[UUID]:
        """The sessions in which they visited a service, newest first, as far as they are remembered."""
        return [r.session_id for r in self._transaction.all(_SESSIONS_AT, person=self._person, client=client_id)]

    def hold(self, now: int) -> None:
        """Take the person's row, so that what is counted next stays so until the commit."""
        self._transaction.run(_TOUCH, person=self._person, now=now)

    def rename_passkey(self, passkey: UUID, name: str) -> bool:
        """Give a passkey a name. False when it is not theirs."""
        return self._transaction.run(_RENAME, row=passkey, person=self._person, text=name) == 1

    def remove_passkey(self, passkey: UUID) -> bool:
        """Remove a passkey. False when it is not theirs, or was removed before."""
        return self._transaction.run(_REMOVE, row=passkey, person=self._person) == 1

    def remove_passkeys(self) -> int:
        """Remove every passkey; returns how many."""
        return self._transaction.run(_REMOVE_ALL, person=self._person)

    def distrust_passkey(self, passkey: UUID) -> bool:
        """Suspend a passkey that may be in other hands. False when it is not theirs, or not active."""
        return self._transaction.run(_DISTRUST, row=passkey, person=self._person) == 1

    def change_record(self, before: bytes, sealed: bytes, now: int) -> bool:
        """Put a record in the place of the one that was read. False when another change was faster."""
        return self._transaction.run(_RECORD, person=self._person, before=before, sealed=sealed, now=now) == 1

    def choose_language(self, language: str, now: int) -> None:
        """The language of letters to them, and of pages where nothing else was chosen."""
        self._transaction.run(_LANGUAGE, person=self._person, tag=language, now=now)

    def choose_message_language(self, language: str, now: int) -> None:
        """The language of codes, in messages and calls."""
        self._transaction.run(_MESSAGE_LANGUAGE, person=self._person, tag=language, now=now)
