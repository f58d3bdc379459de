"""Sessions of people as staff find and end them: by person, or by the service they were used at.

A person's sessions are found through what was granted in them, as on the person's own page: the table of sessions has
no index that every sign-in would have to pay for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import bindparam, select

from idp.audit.catalogue import AuditRow, Event
from idp.interaction.logged_out import LoggedOut
from idp.staff.actor import OPERATOR, Actor
from idp.storage.database import Database, Transaction
from idp.storage.models import Grant
from idp.storage.models import Session as SessionRow
from idp.storage.session_ends import EndedSession, SessionEnds
from idp.storage.sessions import IDLE_SECONDS

MOST_SHOWN = 100
MOST_LOOKED_AT = 20_000
LONGEST_WHY = 200

_COLUMNS = (SessionRow.id, SessionRow.person_id, SessionRow.auth_time, SessionRow.last_seen_at, SessionRow.expires_at)
_LIVE = select(*_COLUMNS).where(
    SessionRow.id.in_(bindparam("rows", expanding=True)),
    SessionRow.ended_at.is_(None),
    SessionRow.expires_at > bindparam("now"),
)
_OF_PERSON = (
    select(Grant.session_id)
    .where(Grant.person_id == bindparam("person"), Grant.session_id.is_not(None))
    .distinct()
    .limit(MOST_SHOWN)
)
_NEWEST = (
    select(Grant.session_id, Grant.client_id, Grant.id)
    .where(Grant.id >= bindparam("since"))
    .order_by(Grant.id.desc())
    .limit(MOST_LOOKED_AT)
    .subquery()
)
_AT_CLIENT = (
    select(_NEWEST.c.session_id)
    .where(_NEWEST.c.client_id == bindparam("client"), _NEWEST.c.session_id.is_not(None))
    .order_by(_NEWEST.c.id.desc())
    .limit(MOST_SHOWN)
)
_CLIENTS_OF = select(Grant.session_id, Grant.client_id).where(
    Grant.person_id.in_(bindparam("people", expanding=True)),
    Grant.session_id.in_(bindparam("rows", expanding=True)),
)
_ONE = select(*_COLUMNS).where(SessionRow.id == bindparam("row"), SessionRow.ended_at.is_(None))


class Tells(Protocol):
    """Queues logout notices to the services that knew an ended session."""

    def __call__(self, step: Transaction, ended: Sequence[EndedSession], now: int, /) -> list[LoggedOut]:
        """The clients that knew one of them."""


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """A session as staff see it."""

    id: UUID
    person: UUID
    auth_time: int
    last_seen_at: int
    expires_at: int
    idle: bool  # it may act no more, though services may live on it
    clients: tuple[str, ...]


class SessionOffice:
    """Finding sessions and ending them."""

    def __init__(self, database: Database, clock: Callable[[], int], notice: Tells) -> None:
        """`notice` queues what the end of sessions causes at services."""
        self._database = database
        self._clock = clock
        self._notice = notice

    def of_person(self, person: UUID) -> list[SessionSeen]:
        """Sessions of a person that nobody has ended, last seen first."""
        with self._database.read() as reading:
            return self._seen(reading, [row.session_id for row in reading.all(_OF_PERSON, person=person)])

    def at_client(self, client_id: str) -> list[SessionSeen]:
        """Sessions in which a service was visited lately, last seen first; of the newest grants of the house."""
        since = UUID(int=max(self._clock() - 43_200, 0) * 1000 << 80)
        with self._database.read() as reading:
            return self._seen(
                reading, [row.session_id for row in reading.all(_AT_CLIENT, client=client_id, since=since)]
            )

    def find(self, session: UUID) -> SessionSeen | None:
        """One that nobody has ended."""
        with self._database.read() as reading:
            row = reading.one(_ONE, row=session)
            return None if row is None else next(iter(self._seen(reading, [row.id])), None)

    def end(self, session: UUID, why: str, actor: Actor = OPERATOR) -> bool:
        """End one session, tell the services, and record it. False when it had ended."""
        return self._end(lambda ends, now: ends.end(session, now), why, actor)

    def end_all(self, person: UUID, why: str, actor: Actor = OPERATOR) -> bool:
        """End every session of a person. False when there was none."""
        return self._end(lambda ends, now: ends.of_person(person, now), why, actor)

    def _end(self, end: Callable[[SessionEnds, int], list[EndedSession]], why: str, actor: Actor) -> bool:
        now = self._clock()
        with self._database.begin() as step:
            ended = end(SessionEnds(step), now)
            for one in ended:
                told = self._notice(step, [one], now)
                detail = {"session": one.id, "why": why[:LONGEST_WHY], "told": len(told)} | actor.detail
                step.record(AuditRow(Event.SESSIONS_ENDED_BY_STAFF, now, one.person_id, detail=detail))
        return bool(ended)

    def _seen(self, reading: Transaction, keys: Sequence[UUID]) -> list[SessionSeen]:
        if not keys:
            return []
        now = self._clock()
        rows = reading.all(_LIVE, rows=list(dict.fromkeys(keys)), now=now)
        if not rows:
            return []
        visited: dict[UUID, set[str]] = {}
        named: dict[str, Any] = {"people": list({row.person_id for row in rows}), "rows": [row.id for row in rows]}
        for grant in reading.all(_CLIENTS_OF, **named):
            visited.setdefault(grant.session_id, set()).add(grant.client_id)
        seen = [
            SessionSeen(
                id=row.id,
                person=row.person_id,
                auth_time=row.auth_time,
                last_seen_at=row.last_seen_at,
                expires_at=row.expires_at,
                idle=row.last_seen_at <= now - IDLE_SECONDS,
                clients=tuple(sorted(visited.get(row.id, ()))),
            )
            for row in rows
        ]
        return sorted(seen, key=lambda one: one.last_seen_at, reverse=True)
