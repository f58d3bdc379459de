"""What an enrolment does: finding it, sending its codes, issuing the credential at its end."""

from dataclasses import replace

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.passkey_registration import NewPasskey
from idp.authenticators.phone_code import (
    CodePurpose,
    StoredCode,
    digest_of,
    new_code,
)
from idp.credential.enrolment import EnrolmentStep, Progress, next_enrolment_step
from idp.credential.issue import AlreadyEnrolled, Keys, issue_credential
from idp.credential.number_change import may_share
from idp.delivery.text_messages import CodeMessage
from idp.interaction.second_proof import Way
from idp.keys.sealing import row_context
from idp.missions.cases import Outcome
from idp.pages.browser import browser_digest
from idp.pages.counter_acts import end_case_within
from idp.pages.counter_issue import seal_made
from idp.pages.messages import send_code
from idp.pages.number_code import CHANNELS, NumberCode, look_at, replace_code
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page_language
from idp.pages.sending import LimitMet, count_for_counter, reach_of
from idp.people.record import Record
from idp.provider import Provider
from idp.storage import Transaction
from idp.storage.cases import Cases
from idp.storage.models import Enrolment
from idp.storage.opt_outs import OptOuts
from idp.storage.people import EnrolmentRecord, Enrolments, People
from idp.storage.phone_codes import PhoneCodes
from idp.storage.shared_numbers import holders_in_turn, holders_of
from idp.telephony.channel import Channel
from idp.telephony.languages import LONGEST_TAG, known
from idp.telephony.numbers import PhoneNumber, parse_number

DAY_SECONDS = 86_400


def find_enrolment(wired: Provider) -> EnrolmentRecord:
    """The enrolment that this browser has under way. Raises PageRefused."""
    browser = browser_digest(wired)
    with wired.database.read() as reading:
        found = Enrolments(reading).find(browser, wired.clock()) if browser else None
    if found is None:
        raise unknown_enrolment("no enrolment under way in this browser")
    return found


def find_finished(wired: Provider) -> EnrolmentRecord | None:
    """The one that ended a moment ago at a counter, unless this browser has another one under way."""
    browser = browser_digest(wired)
    if browser is None:
        return None
    with wired.database.read() as reading:
        enrolments, now = Enrolments(reading), wired.clock()
        return None if enrolments.find(browser, now) else enrolments.find_finished(browser, now)


def step_of(enrolment: EnrolmentRecord) -> EnrolmentStep:
    """What it still needs."""
    return next_enrolment_step(
        Progress(
            confirmed=enrolment.confirmed,
            has_phone=enrolment.phone is not None,
            phone_verified=enrolment.phone_verified,
            passkey_made=enrolment.made is not None,
        )
    )


def unknown_enrolment(detail: str) -> PageRefused:
    """Wrong, used, expired, opened elsewhere: one text for all of them."""
    return PageRefused("enrolment_unknown", 400, detail)


def reached(transaction: Transaction, enrolment: EnrolmentRecord, step: str, now: int) -> None:
    """The case at a counter, where there is one, came this far."""
    if enrolment.case_id is not None:
        Cases(transaction).reached(enrolment.case_id, step, now)


def stored_code(wired: Provider, enrolment: EnrolmentRecord) -> StoredCode | None:
    """Its code as it stands, if one was sent."""
    with wired.database.read() as reading:
        return PhoneCodes(reading, Enrolment).find(enrolment.id)


def open_enrolment_record(wired: Provider, enrolment: EnrolmentRecord) -> Record:
    """The record that the person confirms."""
    context = row_context("enrolments", "record", enrolment.id)
    return Record.from_json(wired.sealers.record.open(enrolment.record, context))


def open_number(wired: Provider, enrolment: EnrolmentRecord) -> str:
    """The number, E.164, whose code is awaited or was verified."""
    assert enrolment.phone is not None
    return wired.sealers.phone.open(enrolment.phone, row_context("enrolments", "phone", enrolment.id)).decode()


def number_code(wired: Provider, enrolment: EnrolmentRecord) -> NumberCode | None:
    """How it stands with the code to the number; None before one was sent."""
    e164, region = open_number(wired, enrolment), enrolment.region or ""
    return look_at(wired, Enrolment, enrolment.id, e164, region, wired.clock())


