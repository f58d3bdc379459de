"""Registrations of relying services: `find` for the protocol, `get`, `list` and `save` for administrators.

A worker keeps each parsed client and asks the database at every `find` only whether it is still the same
version, so that disabling a service holds at the next request in every worker.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.engine import Row

from idp.protocol.client import Client
from idp.registration.changes import Change, Conflict
from idp.registration.effective_client import effective_client
from idp.registration.register import CLIENT_ID
from idp.registration.registration import Metadata, Registration
from idp.storage.database import Database, Transaction
from idp.storage.models import ClientRow
from idp.storage.wire import AlreadyTaken, Outdated

MOST_CLIENTS = 10_000

_table = ClientRow.__table__
_VERSION = select(ClientRow.version, ClientRow.status).where(ClientRow.id == bindparam("client_id"))
_ENABLED = (
    select(ClientRow.id, ClientRow.version, ClientRow.status)
    .where(ClientRow.status == "enabled")
    .order_by(ClientRow.id)
    .limit(bindparam("most"))
)
_ONE = select(_table).where(ClientRow.id == bindparam("client_id"))
_ALL = select(_table).order_by(ClientRow.id).limit(MOST_CLIENTS)


@dataclass(frozen=True, slots=True)
class ClientStanding:
    """What says whether a client is still as it was parsed."""

    id: str
    version: int
    status: str


class Clients:
    """The registry, with what this worker has already parsed."""

    def __init__(self, database: Database) -> None:
        """Empty: each client is parsed when it is first asked for."""
        self._database = database
        self._parsed: dict[str, tuple[int, Client]] = {}

    def find(self, client_id: str) -> Client | None:
        """The client with exactly this id, enabled or not, as it is now."""
        if not CLIENT_ID.fullmatch(client_id):  # nothing else was ever registered; NUL would upset PostgreSQL
            return None
        return self._database.once(("client", client_id), lambda: self._look(client_id))

    def told(self, standing: ClientStanding) -> None:
        """Another look-up of this request has shown how a client stands: `find` need not look for it again."""
        version, known = self._parsed.get(standing.id, (None, None))
        if known is not None and version == standing.version and known.enabled == (standing.status == "enabled"):
            self._database.once(("client", standing.id), lambda: known)

    def remembered(self, client_id: str) -> Client | None:
        """The client as this worker last saw it: for a step that then says `unchanged`."""
        return self._parsed.get(client_id, (0, None))[1]

    def unchanged(self, step: Transaction, client: Client) -> None:
        """Let the step's rows be written only while the client is this one. Raises Outdated, now or at its end."""
        version, known = self._parsed.get(client.id, (0, None))
        if known is not client:  # another thread has seen a newer one meanwhile
            raise Outdated
        step.only_while(ClientRow, id=client.id, version=version, status="enabled")

    def get(self, client_id: str) -> Registration | None:
        """The registration with exactly this id."""
        if not CLIENT_ID.fullmatch(client_id):
            return None
        with self._database.read() as reading:
            return _read(reading.one(_ONE, client_id=client_id))

    def list(self) -> list[Registration]:
        """All registrations, by id."""
        with self._database.read() as reading:
            return [registration for row in reading.all(_ALL) if (registration := _read(row)) is not None]

    def enabled(self, most: int) -> Sequence[Client]:
        """The first `most` enabled clients by id: what this worker has parsed is not read again."""
        with self._database.read() as reading:
            found = [self._as_of(row, row.id, reading) for row in reading.all(_ENABLED, most=most)]
        return [client for client in found if client is not None and client.enabled]

    def save(self, changes: Sequence[Change]) -> None:
        """Store all changes and their audit rows, or none. Raises Conflict when a `before` is outdated."""
        if not changes:
            return
        try:
            with self._database.begin() as step:
                self.put(step, changes)
        except AlreadyTaken as error:  # two administrators added the same id at the same moment
            raise Conflict("added twice") from error

    def find_within(self, reading: Transaction, client_id: str) -> Client | None:
        """The same as an open transaction sees it; `client_id` is one that was registered."""
        row = reading.one(_VERSION, client_id=client_id)
        if row is None:
            self._parsed.pop(client_id, None)
            return None
        return self._as_of(row, client_id, reading)

    def _as_of(self, row: Row[Any], client_id: str, reading: Transaction) -> Client | None:
        """The parsed client if the row says that it is still the same, else parsed anew."""
        version, known = self._parsed.get(client_id, (None, None))
        if known is not None and version == row.version and known.enabled == (row.status == "enabled"):
            return known
        return self._parse(client_id, reading)

    def _look(self, client_id: str) -> Client | None:
        with self._database.read() as reading:
            return self.find_within(reading, client_id)

    def put(self, step: Transaction, changes: Sequence[Change]) -> None:
        """`save` within a transaction that does more. Raises Conflict; AlreadyTaken comes with its end."""
        for change in changes:
            _write(step, change)
            step.record(change.audit)

    def _parse(self, client_id: str, reading: Transaction) -> Client | None:
        registration = _read(reading.one(_ONE, client_id=client_id))
        if registration is None:  # removed between the two statements
            return None
        client = effective_client(registration)
        self._parsed[client_id] = (registration.version, client)
        return client


def _read(row: Any) -> Registration | None:
    if row is None:
        return None
    return Registration(
        client_id=row.id,
        metadata=Metadata(json.loads(row.registration)),
        secret_digest=row.secret_digest,
        access_digest=row.access_digest,
        status=row.status,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _values(registration: Registration) -> dict[str, Any]:
    return {
        "registration": json.dumps(registration.metadata, ensure_ascii=False, separators=(",", ":")),
        "secret_digest": registration.secret_digest,
        "access_digest": registration.access_digest,
        "status": registration.status,
        "version": registration.version,
        "created_at": registration.created_at,
        "updated_at": registration.updated_at,
    }


def _write(step: Transaction, change: Change) -> None:
    """One change, and only upon the very state that it was made from."""
    before, after = change.before, change.after
    if before is None:
        if after is not None:
            _insert(step, after)
        return
    same = (ClientRow.id == before.client_id, ClientRow.version == before.version)
    statement = (
        delete(ClientRow).where(*same) if after is None else update(ClientRow).where(*same).values(_values(after))
    )
    if step.run(statement) != 1:
        raise Conflict(before.client_id)


def _insert(step: Transaction, registration: Registration) -> None:
    if step.one(_VERSION, client_id=registration.client_id) is not None:
        raise Conflict(registration.client_id)
    step.add(ClientRow, id=registration.client_id, **_values(registration))
