"""An enrolled person without the visit to a mission and without the enrolment pages: one transaction.

What is written is what a finished enrolment writes, so that nothing about this person goes round a check of the
sign-in.
"""

from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.credential.states import State
from idp.demo.authenticator import NO_AAGUID
from idp.demo.passkey import Passkey
from idp.keys.sealing import row_context
from idp.people.record import Record
from idp.people.status import PersonStatus
from idp.provider import Provider
from idp.storage import Transaction, models
from idp.telephony.numbers import PhoneNumber

CREDENTIAL_SECONDS = 5 * 365 * 86_400


def enrol_at_once(wired: Provider, record: Record, number: PhoneNumber, passkey: Passkey, language: str) -> UUID:
    """Write person, credential, passkey and phone. Returns the person's internal id."""
    now = wired.clock()
    with wired.database.begin() as transaction:
        person = _add_person(transaction, wired, record, passkey.user_handle, language, now)
        credential = _add_credential(transaction, person, record, now)
        _add_passkey(transaction, person, credential, passkey, now)
        _add_phone(transaction, wired, person, number, now)
    return person


def _add_person(
    transaction: Transaction, wired: Provider, record: Record, user_handle: bytes, language: str, now: int
) -> UUID:
    person = transaction.new_id()
    transaction.add(
        models.Person,
        id=person,
        status=PersonStatus.ACTIVE.value,
        user_handle=user_handle,
        record=wired.sealers.record.seal(record.to_json(), row_context("persons", "record", person)),
        identifier=wired.keyed.look_up.of("passport", record.passport) if record.passport else None,
        language=language,
        created_at=now,
        updated_at=now,
    )
    return person


def _add_credential(transaction: Transaction, person: UUID, record: Record, now: int) -> UUID:
    credential = transaction.new_id()
    transaction.add(
        models.Credential,
        id=credential,
        person_id=person,
        state=State.ACTIVE.value,
        mission=record.mission,
        proofed_at=now,
        issued_at=now,
        expires_at=now + CREDENTIAL_SECONDS,
        changed_at=now,
    )
    transaction.record(AuditRow(Event.CREDENTIAL_ISSUED, now, person, None, {"credential": credential}))
    return credential


def _add_passkey(transaction: Transaction, person: UUID, credential: UUID, passkey: Passkey, now: int) -> None:
    row, aaguid = transaction.new_id(), str(UUID(bytes=NO_AAGUID))
    transaction.add(
        models.Passkey,
        id=row,
        webauthn_id=passkey.credential_id,
        person_id=person,
        credential_id=credential,
        public_key=passkey.cose_public_key,
        sign_count=passkey.sign_count,
        backup_eligible=False,
        backed_up=False,
        attested=False,
        aaguid=aaguid,
        attestation_format="none",
        transports="hybrid internal",
        name="",
        state="active",
        created_at=now,
        last_used_at=None,
    )
    detail = {"passkey": row, "aaguid": aaguid, "backup_eligible": False, "attestation": "none"}
    transaction.record(AuditRow(Event.PASSKEY_REGISTERED, now, person, None, detail))


def _add_phone(transaction: Transaction, wired: Provider, person: UUID, number: PhoneNumber, now: int) -> None:
    row = transaction.new_id()
    transaction.add(
        models.Phone,
        id=row,
        person_id=person,
        number=wired.sealers.phone.seal(number.e164.encode(), row_context("phones", "number", row)),
        fingerprint=wired.keyed.look_up.of("phone", number.e164),
        region=number.region,
        verified_at=now,
    )