def choose_language(wired: Provider, enrolment: EnrolmentRecord, wish: str | None) -> EnrolmentRecord:
    """The language of messages and calls that goes with the number; one that there is not changes nothing."""
    tag = known(wish) if wish and len(wish) <= LONGEST_TAG else None
    if tag is None or tag == enrolment.message_language:
        return enrolment
    with wired.database.begin() as transaction:
        Enrolments(transaction).reads_messages_in(enrolment.id, tag)
    return replace(enrolment, message_language=tag)


def takes_messages(wired: Provider, number: PhoneNumber, *, wanted_again: bool) -> bool:
    """Whether the number has not answered STOP; a person whom an officer sees may take that back."""
    fingerprint, now = wired.keyed.look_up.of("phone", number.e164), wired.clock()
    with wired.database.read() as reading:
        is_out = OptOuts(reading).is_out(fingerprint)
    if not is_out or not wanted_again:
        return not is_out
    with wired.database.begin() as transaction:
        if OptOuts(transaction).lift_number(fingerprint, now):
            transaction.record(AuditRow(Event.OPTED_IN, now, None))
    return True


def is_full(transaction: Transaction, wired: Provider, enrolment: EnrolmentRecord) -> bool:
    """Whether as many people as may share it have the number: told only to who has typed the code that came to it."""
    holders = holders_of(transaction, wired.keyed.look_up.of("phone", open_number(wired, enrolment)))
    case = Cases(transaction).find(enrolment.case_id) if enrolment.case_id is not None else None
    person = case.person_id if case is not None else None
    return not may_share(len(holders - {person}), is_holder=person in holders)


def too_many(limit: LimitMet) -> str:
    """What the page says when a limit is met: those of an hour end soon."""
    return "code.limit_hour" if limit.met.retry_at % DAY_SECONDS else "code.limit_day"


def send_first(wired: Provider, enrolment: EnrolmentRecord, number: PhoneNumber, way: Way = Way.MESSAGE) -> str | None:
    """The first message or call to a number; a changed number goes on with the sends that are left."""
    now = wired.clock()
    line = reach_of(wired, number.region, now, number.e164)
    if not (line.voice if way is Way.CALL else line.text):
        return "number.unreached"
    if way is Way.CALL and line.call_from > now:
        return "number.asleep"
    stored = stored_code(wired, enrolment)
    if stored is not None:
        if stored.sends_left == 0:
            return "code.no_more_sends"
        try:
            return None if send_again(wired, enrolment, number, stored, way) else "code.wait"
        except LimitMet as limit:
            return too_many(limit)
    code_text = new_code(wired.random_bytes)
    digest = digest_of(code_text, CodePurpose.ENROLMENT, enrolment.id, wired.keyed.phone_code)
    try:
        with wired.database.begin() as transaction:
            reached(transaction, enrolment, "sent", now)
            PhoneCodes(transaction, Enrolment).first(enrolment.id, digest, now, spoken=way is Way.CALL)
            _queue(transaction, wired, enrolment, number, code_text, 1, now, CHANNELS[way])
    except LimitMet as limit:
        return too_many(limit)
    return None


def send_again(
    wired: Provider, enrolment: EnrolmentRecord, number: PhoneNumber, stored: StoredCode, way: Way = Way.MESSAGE
) -> bool:
    """A new code in place of the old one. False when another request was faster. Raises LimitMet."""
    now = wired.clock()
    code_text = new_code(wired.random_bytes)
    digest = digest_of(code_text, CodePurpose.ENROLMENT, enrolment.id, wired.keyed.phone_code)
    with wired.database.begin() as transaction:
        replaced = replace_code(transaction, Enrolment, enrolment.id, stored, digest, way, now)
        if replaced:
            _queue(transaction, wired, enrolment, number, code_text, stored.sends + 1, now, CHANNELS[way])
    return replaced


