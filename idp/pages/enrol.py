"""Enrolment on the national's own phone: confirm the record, prove the number, make the passkey.

The link's secret stands in the fragment of its address, so it reaches no log; the page posts it once, and the
first browser that does so owns the enrolment (abuse case E-01).
"""

import json
from typing import Any

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.ceremony import CHALLENGE_BYTES, CeremonyRefused
from idp.authenticators.passkey_registration import NewPasskey, creation_options, verify_registration
from idp.authenticators.phone_code import (
    LIFETIME_SECONDS,
    CodePurpose,
    CodeVerdict,
    StoredCode,
    digest_of,
    judge,
    may_resend,
    new_code,
    read_typed,
)
from idp.credential.enrolment import OPEN_SECONDS, EnrolmentStep, Progress, next_enrolment_step
from idp.credential.issue import AlreadyEnrolled, Keys, issue_credential
from idp.delivery.text_messages import CodeMessage
from idp.keys.handles import read_handle
from idp.keys.sealing import row_context
from idp.pages.browser import browser_digest, ensure_browser
from idp.pages.enrol_view import record_rows
from idp.pages.forms import read_form
from idp.pages.home import services
from idp.pages.messages import send_code
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider, say
from idp.people.record import Record
from idp.provider import Provider
from idp.storage import AlreadyTaken, Transaction
from idp.storage.people import EnrolmentRecord, Enrolments, People
from idp.storage.sign_ins import PhoneCodes
from idp.telephony.numbers import NumberRefused, PhoneNumber, countries, country_name, parse_number

pages = Blueprint("enrol", __name__)


@pages.get("/enrol")
def start() -> Response:
    """Where the link leads: the page reads the secret and offers to begin. No write, no secret in the address."""
    return page("enrol/open.html")


@pages.post("/enrol/open")
def open_link() -> Response:
    """The secret: the first browser that presents it owns the enrolment."""
    form = read_form()
    wired = provider()
    secret = read_handle(form.get("secret", "").rsplit("#", 1)[-1].strip())
    browser, now = ensure_browser(wired), wired.clock()
    if secret is None:
        raise _unknown("malformed secret")
    with wired.database.begin() as transaction:
        opened = Enrolments(transaction).open(secret, browser, now, now + OPEN_SECONDS)
        if opened:
            transaction.record(AuditRow(Event.ENROLMENT_OPENED, now, detail={"enrolment": secret.id}))
    if not opened:
        with wired.database.read() as reading:
            if not Enrolments(reading).opened_here(secret, browser):
                raise _unknown("wrong, used, expired or opened elsewhere")
    return _walk_on(wired, _find(wired))


@pages.get("/enrol/now")
def current() -> Response:
    """Where the enrolment stands: what a reload shows."""
    wired = provider()
    return _walk_on(wired, _find(wired))


@pages.post("/enrol/record")
def record() -> Response:
    """The person's word on their record: right, or wrong and everything ends."""
    form = read_form()
    wired = provider()
    enrolment, now = _find(wired), wired.clock()
    wrong = form.get("decision") != "confirm"
    with wired.database.begin() as transaction:
        if wrong:
            Enrolments(transaction).finish(enrolment.id, now)
            transaction.record(AuditRow(Event.ENROLMENT_DISPUTED, now, detail={"enrolment": enrolment.id}))
        else:
            Enrolments(transaction).confirm(enrolment.id, now)
    if wrong:
        raise PageRefused("enrolment_record_wrong", 200, "the person disputes the record")
    return _walk_on(wired, _find(wired))


@pages.post("/enrol/phone")
def phone() -> Response:
    """A number of any country: a code is sent to it."""
    form = read_form()
    wired = provider()
    enrolment = _find(wired)
    if _step(enrolment) is not EnrolmentStep.PHONE:
        return _walk_on(wired, enrolment)
    country, typed = form.get("country", ""), form.get("number", "")
    try:
        number = parse_number(typed, country or None, fictional=wired.settings.demo)
    except NumberRefused as refused:
        return _ask_phone(wired, enrolment, country, typed[:40], f"number.{refused.reason}")
    error = _send_first(wired, enrolment, number)
    if error is not None:
        return _ask_phone(wired, enrolment, country, typed[:40], error)
    return _walk_on(wired, _find(wired))


