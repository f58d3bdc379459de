"""Telling services that a session has ended: audit rows, and logout notices in the transaction that ends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.delivery.logout_notices import KIND, NOTICE_SECONDS, LogoutNotice, to_payload
from idp.interaction.logged_out import LoggedOut
from idp.keys.sealing import Sealer
from idp.storage.clients import Clients
from idp.storage.database import Transaction
from idp.storage.outbox import queue
from idp.storage.session_ends import EndedSession


@dataclass(frozen=True, slots=True)
class Logouts:
    """What telling takes: who the services are, and the outbox's seal."""

    clients: Clients
    outbox: Sealer

    def tell_ended(
        self,
        step: Transaction,
        ended: Sequence[EndedSession],
        *,
        why: str,
        now: int,
        by: str | None = None,
        event: Event = Event.SESSION_ENDED,
    ) -> list[LoggedOut]:
        """Queue what the end of sessions causes: audit rows, and logout notices to the services that take them.

        `by` is the client at which it happened. Returns every client that knew one of the sessions.
        """
        told: list[LoggedOut] = []
        for session in ended:
            known = self.tell_services(step, [session], now)
            noticed = [one for one in known if one.by_back_channel]
            detail = {"session": session.id, "why": why, "told": len(noticed)}
            step.record(AuditRow(event, now, session.person_id, by, detail))
            told += known
        return told

    def tell_services(self, step: Transaction, ended: Sequence[EndedSession], now: int) -> list[LoggedOut]:
        """Queue a logout notice to every service that takes them; returns all that knew one of the sessions."""
        told: list[LoggedOut] = []
        for session in ended:
            found = (self.clients.find(client) for client in session.clients)
            known = [LoggedOut(client, session.person_id, session.id) for client in found if client is not None]
            for one in known:
                if one.by_back_channel:
                    self._queue(step, one, now)
            told += known
        return told

    def tell_withdrawn(
        self, step: Transaction, client_id: str, person: UUID, sessions: Sequence[UUID], now: int
    ) -> int:
        """Queue logout notices to one service for the sessions in which it was visited; returns how many."""
        client = self.clients.find(client_id)
        known = [LoggedOut(client, person, session) for session in sessions] if client is not None else []
        noticed = [one for one in known if one.by_back_channel]
        for one in noticed:
            self._queue(step, one, now)
        return len(noticed)

    def _queue(self, step: Transaction, one: LoggedOut, now: int) -> None:
        notice = LogoutNotice(one.client.id, str(one.person), str(one.session))
        queue(step, self.outbox, KIND, to_payload(notice), now=now, good_for=NOTICE_SECONDS)