def _queue(
    transaction: Transaction,
    wired: Provider,
    enrolment: EnrolmentRecord,
    number: PhoneNumber,
    code_text: str,
    sends: int,
    now: int,
    channel: Channel,
) -> None:
    """The number, sealed, and the message to it. Raises LimitMet."""
    count_for_counter(transaction, wired, number.e164, enrolment.id, now)
    sealed = wired.sealers.phone.seal(number.e164.encode(), row_context("enrolments", "phone", enrolment.id))
    Enrolments(transaction).set_phone(enrolment.id, sealed, number.region)
    message = CodeMessage(
        to=number.e164,
        region=number.region,
        language=enrolment.message_language or page_language(),
        code=code_text,
        service="",
        about=enrolment.id,
        channel=channel,
        is_seen=True,
    )
    send_code(
        transaction, wired, message, person=None, client=None, purpose=CodePurpose.ENROLMENT, sends=sends, now=now
    )


def hand_over(wired: Provider, enrolment: EnrolmentRecord, made: NewPasskey, now: int) -> None:
    """At a counter the passkey waits until the officer confirms too. Raises PageRefused when the case has moved on."""
    assert enrolment.case_id is not None
    sealed = seal_made(wired, enrolment, made, page_language())
    with wired.database.begin() as transaction:
        Cases(transaction).lock(enrolment.case_id)
        kept = Enrolments(transaction).made(enrolment.id, sealed)
        if not kept or not Cases(transaction).made(enrolment.case_id, enrolment.id, now):
            raise unknown_enrolment("case has moved on")
        detail = {"case": enrolment.case_id, "enrolment": enrolment.id}
        transaction.record(AuditRow(Event.CASE_MADE, now, detail=detail))


def dispute(transaction: Transaction, enrolment: EnrolmentRecord, now: int) -> None:
    """The record is wrong: the enrolment ends, and with it the case at the counter that it belongs to."""
    if enrolment.case_id is not None:
        Cases(transaction).lock(enrolment.case_id)
    Enrolments(transaction).finish(enrolment.id, now)
    transaction.record(AuditRow(Event.ENROLMENT_DISPUTED, now, detail={"enrolment": enrolment.id}))
    case = Cases(transaction).find(enrolment.case_id) if enrolment.case_id is not None else None
    if case is not None:
        end_case_within(transaction, case, Outcome.DISPUTED, None, now)


def issue(wired: Provider, enrolment: EnrolmentRecord, made: NewPasskey, now: int) -> str:
    """One transaction: the person and everything of theirs, the end of the enrolment, the audit."""
    record_of = open_enrolment_record(wired, enrolment)
    number = parse_number(open_number(wired, enrolment), None, fictional=wired.settings.demo)
    keys = Keys(wired.sealers.record, wired.sealers.phone, wired.keyed.look_up, wired.world.new_id)
    try:
        with wired.database.begin() as transaction:
            if not Enrolments(transaction).finish(enrolment.id, now):
                raise unknown_enrolment("finished by another request")
            people = People(transaction)
            sharing = len(holders_in_turn(transaction, wired.keyed.look_up.of("phone", number.e164)))
            if not may_share(sharing, is_holder=False):  # told only to who has just typed the code that came to it
                raise PageRefused("number_shared", 409, "number belongs to as many people as may share one")
            issued = issue_credential(
                people,
                keys,
                record=record_of,
                phone=number,
                passkey=made,
                user_handle=enrolment.user_handle,
                language=page_language(),
                mission=enrolment.mission,
                now=now,
            )
            Enrolments(transaction).came_of(enrolment.id, issued.person)
            if enrolment.message_language is not None:
                people.reads_messages_in(issued.person, enrolment.message_language)
            detail = {"credential": issued.credential, "enrolment": enrolment.id}
            transaction.record(AuditRow(Event.CREDENTIAL_ISSUED, now, issued.person, detail=detail))
            made_with = {
                "passkey": issued.passkey,
                "aaguid": made.aaguid,
                "backup_eligible": made.backup_eligible,
                "attestation": made.attestation_format,
            }
            if sharing:
                transaction.record(AuditRow(Event.PHONE_SHARED, now, issued.person, detail={"people": sharing + 1}))
            transaction.record(AuditRow(Event.PASSKEY_REGISTERED, now, issued.person, detail=made_with))
            transaction.flush()
            wired.tell(transaction, issued.person, "issued", now)
    except AlreadyEnrolled as error:
        raise PageRefused("already_enrolled", 409, "passport belongs to an enrolled person") from error
    name = record_of.korean if page_language() == "ko" else record_of.latin
    return name.full