@pages.post("/enrol/phone/change")
def change_phone() -> Response:
    """Another number, as long as messages are left."""
    read_form()
    wired = provider()
    enrolment = _find(wired)
    if _step(enrolment) is EnrolmentStep.PHONE_CODE:
        with wired.database.begin() as transaction:
            Enrolments(transaction).set_phone(enrolment.id, None, None)
    return _walk_on(wired, _find(wired))


@pages.post("/enrol/code")
def code() -> Response:
    """The code that arrived."""
    form = read_form()
    wired = provider()
    enrolment, now = _find(wired), wired.clock()
    if _step(enrolment) is not EnrolmentStep.PHONE_CODE:
        return _walk_on(wired, enrolment)
    typed = read_typed(form.get("code", ""))
    if typed is None:
        return _ask_code(wired, enrolment, error=CodeVerdict.MALFORMED.value)
    presented = digest_of(typed, CodePurpose.ENROLMENT, enrolment.id, wired.keyed.phone_code)
    with wired.database.begin() as transaction:
        stored = PhoneCodes(transaction).count_try(enrolment.id, CodePurpose.ENROLMENT)
        verdict = judge(stored, presented, now) if stored else CodeVerdict.USED_UP
        if verdict is CodeVerdict.RIGHT:
            PhoneCodes(transaction).right(enrolment.id, now)
            Enrolments(transaction).phone_verified(enrolment.id, now)
            detail: dict[str, Any] = {"enrolment": enrolment.id, "region": enrolment.region}
            transaction.record(AuditRow(Event.ENROLMENT_PHONE_VERIFIED, now, detail=detail))
        else:
            detail = {"sign_in": enrolment.id, "why": verdict.value, "attempts": stored.attempts if stored else None}
            transaction.record(AuditRow(Event.CODE_REFUSED, now, detail=detail))
    if verdict is not CodeVerdict.RIGHT:
        return _ask_code(wired, enrolment, error=verdict.value)
    return _walk_on(wired, _find(wired))


@pages.post("/enrol/code/resend")
def resend() -> Response:
    """Another message to the same number."""
    read_form()
    wired = provider()
    enrolment, now = _find(wired), wired.clock()
    if _step(enrolment) is not EnrolmentStep.PHONE_CODE:
        return _walk_on(wired, enrolment)
    stored = _stored_code(wired, enrolment)
    if stored is None or stored.sends_left == 0:
        return _ask_code(wired, enrolment, notice="code.no_more_sends")
    if not may_resend(stored, now):
        return _ask_code(wired, enrolment, notice="code.wait")
    number = parse_number(_open_number(wired, enrolment), None, fictional=wired.settings.demo)
    sent = _send_again(wired, enrolment, number, stored)
    return _ask_code(wired, enrolment, notice="code.sent_again" if sent else "code.wait")


@pages.post("/enrol/passkey")
def passkey() -> Response:
    """The passkey that the person's device made: with it the credential is issued."""
    form = read_form()
    wired = provider()
    enrolment, now = _find(wired), wired.clock()
    if _step(enrolment) is not EnrolmentStep.PASSKEY:
        return _walk_on(wired, enrolment)
    if enrolment.challenge is None:
        return _ask_passkey(wired, enrolment)
    if not form.get("credential"):
        return _ask_passkey(wired, enrolment, notice="notice.passkey_cancelled")
    with wired.database.begin() as transaction:
        taken = Enrolments(transaction).take_challenge(enrolment.id, enrolment.challenge)
    if not taken:
        return _ask_passkey(wired, enrolment, notice="notice.passkey_not_created")
    try:
        made = verify_registration(
            form.get("credential", ""),
            challenge=enrolment.challenge,
            rp_id=wired.settings.rp_id,
            origin=wired.issuer,
        )
        name = _issue(wired, enrolment, made, now)
    except (CeremonyRefused, AlreadyTaken):
        return _ask_passkey(wired, enrolment, notice="notice.passkey_not_created")
    return page("enrol/done.html", name=name, services=services())


