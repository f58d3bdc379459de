"""Persons and what is bound to them: written when a credential is issued, changed by operators."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update

from idp.authenticators.passkey_registration import NewPasskey
from idp.credential.states import State
from idp.keys.handles import Presented
from idp.people.status import PersonStatus
from idp.storage.database import Transaction
from idp.storage.models import Credential, Enrolment, Passkey, Person, Phone

_FIND = select(Person.id, Person.status, Person.record, Person.language, Person.user_handle).where(
    Person.id == bindparam("row")
)
_BY_IDENTIFIER = select(Person.id).where(Person.identifier == bindparam("value"))
_FORGET_PHONES = delete(Phone).where(Phone.person_id == bindparam("person"))
_BY_CONNECTING = select(Person.id).where(Person.connecting == bindparam("value"))
_SET_STATUS = (
    update(Person)
    .where(Person.id == bindparam("row"), Person.status == bindparam("before"))
    .values(status=bindparam("after"), updated_at=bindparam("now"))
)
_RENEW = (
    update(Person)
    .where(Person.id == bindparam("row"), Person.status == PersonStatus.ACTIVE.value)
    .values(
        record=bindparam("sealed"),
        identifier=bindparam("passport"),
        connecting=bindparam("linked"),
        updated_at=bindparam("now"),
    )
)
_CREDENTIALS = (
    select(Credential.id, Credential.state, Credential.mission, Credential.issued_at, Credential.expires_at)
    .where(Credential.person_id == bindparam("person"))
    .order_by(Credential.issued_at)
    .limit(50)
)
_MOVE_CREDENTIAL = (
    update(Credential)
    .where(Credential.id == bindparam("row"), Credential.state == bindparam("before"))
    .values(state=bindparam("after"), changed_at=bindparam("now"))
)
_ENROLMENT = select(
    Enrolment.id,
    Enrolment.record,
    Enrolment.mission,
    Enrolment.browser,
    Enrolment.confirmed_at,
    Enrolment.phone,
    Enrolment.region,
    Enrolment.phone_verified_at,
    Enrolment.challenge,
    Enrolment.user_handle,
    Enrolment.case_id,
    Enrolment.made,
    Enrolment.opened_at,
    Enrolment.expires_at,
    Enrolment.finished_at,
    Enrolment.message_language,
)
_BY_KEY = _ENROLMENT.where(Enrolment.id == bindparam("row"))
_FINISHED_HERE = (
    _ENROLMENT.where(
        Enrolment.browser == bindparam("browser"),
        Enrolment.finished_at.is_not(None),
        Enrolment.made.is_not(None),
        Enrolment.expires_at > bindparam("now"),
    )
    .order_by(Enrolment.opened_at.desc())
    .limit(1)
)
_FIND_ENROLMENT = (
    _ENROLMENT.where(
        Enrolment.browser == bindparam("browser"),
        Enrolment.finished_at.is_(None),
        Enrolment.expires_at > bindparam("now"),
    )
    .order_by(Enrolment.opened_at.desc())
    .limit(1)
)
# The first device that opens the link takes it; every other one finds nothing.
_OPEN = (
    update(Enrolment)
    .where(
        Enrolment.id == bindparam("row"),
        Enrolment.digest == bindparam("secret"),
        Enrolment.opened_at.is_(None),
        Enrolment.expires_at > bindparam("now"),
    )
    .values(browser=bindparam("device"), opened_at=bindparam("now"), expires_at=bindparam("until"))
)
_WAITS = select(Enrolment.id).where(
    Enrolment.id == bindparam("row"),
    Enrolment.digest == bindparam("secret"),
    Enrolment.opened_at.is_(None),
    Enrolment.expires_at > bindparam("now"),
)
_OPENED_HERE = select(Enrolment.id).where(
    Enrolment.id == bindparam("row"),
    Enrolment.digest == bindparam("secret"),
    Enrolment.browser == bindparam("device"),
    Enrolment.finished_at.is_(None),
)
_OPEN_ENROLMENT = update(Enrolment).where(Enrolment.id == bindparam("row"), Enrolment.finished_at.is_(None))
_CONFIRM = _OPEN_ENROLMENT.values(confirmed_at=bindparam("now"))
_READS = _OPEN_ENROLMENT.values(message_language=bindparam("tag"))
_SPEAKS = update(Person).where(Person.id == bindparam("row")).values(message_language=bindparam("tag"))
_SET_PHONE = _OPEN_ENROLMENT.values(phone=bindparam("sealed"), region=bindparam("area"), phone_verified_at=None)
_PHONE_VERIFIED = _OPEN_ENROLMENT.values(phone_verified_at=bindparam("now"))
_SET_CHALLENGE = _OPEN_ENROLMENT.values(challenge=bindparam("fresh"))
_TAKE_CHALLENGE = _OPEN_ENROLMENT.where(Enrolment.challenge == bindparam("asked")).values(challenge=None)
_MADE = _OPEN_ENROLMENT.where(Enrolment.made.is_(None)).values(made=bindparam("sealed"))
_FINISH = _OPEN_ENROLMENT.values(finished_at=bindparam("now"))
_CAME_OF = update(Enrolment).where(Enrolment.id == bindparam("row")).values(person_id=bindparam("person"))
# For half an hour the browser that enrolled somebody may add to what they hold, without another message.
_JUST_FINISHED = (
    select(Enrolment.person_id)
    .where(
        Enrolment.browser == bindparam("browser"),
        Enrolment.person_id.is_not(None),
        Enrolment.finished_at > bindparam("since"),
    )
    .order_by(Enrolment.finished_at.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentRecord:
    """An enrolment that this browser opened and has not finished."""

    id: UUID
    record: bytes  # sealed
    mission: str
    confirmed: bool
    phone: bytes | None  # sealed
    region: str | None
    phone_verified: bool
    challenge: bytes | None
    user_handle: bytes
    case_id: UUID | None  # the case at a counter that it belongs to
    made: bytes | None  # sealed: the passkey, while the officer has not confirmed
    opened: bool
    finished: bool
    message_language: str | None


class People:
    """Verbs on persons and credentials within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def find(self, person: UUID) -> Any | None:
        """A person's row: id, status, sealed record, language, user handle."""
        return self._transaction.one(_FIND, row=person)

    def with_identifier(self, identifier: bytes) -> UUID | None:
        """The person whose passport number has this fingerprint."""
        row = self._transaction.one(_BY_IDENTIFIER, value=identifier)
        return row.id if row else None

    def add(
        self,
        person: UUID,
        *,
        user_handle: bytes,
        record: bytes,
        identifier: bytes | None,
        connecting: bytes | None,
        language: str,
        now: int,
    ) -> None:
        """Queue a new, active person. A known identifier violates its unique index at the flush."""
        self._transaction.add(
            Person,
            id=person,
            status=PersonStatus.ACTIVE.value,
            user_handle=user_handle,
            record=record,
            identifier=identifier,
            connecting=connecting,
            language=language,
            created_at=now,
            updated_at=now,
        )
        self._transaction.flush()  # the rows that follow refer to this one

    def with_connecting(self, connecting: bytes) -> UUID | None:
        """The person whose connecting information has this fingerprint."""
        row = self._transaction.one(_BY_CONNECTING, value=connecting)
        return row.id if row else None

    def reads_messages_in(self, person: UUID, language: str) -> None:
        """The language of codes that the person chose at their enrolment."""
        self._transaction.run(_SPEAKS, row=person, tag=language)

    def renew(
        self, person: UUID, *, record: bytes, identifier: bytes | None, connecting: bytes | None, now: int
    ) -> bool:
        """Replace the record and the passport of an active person; another person's passport violates its index."""
        values = {"sealed": record, "passport": identifier, "linked": connecting}
        return self._transaction.run(_RENEW, row=person, now=now, **values) == 1

    def add_phone(self, row: UUID, person: UUID, *, sealed: bytes, fingerprint: bytes, region: str, now: int) -> None:
        """Queue a verified phone."""
        self._transaction.add(
            Phone,
            id=row,
            person_id=person,
            number=sealed,
            fingerprint=fingerprint,
            region=region,
            verified_at=now,
            wrong_tries=0,
            locked_until=0,
            held_until=0,
        )

    def forget_phones(self, person: UUID) -> None:
        """Numbers that another one takes the place of: nobody writes to them any more, and they belong to nobody."""
        self._transaction.run(_FORGET_PHONES, person=person)

    def add_credential(self, row: UUID, person: UUID, *, mission: str, now: int, expires_at: int) -> None:
        """Queue an active credential."""
        self._transaction.add(
            Credential,
            id=row,
            person_id=person,
            state=State.ACTIVE.value,
            mission=mission,
            proofed_at=now,
            issued_at=now,
            expires_at=expires_at,
            changed_at=now,
        )
        self._transaction.flush()

    def add_passkey(self, row: UUID, person: UUID, credential: UUID, new: NewPasskey, *, name: str, now: int) -> None:
        """Queue a passkey of a credential. A known WebAuthn id violates its unique index at the flush."""
        self._transaction.add(
            Passkey,
            id=row,
            webauthn_id=new.webauthn_id,
            person_id=person,
            credential_id=credential,
            public_key=new.public_key,
            sign_count=new.sign_count,
            backup_eligible=new.backup_eligible,
            backed_up=new.backed_up,
            attested=new.attested,
            aaguid=new.aaguid,
            attestation_format=new.attestation_format,
            transports=new.transports,
            name=name,
            state="active",
            created_at=now,
            sends_hour=0,
            sends_in_hour=0,
            sends_in_day=0,
        )

    def set_status(self, person: UUID, before: PersonStatus, after: PersonStatus, now: int) -> bool:
        """Change a person's status; every route to a token sees it at its next request."""
        return self._transaction.run(_SET_STATUS, row=person, before=before.value, after=after.value, now=now) == 1

    def credentials(self, person: UUID) -> list[Any]:
        """A person's credentials, oldest first."""
        return self._transaction.all(_CREDENTIALS, person=person)

    def move_credential(self, row: UUID, before: State, after: State, now: int) -> bool:
        """Carry out a move that credential.states allows. False when the state was another."""
        return self._transaction.run(_MOVE_CREDENTIAL, row=row, before=before.value, after=after.value, now=now) == 1


