"""An enrolled person without the visit to a mission and without the enrolment pages.

The same rows and the same audit as at the end of an enrolment, so that nothing about this person goes round a
check of the sign-in.
"""

from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.passkey_registration import NewPasskey
from idp.credential.issue import Keys, issue_credential
from idp.demo.authenticator import NO_AAGUID
from idp.demo.passkey import Passkey
from idp.people.record import Record
from idp.provider import Provider
from idp.storage.people import People
from idp.telephony.numbers import PhoneNumber


def enrol_at_once(wired: Provider, record: Record, number: PhoneNumber, passkey: Passkey, language: str) -> UUID:
    """Issue the credential in one transaction. Returns the person's internal id. Raises AlreadyEnrolled."""
    now = wired.clock()
    made = new_passkey(passkey)
    keys = Keys(wired.sealers.record, wired.sealers.phone, wired.keyed.look_up, wired.world.new_id)
    with wired.database.begin() as transaction:
        issued = issue_credential(
            People(transaction),
            keys,
            record=record,
            phone=number,
            passkey=made,
            user_handle=passkey.user_handle,
            language=language,
            mission=record.mission,
            now=now,
        )
        transaction.record(
            AuditRow(Event.CREDENTIAL_ISSUED, now, issued.person, detail={"credential": issued.credential})
        )
        made_with = {
            "passkey": issued.passkey,
            "aaguid": made.aaguid,
            "backup_eligible": made.backup_eligible,
            "attestation": made.attestation_format,
        }
        transaction.record(AuditRow(Event.PASSKEY_REGISTERED, now, issued.person, detail=made_with))
    return issued.person


def new_passkey(passkey: Passkey) -> NewPasskey:
    """The passkey as a registration without attestation would have shown it."""
    return NewPasskey(
        webauthn_id=passkey.credential_id,
        public_key=passkey.cose_public_key,
        sign_count=passkey.sign_count,
        aaguid=str(UUID(bytes=NO_AAGUID)),
        attestation_format="none",
        transports="hybrid internal",
        backup_eligible=False,
        backed_up=False,
    )