def _issue(wired: Provider, enrolment: EnrolmentRecord, made: NewPasskey, now: int) -> str:
    """One transaction: the person and everything of theirs, the end of the enrolment, the audit."""
    record_of = _open_record(wired, enrolment)
    number = parse_number(_open_number(wired, enrolment), None, fictional=wired.settings.demo)
    keys = Keys(wired.sealers.record, wired.sealers.phone, wired.keyed.look_up, wired.world.new_id)
    try:
        with wired.database.begin() as transaction:
            if not Enrolments(transaction).finish(enrolment.id, now):
                raise _unknown("finished by another request")
            issued = issue_credential(
                People(transaction),
                keys,
                record=record_of,
                phone=number,
                passkey=made,
                user_handle=enrolment.user_handle,
                language=page_language(),
                mission=enrolment.mission,
                now=now,
            )
            detail = {"credential": issued.credential, "enrolment": enrolment.id}
            transaction.record(AuditRow(Event.CREDENTIAL_ISSUED, now, issued.person, detail=detail))
            made_with = {
                "passkey": issued.passkey,
                "aaguid": made.aaguid,
                "backup_eligible": made.backup_eligible,
                "attestation": made.attestation_format,
            }
            transaction.record(AuditRow(Event.PASSKEY_REGISTERED, now, issued.person, detail=made_with))
    except AlreadyEnrolled as error:
        raise PageRefused("already_enrolled", 409, "passport belongs to an enrolled person") from error
    name = record_of.korean if page_language() == "ko" else record_of.latin
    return name.full


def _find(wired: Provider) -> EnrolmentRecord:
    browser = browser_digest(wired)
    with wired.database.read() as reading:
        found = Enrolments(reading).find(browser, wired.clock()) if browser else None
    if found is None:
        raise _unknown("no enrolment under way in this browser")
    return found


def _step(enrolment: EnrolmentRecord) -> EnrolmentStep:
    return next_enrolment_step(
        Progress(
            confirmed=enrolment.confirmed,
            has_phone=enrolment.phone is not None,
            phone_verified=enrolment.phone_verified,
        )
    )


def _walk_on(wired: Provider, enrolment: EnrolmentRecord) -> Response:
    """The page of what comes next."""
    step = _step(enrolment)
    if step is EnrolmentStep.RECORD:
        rows = record_rows(_open_record(wired, enrolment), page_language())
        return page("enrol/record.html", here="/enrol/now", record=rows)
    if step is EnrolmentStep.PHONE:
        return _ask_phone(wired, enrolment)
    if step is EnrolmentStep.PHONE_CODE:
        return _ask_code(wired, enrolment)
    return _ask_passkey(wired, enrolment)


def _ask_phone(
    wired: Provider, enrolment: EnrolmentRecord, country: str = "", number: str = "", error: str | None = None
) -> Response:
    residence = _open_record(wired, enrolment).residence
    listed = [{"region": one.region, "name": one.name, "code": one.dialling_code} for one in countries(page_language())]
    chosen = country or residence
    return page("enrol/phone.html", here="/enrol/now", countries=listed, chosen=chosen, number=number, error=error)


def _ask_code(
    wired: Provider, enrolment: EnrolmentRecord, *, error: str | None = None, notice: str | None = None
) -> Response:
    stored = _stored_code(wired, enrolment)
    if stored is None:
        return _ask_phone(wired, enrolment)
    return page(
        "enrol/phone_code.html",
        here="/enrol/now",
        country=country_name(enrolment.region or "", page_language()),
        last_digits=_open_number(wired, enrolment)[-2:],
        error=error or ("code.used_up" if stored.tries_left == 0 else None),
        notice=notice,
        tries_left=stored.tries_left,
        wait_seconds=stored.wait(wired.clock()),
        sends_left=stored.sends_left,
        minutes=LIFETIME_SECONDS // 60,
    )


