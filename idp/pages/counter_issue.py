"""The end of a case: officer and citizen have both confirmed, and the credential begins. One transaction."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict
from typing import Any
from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.passkey_registration import NewPasskey
from idp.credential.address_link import GOOD_SECONDS
from idp.credential.issue import AlreadyEnrolled, IssuedCredential, Keys, issue_credential
from idp.credential.number_change import may_share
from idp.keys.sealing import row_context
from idp.missions.cases import Outcome
from idp.missions.evidence import Kind
from idp.pages.consent_view import open_record
from idp.pages.counter_acts import (
    confirmed_by,
    end_case,
    evidence_of,
    passport_end,
    place_of_case,
    record_of,
    retire_old,
)
from idp.pages.refusals import PageRefused
from idp.pages.staff_gate import Seat
from idp.people.record import Record
from idp.provider import Provider
from idp.storage import AlreadyTaken, Transaction
from idp.storage.account import Account
from idp.storage.cases import Case, Cases
from idp.storage.citizen_letters import LETTERS
from idp.storage.missions import take_place
from idp.storage.people import EnrolmentRecord, Enrolments, People
from idp.storage.shared_numbers import holders_in_turn
from idp.telephony.numbers import parse_number

BINARY = ("webauthn_id", "public_key")
NOTICES = {Kind.FIRST: "issued", Kind.SECOND: "second_issued", Kind.REPLACE: "replaced"}


def seal_made(wired: Provider, enrolment: EnrolmentRecord, made: NewPasskey, language: str) -> bytes:
    """A passkey that waits for the officer, sealed."""
    values: dict[str, Any] = asdict(made) | {name: _text(getattr(made, name)) for name in BINARY}
    document = json.dumps({"passkey": values, "language": language}).encode()
    return wired.sealers.record.seal(document, row_context("enrolments", "made", enrolment.id))


def _open_made(wired: Provider, enrolment: EnrolmentRecord) -> tuple[NewPasskey, str]:
    assert enrolment.made is not None
    context = row_context("enrolments", "made", enrolment.id)
    document = json.loads(wired.sealers.record.open(enrolment.made, context))
    values = document["passkey"]
    return NewPasskey(**values | {name: urlsafe_b64decode(values[name]) for name in BINARY}), document["language"]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode()


def issue_case(wired: Provider, seat: Seat, case: Case, enrolment: EnrolmentRecord) -> IssuedCredential:
    """Issue what the case was started for. Raises PageRefused when it cannot be, and then nothing has changed."""
    try:
        with wired.database.begin() as step:
            return _issue(wired, step, seat, case, enrolment)
    except (AlreadyEnrolled, AlreadyTaken) as error:
        raise PageRefused("case_taken", 409, "passport or passkey belongs to somebody already") from error
    except NoPlaceLeft as error:
        end_case(wired, case, Outcome.CLOSED, seat.member.id)
        raise PageRefused("case_closed", 409, "mission is closed or its quota is used up") from error


class NoPlaceLeft(Exception):
    """The mission was closed meanwhile, or its quota is used up."""


def _issue(wired: Provider, step: Transaction, seat: Seat, case: Case, enrolment: EnrolmentRecord) -> IssuedCredential:
    now = wired.clock()
    made, language = _open_made(wired, enrolment)
    record, evidence = record_of(wired, case), evidence_of(wired, case)
    assert record is not None
    assert evidence is not None
    assert enrolment.phone is not None
    Cases(step).lock(case.id)
    if not take_place(step, case.mission):
        raise NoPlaceLeft
    if not Enrolments(step).finish(enrolment.id, now):
        raise PageRefused("case_moved", 409, "another confirmation was faster")
    before = Account(step, case.person_id).person() if case.person_id is not None else None
    if case.kind is Kind.REPLACE:
        retire_old(wired, step, case, seat, now)
    number = wired.sealers.phone.open(enrolment.phone, row_context("enrolments", "phone", enrolment.id)).decode()
    holders = holders_in_turn(step, wired.keyed.look_up.of("phone", number))
    if not may_share(len(holders - {case.person_id}), is_holder=case.person_id in holders):
        raise PageRefused("case_number_shared", 409, "number belongs to as many people as may share one")
    if case.kind is Kind.REPLACE and case.person_id is not None:  # they have been told; from here on the new one is
        People(step).forget_phones(case.person_id)
    issued = issue_credential(
        People(step),
        Keys(wired.sealers.record, wired.sealers.phone, wired.keyed.look_up, wired.world.new_id),
        record=record,
        phone=parse_number(number, None, fictional=wired.settings.demo),
        passkey=made,
        user_handle=enrolment.user_handle,
        language=language,
        mission=record.mission,
        now=now,
        holder=case.person_id,
        not_after=passport_end(evidence),
    )
    if enrolment.message_language is not None:
        People(step).reads_messages_in(issued.person, enrolment.message_language)
    if not Cases(step).done(case.id, issued.person, now):
        raise PageRefused("case_moved", 409, "case has moved on")
    _record(step, seat, case, enrolment, made, issued, now)
    Enrolments(step).came_of(enrolment.id, issued.person)  # this phone may add to what its person holds
    _tell(wired, step, case, issued, before, now)
    return issued


def _tell(wired: Provider, step: Transaction, case: Case, issued: IssuedCredential, before: Any, now: int) -> None:
    """On every channel, and by mail at the address that was theirs before: an impostor would have named another."""
    notice = NOTICES[case.kind]
    if case.kind is not Kind.REPLACE:  # each one that was replaced has told of itself, to the numbers of then
        wired.notices.tell(step, issued.person, notice, now)
    old = open_record(wired, before.record, issued.person) if before is not None else None
    if old is not None and old.email and old.email_verified:
        place = place_of_case(step, case, issued.person)
        wired.letters.write_to(step, before, old.email, LETTERS[notice], now, place)
    if not _was_asked(step, issued.person, old, record_of(wired, case), now):
        wired.letters.ask_to_confirm(step, issued.person, now)


def _was_asked(step: Transaction, person: UUID, before: Record | None, record: Record | None, now: int) -> bool:
    """Whether this mailbox still holds a letter of the credential before that can be answered: one is enough."""
    if before is None or record is None or before.email != record.email:
        return False
    step.flush()  # the new credential is the last one
    issued = [row.issued_at for row in Account(step, person).credentials()]
    return len(issued) > 1 and now - issued[-2] < GOOD_SECONDS


def _record(
    step: Transaction,
    seat: Seat,
    case: Case,
    enrolment: EnrolmentRecord,
    made: NewPasskey,
    issued: IssuedCredential,
    now: int,
) -> None:
    """Three acts: the officer's word, the credential, the passkey."""
    confirmed = confirmed_by(seat, case) | {"credential": issued.credential}
    step.record(AuditRow(Event.CASE_CONFIRMED, now, issued.person, detail=confirmed))
    detail = {"credential": issued.credential, "enrolment": enrolment.id}
    step.record(AuditRow(Event.CREDENTIAL_ISSUED, now, issued.person, detail=detail))
    made_with = {
        "passkey": issued.passkey,
        "aaguid": made.aaguid,
        "backup_eligible": made.backup_eligible,
        "attestation": made.attestation_format,
    }
    step.record(AuditRow(Event.PASSKEY_REGISTERED, now, issued.person, detail=made_with))
