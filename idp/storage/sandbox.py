"""Test citizens in the database: made whole for a client when first asked for, used within a limit; their messages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, case, or_, select, update

from idp.keys.fingerprints import Fingerprints
from idp.keys.sealing import Sealer, row_context
from idp.sandbox.citizens import CITIZENS, TestCitizen
from idp.sandbox.numbers import region_of
from idp.sandbox.software_passkey import SoftwarePasskey
from idp.storage.database import Transaction
from idp.storage.models import Credential, Passkey, Person, Phone
from idp.storage.models_sandbox import SandboxCitizen, SandboxMessage

MOST_USES_AN_HOUR = 120
MOST_MESSAGES = 20
MOST_CITIZENS = 100
LIFETIME_SECONDS = 10 * 365 * 86_400
HANDLE_BYTES, ID_BYTES = 64, 32

_ALL = (
    select(SandboxCitizen.person_id, SandboxCitizen.name)
    .where(SandboxCitizen.client_id == bindparam("client"))
    .limit(MOST_CITIZENS)
)
_HOUR: Any = bindparam("hour")
_USE = (
    update(SandboxCitizen)
    .where(
        SandboxCitizen.client_id == bindparam("client"),
        SandboxCitizen.name == bindparam("who"),
        or_(SandboxCitizen.uses_hour != _HOUR, SandboxCitizen.uses_in_hour < MOST_USES_AN_HOUR),
    )
    .values(
        sign_count=SandboxCitizen.sign_count + 1,
        uses_in_hour=case((SandboxCitizen.uses_hour == _HOUR, SandboxCitizen.uses_in_hour + 1), else_=1),
        uses_hour=_HOUR,
    )
    .returning(SandboxCitizen.person_id, SandboxCitizen.private, SandboxCitizen.webauthn_id, SandboxCitizen.sign_count)
)
_HANDLE = select(Person.user_handle).where(Person.id == bindparam("person"))
_MESSAGES = (
    select(SandboxMessage.id, SandboxMessage.person_id, SandboxMessage.payload, SandboxMessage.shown_at)
    .where(and_(SandboxMessage.client_id == bindparam("client"), SandboxMessage.shown_at <= bindparam("now")))
    .order_by(SandboxMessage.id.desc())
    .limit(MOST_MESSAGES)
)


@dataclass(frozen=True, slots=True)
class Maker:
    """What making a test citizen takes."""

    record: Sealer
    phone: Sealer
    look_up: Fingerprints
    new_id: Callable[[], UUID]
    random_bytes: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Used:
    """A test citizen whose passkey may answer once more."""

    person: UUID
    passkey: SoftwarePasskey
    sign_count: int


class SandboxCitizens:
    """Verbs on the test citizens of one client within one transaction."""

    def __init__(self, transaction: Transaction, client_id: str) -> None:
        """Over an open transaction."""
        self._transaction = transaction
        self._client = client_id

    def names(self) -> dict[UUID, str]:
        """Those that exist, by person."""
        return {row.person_id: row.name for row in self._transaction.all(_ALL, client=self._client)}

    def make(self, maker: Maker, now: int) -> int:
        """Queue those that are missing; returns how many. AlreadyTaken comes at the end, when others were faster."""
        missing = [one for one in CITIZENS if one.name not in set(self.names().values())]
        for one in missing:
            self._make(one, maker, now)
            self._transaction.flush()  # the same few rows each time: one statement, built once
        return len(missing)

    def _make(self, one: TestCitizen, maker: Maker, now: int) -> None:
        person, credential = maker.new_id(), maker.new_id()
        passkey = SoftwarePasskey.new(
            maker.random_bytes(ID_BYTES), maker.random_bytes(HANDLE_BYTES), maker.random_bytes
        )
        record = one.record(now)
        add = self._transaction.add
        add(
            Person,
            id=person,
            status=one.person.value,
            user_handle=passkey.user_handle,
            record=maker.record.seal(record.to_json(), row_context("persons", "record", person)),
            language="ko",
            created_at=now,
            updated_at=now,
            sandbox_of=self._client,
        )
        add(
            Credential,
            id=credential,
            person_id=person,
            state=one.credential.value,
            mission=record.mission,
            proofed_at=now,
            issued_at=now,
            expires_at=now + LIFETIME_SECONDS,
            changed_at=now,
        )
        self._add_passkey(person, credential, passkey, now)
        if one.number is not None:
            self._add_phone(person, one.number, maker, now)
        add(
            SandboxCitizen,
            person_id=person,
            client_id=self._client,
            name=one.name,
            private=maker.record.seal(passkey.pkcs8, row_context("sandbox_citizens", "private", person)),
            webauthn_id=passkey.webauthn_id,
            created_at=now,
            sign_count=0,
            uses_hour=0,
            uses_in_hour=0,
        )

    def _add_passkey(self, person: UUID, credential: UUID, passkey: SoftwarePasskey, now: int) -> None:
        self._transaction.add(
            Passkey,
            id=self._transaction.new_id(),
            webauthn_id=passkey.webauthn_id,
            person_id=person,
            credential_id=credential,
            public_key=passkey.cose_key,
            backup_eligible=False,
            attested=False,
            aaguid=str(UUID(int=0)),
            attestation_format="none",
            transports="internal",
            name="sandbox",
            state="active",
            created_at=now,
            sign_count=0,
            backed_up=False,
            sends_hour=0,
            sends_in_hour=0,
            sends_in_day=0,
        )

    def _add_phone(self, person: UUID, number: str, maker: Maker, now: int) -> None:
        row = maker.new_id()
        self._transaction.add(
            Phone,
            id=row,
            person_id=person,
            number=maker.phone.seal(number.encode(), row_context("phones", "number", row)),
            fingerprint=maker.look_up.of("sandbox phone", number),  # counted with nobody's
            region=region_of(number),
            verified_at=now,
            wrong_tries=0,
            locked_until=0,
            held_until=0,
        )

    def use(self, name: str, opener: Sealer, now: int) -> Used | None:
        """Let the passkey of one answer once more. None for an unknown one, or one used too often this hour."""
        row: Any = self._transaction.one(_USE, client=self._client, who=name, hour=now // 3600)
        if row is None:
            return None
        pkcs8 = opener.open(row.private, row_context("sandbox_citizens", "private", row.person_id))
        handle = self._transaction.one(_HANDLE, person=row.person_id)
        assert handle is not None
        passkey = SoftwarePasskey.load(pkcs8, row.webauthn_id, handle.user_handle)
        return Used(row.person_id, passkey, row.sign_count)


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message as it is stored."""

    id: UUID
    person: UUID
    payload: bytes  # sealed
    at: int


class SandboxMessages:
    """Verbs on messages to test citizens within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def add(self, client_id: str, person: UUID, payload: bytes, seal: Sealer, now: int, shown_at: int) -> None:
        """Queue one."""
        row = self._transaction.new_id()
        self._transaction.add(
            SandboxMessage,
            id=row,
            client_id=client_id,
            person_id=person,
            payload=seal.seal(payload, row_context("sandbox_messages", "payload", row)),
            shown_at=shown_at,
            created_at=now,
        )

    def of_client(self, client_id: str, now: int) -> list[ShownMessage]:
        """Those that are there by now, newest first."""
        rows = self._transaction.all(_MESSAGES, client=client_id, now=now)
        return [ShownMessage(row.id, row.person_id, row.payload, row.shown_at) for row in rows]