def _ask_passkey(wired: Provider, enrolment: EnrolmentRecord, notice: str | None = None) -> Response:
    challenge = wired.random_bytes(CHALLENGE_BYTES)
    with wired.database.begin() as transaction:
        Enrolments(transaction).set_challenge(enrolment.id, challenge)
    record_of = _open_record(wired, enrolment)
    name = record_of.korean if page_language() == "ko" else record_of.latin
    options = creation_options(
        challenge,
        rp_id=wired.settings.rp_id,
        rp_name=say("site.name"),
        user_handle=enrolment.user_handle,
        display_name=name.full,
    )
    return page("enrol/passkey.html", here="/enrol/now", options=json.dumps(options), notice=notice)


def _send_first(wired: Provider, enrolment: EnrolmentRecord, number: PhoneNumber) -> str | None:
    """The first message to a number; a changed number goes on with the sends that are left."""
    stored = _stored_code(wired, enrolment)
    if stored is not None:
        if stored.sends_left == 0:
            return "code.no_more_sends"
        return None if _send_again(wired, enrolment, number, stored) else "code.wait"
    now = wired.clock()
    code_text = new_code(wired.random_bytes)
    digest = digest_of(code_text, CodePurpose.ENROLMENT, enrolment.id, wired.keyed.phone_code)
    with wired.database.begin() as transaction:
        PhoneCodes(transaction).add(enrolment.id, CodePurpose.ENROLMENT, digest, now, now + LIFETIME_SECONDS)
        _queue(transaction, wired, enrolment, number, code_text, 1, now)
    return None


def _send_again(wired: Provider, enrolment: EnrolmentRecord, number: PhoneNumber, stored: StoredCode) -> bool:
    now = wired.clock()
    code_text = new_code(wired.random_bytes)
    digest = digest_of(code_text, CodePurpose.ENROLMENT, enrolment.id, wired.keyed.phone_code)
    with wired.database.begin() as transaction:
        replaced = PhoneCodes(transaction).replace(
            enrolment.id, before=stored.sends, digest=digest, now=now, expires_at=now + LIFETIME_SECONDS
        )
        if replaced:
            _queue(transaction, wired, enrolment, number, code_text, stored.sends + 1, now)
    return replaced


def _queue(
    transaction: Transaction,
    wired: Provider,
    enrolment: EnrolmentRecord,
    number: PhoneNumber,
    code_text: str,
    sends: int,
    now: int,
) -> None:
    """The number, sealed, and the message to it."""
    sealed = wired.sealers.phone.seal(number.e164.encode(), row_context("enrolments", "phone", enrolment.id))
    Enrolments(transaction).set_phone(enrolment.id, sealed, number.region)
    message = CodeMessage(
        to=number.e164,
        region=number.region,
        language=page_language(),
        code=code_text,
        service="",
        host=wired.settings.rp_id,
    )
    send_code(
        transaction, wired, message, person=None, client=None, purpose=CodePurpose.ENROLMENT, sends=sends, now=now
    )


def _stored_code(wired: Provider, enrolment: EnrolmentRecord) -> StoredCode | None:
    with wired.database.read() as reading:
        return PhoneCodes(reading).find(enrolment.id)


def _open_record(wired: Provider, enrolment: EnrolmentRecord) -> Record:
    context = row_context("enrolments", "record", enrolment.id)
    return Record.from_json(wired.sealers.record.open(enrolment.record, context))


def _open_number(wired: Provider, enrolment: EnrolmentRecord) -> str:
    assert enrolment.phone is not None
    return wired.sealers.phone.open(enrolment.phone, row_context("enrolments", "phone", enrolment.id)).decode()


def _unknown(detail: str) -> PageRefused:
    """Wrong, used, expired, opened elsewhere: one text for all of them."""
    return PageRefused("enrolment_unknown", 400, detail)