class Enrolments:
    """Verbs on enrolments within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def add(
        self,
        secret: Presented,
        *,
        record: bytes,
        mission: str,
        user_handle: bytes,
        now: int,
        expires_at: int,
        case: UUID | None = None,
    ) -> None:
        """Queue an enrolment whose link holds `secret`; one of a counter belongs to its case."""
        self._transaction.add(
            Enrolment,
            id=secret.id,
            digest=secret.digest,
            record=record,
            mission=mission,
            user_handle=user_handle,
            case_id=case,
            created_at=now,
            expires_at=expires_at,
        )

    def waits(self, secret: Presented, now: int) -> bool:
        """Whether the link is there to be taken. Only a look: `open` decides who gets it."""
        return self._transaction.one(_WAITS, row=secret.id, secret=secret.digest, now=now) is not None

    def open(self, secret: Presented, browser: bytes, now: int, until: int) -> bool:
        """Take the link for this browser: of many devices the first one gets True."""
        return (
            self._transaction.run(_OPEN, row=secret.id, secret=secret.digest, device=browser, now=now, until=until) == 1
        )

    def opened_here(self, secret: Presented, browser: bytes) -> bool:
        """Whether this very browser opened it before: a reload goes on."""
        return self._transaction.one(_OPENED_HERE, row=secret.id, secret=secret.digest, device=browser) is not None

    def find(self, browser: bytes, now: int) -> EnrolmentRecord | None:
        """The enrolment that this browser has under way."""
        row = self._transaction.one(_FIND_ENROLMENT, browser=browser, now=now)
        return _enrolment(row) if row else None

    def find_finished(self, browser: bytes, now: int) -> EnrolmentRecord | None:
        """The one that this browser finished a moment ago at a counter: what a reload shows."""
        row = self._transaction.one(_FINISHED_HERE, browser=browser, now=now)
        return _enrolment(row) if row else None

    def of_case(self, row: UUID) -> EnrolmentRecord | None:
        """The enrolment with this key, for the counter that began it."""
        found = self._transaction.one(_BY_KEY, row=row)
        return _enrolment(found) if found else None

    def made(self, row: UUID, sealed: bytes) -> bool:
        """Keep the passkey until the officer confirms too. False when one is kept already."""
        return self._transaction.run(_MADE, row=row, sealed=sealed) == 1

    def confirm(self, row: UUID, now: int) -> None:
        """The person said that the record is right."""
        self._transaction.run(_CONFIRM, row=row, now=now)

    def set_phone(self, row: UUID, sealed: bytes | None, region: str | None) -> None:
        """Note the number whose code is awaited; None forgets it."""
        self._transaction.run(_SET_PHONE, row=row, sealed=sealed, area=region)

    def reads_messages_in(self, row: UUID, language: str) -> None:
        """The language of messages that was chosen with the number."""
        self._transaction.run(_READS, row=row, tag=language)

    def phone_verified(self, row: UUID, now: int) -> None:
        """The code was right."""
        self._transaction.run(_PHONE_VERIFIED, row=row, now=now)

    def set_challenge(self, row: UUID, challenge: bytes) -> None:
        """The challenge of the registration ceremony that the page shows now."""
        self._transaction.run(_SET_CHALLENGE, row=row, fresh=challenge)

    def take_challenge(self, row: UUID, challenge: bytes) -> bool:
        """Spend the challenge, whatever the ceremony then proves (abuse case W-01)."""
        return self._transaction.run(_TAKE_CHALLENGE, row=row, asked=challenge) == 1

    def finish(self, row: UUID, now: int) -> bool:
        """Take the enrolment's one end. False when somebody was faster."""
        return self._transaction.run(_FINISH, row=row, now=now) == 1

    def came_of(self, row: UUID, person: UUID) -> None:
        """Note whom the enrolment made."""
        self._transaction.run(_CAME_OF, row=row, person=person)

    def just_finished(self, browser: bytes, since: int) -> UUID | None:
        """Who was enrolled in this browser after `since`."""
        row = self._transaction.one(_JUST_FINISHED, browser=browser, since=since)
        return row.person_id if row else None


def _enrolment(row: Any) -> EnrolmentRecord:
    return EnrolmentRecord(
        id=row.id,
        record=row.record,
        mission=row.mission,
        confirmed=row.confirmed_at is not None,
        phone=row.phone,
        region=row.region,
        phone_verified=row.phone_verified_at is not None,
        challenge=row.challenge,
        user_handle=row.user_handle,
        case_id=row.case_id,
        made=row.made,
        opened=row.opened_at is not None,
        finished=row.finished_at is not None,
        message_language=row.message_language,
    )
