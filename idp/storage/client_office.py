"""Acts on relying services, the same by whichever way they come: console, administration API, worker.

Each is one transaction with the change, its row in the audit, and who did it. Rules stand in idp/registration.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from idp.audit.catalogue import AuditRow, Event
from idp.registration.changes import (
    Change,
    Conflict,
    grace_ended,
    logo_set,
    removal_begun,
    removal_taken_back,
    secret_rotated,
    status_set,
)
from idp.registration.documents import Fetcher
from idp.registration.fields import Offer
from idp.registration.proposals import read_proposal
from idp.registration.register import rotate_secret
from idp.registration.registration import Registration
from idp.staff.actor import Actor
from idp.storage.client_answerer import refuse_unknown_answerer
from idp.storage.client_proposals import ClientProposals
from idp.storage.clients import Clients
from idp.storage.database import Database, Transaction
from idp.storage.models import ClientRow

MOST_AT_ONCE = 100

_OVER = (
    select(ClientRow.id)
    .where(ClientRow.removal_at.is_not(None), ClientRow.removal_at <= bindparam("now"))
    .order_by(ClientRow.id)
    .limit(MOST_AT_ONCE)
)


class ClientOffice:
    """Every act of staff on a relying service that exists. Each raises Conflict when it was changed in between."""

    def __init__(
        self,
        database: Database,
        clients: Clients,
        clock: Callable[[], int],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """Nothing is kept in memory."""
        self._database = database
        self._clients = clients
        self._clock = clock
        self._random_bytes = random_bytes

    def stop(self, one: Registration, actor: Actor) -> None:
        """From its next request on, everywhere."""
        if one.status == "enabled":
            self._save(status_set(one, "disabled", now=self._clock()), "disabled", actor)

    def resume(self, one: Registration, actor: Actor, step: Transaction, first: UUID) -> None:
        """Let it work again, within the transaction in which a second person decided it."""
        if one.status == "disabled":
            self._put(step, status_set(one, "enabled", now=self._clock()), "enabled", actor, first)

    def remove(self, one: Registration, actor: Actor) -> None:
        """Stop it now and remove it when its grace ends. Raises BrokenRule when that has begun."""
        self._save(removal_begun(one, now=self._clock()), "removal_begun", actor)

    def keep(self, one: Registration, actor: Actor) -> None:
        """Take its removal back. Raises BrokenRule when nothing has begun."""
        self._save(removal_taken_back(one, now=self._clock()), "kept", actor)

    def new_secret(self, one: Registration, actor: Actor, step: Transaction, first: UUID) -> str:
        """Another secret, told once; within the transaction of the decision. Raises BrokenRule without one."""
        now = self._clock()
        outcome = rotate_secret(one, now=now, random_bytes=self._random_bytes)
        self._put(step, secret_rotated(one, outcome, now=now), "secret", actor, first)
        assert outcome.secret is not None
        return outcome.secret

    def set_logo(self, one: Registration, name: str, actor: Actor, step: Transaction, first: UUID) -> None:
        """Another picture; within the transaction of the decision."""
        self._put(step, logo_set(one, name, now=self._clock()), "logo", actor, first)

    def drop_logo(self, one: Registration, actor: Actor) -> None:
        """No picture any more."""
        if one.logo is not None:
            self._save(logo_set(one, None, now=self._clock()), "logo", actor)

    def propose(
        self,
        document: str | Mapping[str, Any],
        ground: str,
        client_id: str,
        actor: Actor,
        offer: Offer,
        fetcher: Fetcher,
        *,
        version: int | None = None,
    ) -> UUID:
        """Keep a registration, new or changed, for a second person. Raises RegistrationRefused.

        `version` is the one that the change was made from, where the caller named it. Raises Conflict.
        """
        existing = self._clients.get(client_id)
        if version is not None and (existing is None or existing.version != version):
            raise Conflict(client_id)
        metadata = read_proposal(document, ground, client_id, existing, offer, fetcher)
        assert actor.id is not None
        now, base = self._clock(), existing.version if existing else None
        before: Mapping[str, Any] = existing.metadata if existing else {}
        names = sorted(name for name in before.keys() | metadata.keys() if before.get(name) != metadata.get(name))
        with self._database.begin() as step:
            refuse_unknown_answerer(step, metadata)
            proposals = ClientProposals(step)
            row = proposals.add(client_id, metadata, base, ground.strip(), actor.id, now, actor.via)
            detail = {"proposal": row, "diff": names, "ground": ground.strip()} | actor.detail
            step.record(AuditRow(Event.CLIENT_PROPOSED, now, client=client_id, detail=detail))
        return row

    def remove_those_over(self, now: int) -> int:
        """Remove every service whose grace is over; returns how many. Several workers may do it at once."""
        with self._database.read() as reading:
            over = [row.id for row in reading.all(_OVER, now=now)]
        removed = 0
        for client_id in over:
            one = self._clients.get(client_id)
            if one is None or one.removal_at is None or one.removal_at > now:
                continue
            try:
                self._clients.save([grace_ended(one, now=now)])
            except Conflict:  # kept, or removed by another worker, in this very moment
                continue
            removed += 1
        return removed

    def _save(self, change: Change, what: str, actor: Actor) -> None:
        with self._database.begin() as step:
            self._put(step, change, what, actor)

    def _put(self, step: Transaction, change: Change, what: str, actor: Actor, first: UUID | None = None) -> None:
        assert change.before is not None
        self._clients.put(step, [change])
        detail = {"act": what} | actor.detail | ({} if first is None else {"first": first})
        step.record(AuditRow(Event.CLIENT_ACTED_ON, self._clock(), client=change.before.client_id, detail=detail))
