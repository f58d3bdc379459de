"""Registrations of relying services: `find` for the protocol, `get`, `list` and `save` for administrators.

A worker keeps each parsed client and asks the database at every `find` only whether it is still the same
version, so that disabling a service holds at the next request in every worker.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.engine import Row

from idp.protocol.client import Client
from idp.protocol.cross_origin import origins_of
from idp.registration.changes import Change, Conflict
from idp.registration.effective_client import effective_client
from idp.registration.register import CLIENT_ID
from idp.registration.registration import Metadata, Registration
from idp.storage.client_answerer import refuse_unknown_answerer
from idp.storage.database import Database, Transaction
from idp.storage.models import ClientRow
from idp.storage.models_engineers import CheckedRequest, ClientDeadline, ClientEngineer
from idp.storage.wire import AlreadyTaken, Outdated

MOST_CLIENTS = 10_000
ORIGINS_SECONDS = 5  # how old the origins of pages may be: they only let a script read its own answers

_table = ClientRow.__table__
_VERSION = select(ClientRow.version, ClientRow.status, ClientRow.checked_until).where(
    ClientRow.id == bindparam("client_id")
)
_ENABLED = (
    select(ClientRow.id, ClientRow.version, ClientRow.status, ClientRow.checked_until)
    .where(ClientRow.status == "enabled")
    .order_by(ClientRow.id)
    .limit(bindparam("most"))
)
_PUBLIC = (  # by what is stored of them, so that not every client has to be parsed
    select(ClientRow.id, ClientRow.version, ClientRow.status, ClientRow.checked_until)
    .where(ClientRow.status == "enabled", ClientRow.registration.contains('"token_endpoint_auth_method":"none"'))
    .limit(MOST_CLIENTS)
)
_ONE = select(_table).where(ClientRow.id == bindparam("client_id"))
_ALL = select(_table).order_by(ClientRow.id).limit(MOST_CLIENTS)


@dataclass(frozen=True, slots=True)
class ClientStanding:
    """What says whether a client is still as it was parsed."""

    id: str
    version: int
    status: str
    checked_until: int | None


STANDING_OF_CLIENT = (
    ClientRow.version.label("client_version"),
    ClientRow.status.label("client_status"),
    ClientRow.checked_until.label("client_checked_until"),
)
"""What a look-up for something else may ask along; `client_standing` reads it."""


def client_standing(row: Row[Any], client_id: str) -> ClientStanding | None:
    """How a client stands by a row with STANDING_OF_CLIENT; None for one that is not registered."""
    if not row.client_status:
        return None
    return ClientStanding(client_id, row.client_version, row.client_status, row.client_checked_until)


class Clients:
    """The registry, with what this worker has already parsed."""

    def __init__(self, database: Database, *, sandbox: bool = True) -> None:
        """Empty: each client is parsed when it is first asked for. Without `sandbox` such clients count as disabled."""
        self._database = database
        self._sandbox = sandbox
        self._parsed: dict[str, tuple[int, Client]] = {}
        self._origins: tuple[int, frozenset[str]] | None = None

    def find(self, client_id: str) -> Client | None:
        """The client with exactly this id, enabled or not, as it is now."""
        if not CLIENT_ID.fullmatch(client_id):  # nothing else was ever registered; NUL would upset PostgreSQL
            return None
        return self._database.once(("client", client_id), lambda: self._look(client_id))

    def told(self, standing: ClientStanding | None) -> None:
        """Another look-up of this request has shown how a client stands: `find` need not look for it again."""
        if standing is None:
            return
        known = self._as_parsed(standing.id, standing)
        if known is not None:
            self._database.once(("client", standing.id), lambda: known)

    def remembered(self, client_id: str) -> Client | None:
        """The client as this worker last saw it: for a step that then says `unchanged`.

        Of live clients only: the integration check of a sandbox client is switched on without a new version.
        """
        known = self._parsed.get(client_id, (0, None))[1]
        return known if known is not None and known.environment == "live" else None

    def unchanged(self, step: Transaction, client: Client) -> None:
        """Let the step's rows be written only while the client is this one. Raises Outdated, now or at its end."""
        step.only_while(ClientRow, id=client.id, version=self.version_of(client), status="enabled")

    def version_of(self, client: Client) -> int:
        """The version of a client of `remembered`, if it is still that one. Raises Outdated."""
        version, known = self._parsed.get(client.id, (0, None))
        if known is not client:  # another thread has seen a newer one meanwhile
            raise Outdated
        return version

    def is_still(self, client: Client, standing: ClientStanding | None) -> None:
        """A step has seen how the client of `remembered` stands now. Raises Outdated unless it is the same."""
        if standing is None or self._as_parsed(client.id, standing) is not client or not client.enabled:
            raise Outdated

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

    def page_origins(self, now: int) -> frozenset[str]:
        """The origins of enabled public clients' pages (CORS), as they were at most five seconds ago."""
        if self._origins is None or not 0 <= now - self._origins[0] < ORIGINS_SECONDS:
            with self._database.read() as reading:
                found = [self._as_of(row, row.id, reading) for row in reading.all(_PUBLIC)]
            self._origins = now, origins_of(client for client in found if client is not None)
        return self._origins[1]

    def is_sandbox(self, client_id: str) -> bool:
        """Whether this worker has met it as a client of the sandbox; never looks in the database."""
        known = self._parsed.get(client_id, (0, None))[1]
        return known is not None and known.environment == "sandbox"

    def refuse_unanswered(self, metadata: Mapping[str, Any]) -> None:
        """Tell beforehand what `save` would refuse. Raises RegistrationRefused."""
        with self._database.read() as reading:
            refuse_unknown_answerer(reading, metadata)

    def save(self, changes: Sequence[Change]) -> None:
        """Store all changes and their audit rows, or none.

        Raises Conflict when a `before` is outdated, RegistrationRefused when nobody answers for a client.
        """
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
        return self._as_parsed(client_id, row) or self._parse(client_id, reading)

    def _as_parsed(self, client_id: str, stands: Row[Any] | ClientStanding) -> Client | None:
        """The parsed client, if it is still as it stands now."""
        version, known = self._parsed.get(client_id, (None, None))
        if (
            known is not None
            and version == stands.version
            and known.enabled == (stands.status == "enabled")
            and known.checked_until == (stands.checked_until or 0)
        ):
            return known
        return None

    def _look(self, client_id: str) -> Client | None:
        with self._database.read() as reading:
            return self.find_within(reading, client_id)

    def put(self, step: Transaction, changes: Sequence[Change]) -> None:
        """`save` within a transaction that does more. Raises as it does; AlreadyTaken comes with its end."""
        for change in changes:
            if change.after is not None and (change.before is None or change.before.metadata != change.after.metadata):
                refuse_unknown_answerer(step, change.after.metadata)
            _write(step, change)
            step.record(change.audit)

    def _parse(self, client_id: str, reading: Transaction) -> Client | None:
        registration = _read(reading.one(_ONE, client_id=client_id))
        if registration is None:  # removed between the two statements
            return None
        client = effective_client(registration)
        if registration.is_sandbox and not self._sandbox:
            client = replace(client, enabled=False)
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
        removal_at=row.removal_at,
        logo=row.logo,
        former_digest=row.former_digest,
        former_until=row.former_until,
        checked_until=row.checked_until,
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
        "removal_at": registration.removal_at,
        "logo": registration.logo,
        "former_digest": registration.former_digest,
        "former_until": registration.former_until,
        "checked_until": registration.checked_until,
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
    if after is None:  # whoever registers under this id again is somebody else
        for belonging in (ClientEngineer, ClientDeadline, CheckedRequest):
            step.run(delete(belonging).where(belonging.client_id == before.client_id))


def _insert(step: Transaction, registration: Registration) -> None:
    if step.one(_VERSION, client_id=registration.client_id) is not None:
        raise Conflict(registration.client_id)
    step.add(ClientRow, id=registration.client_id, **_values(registration))
