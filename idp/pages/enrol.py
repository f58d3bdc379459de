"""Enrolment on the national's own phone: confirm the record, prove the number, make the passkey.

The link's secret stands in the fragment of its address, so it reaches no log; the page posts it once, and the
first browser that does so owns the enrolment (abuse case E-01).
"""

from typing import Any

from flask import Blueprint, Response, jsonify

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.ceremony import CeremonyRefused
from idp.authenticators.passkey_registration import verify_registration
from idp.authenticators.phone_code import (
    CodePurpose,
    CodeVerdict,
    digest_of,
    judge,
    read_typed,
)
from idp.credential.enrolment import OPEN_SECONDS, EnrolmentStep
from idp.interaction.second_proof import Way
from idp.keys.handles import Presented, read_handle
from idp.pages.browser import ensure_browser
from idp.pages.enrol_acts import (
    choose_language,
    dispute,
    find_enrolment,
    find_finished,
    hand_over,
    is_full,
    issue,
    number_code,
    open_number,
    reached,
    send_again,
    send_first,
    step_of,
    takes_messages,
    too_many,
    unknown_enrolment,
)
from idp.pages.enrol_pages import ask_code, ask_passkey, ask_phone, ended, enrolled, walk_on
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider
from idp.pages.sending import LimitMet
from idp.pages.switched import refuse_what_is_off
from idp.provider import Provider
from idp.staff.switches import Feature
from idp.storage import AlreadyTaken
from idp.storage.models import Enrolment
from idp.storage.outbox import Fate
from idp.storage.people import Enrolments
from idp.storage.phone_codes import PhoneCodes
from idp.telephony.numbers import NumberRefused, parse_number

pages = Blueprint("enrol", __name__)


@pages.get("/enrol")
def start() -> Response:
    """Where the link leads: the page reads the secret and offers to begin. No write, no secret in the address."""
    return page("enrol/open.html")


@pages.post("/enrol/open")
def open_link() -> Response:
    """The secret: the first browser that presents it owns the enrolment."""
    form = read_form()
    refuse_what_is_off(Feature.ENROLMENT)
    wired = provider()
    secret = read_handle(form.get("secret", "").rsplit("#", 1)[-1].strip())
    browser, now = ensure_browser(wired), wired.clock()
    if secret is None:
        raise unknown_enrolment("malformed secret")
    with wired.database.read() as reading:
        waits = Enrolments(reading).waits(secret, now)  # whoever guesses causes no write (design law 1)
    if not (waits and _take_link(wired, secret, browser, now)):
        with wired.database.read() as reading:
            if not Enrolments(reading).opened_here(secret, browser):
                raise unknown_enrolment("wrong, used, expired or opened elsewhere")
    return walk_on(wired, find_enrolment(wired))


def _take_link(wired: Provider, secret: Presented, browser: bytes, now: int) -> bool:
    with wired.database.begin() as transaction:
        opened = Enrolments(transaction).open(secret, browser, now, now + OPEN_SECONDS)
        if opened:
            transaction.record(AuditRow(Event.ENROLMENT_OPENED, now, detail={"enrolment": secret.id}))
    return opened


@pages.get("/enrol/now")
def current() -> Response:
    """Where the enrolment stands: what a reload shows."""
    wired = provider()
    finished = find_finished(wired)
    if finished is not None:
        return ended(wired, finished)
    return walk_on(wired, find_enrolment(wired))


@pages.get("/enrol/status")
def status() -> Response:
    """What the page that waits for the officer asks for while it is open."""
    wired = provider()
    finished = find_finished(wired)
    return jsonify(mark="ended" if finished is not None else step_of(find_enrolment(wired)).value)


@pages.post("/enrol/record")
def record() -> Response:
    """The person's word on their record: right, or wrong and everything ends."""
    form = read_form()
    wired = provider()
    enrolment, now = find_enrolment(wired), wired.clock()
    wrong = form.get("decision") != "confirm"
    with wired.database.begin() as transaction:
        if wrong:
            dispute(transaction, enrolment, now)
        else:
            reached(transaction, enrolment, "confirmed", now)
            Enrolments(transaction).confirm(enrolment.id, now)
            if not enrolment.confirmed:
                transaction.record(AuditRow(Event.ENROLMENT_AGREED, now, detail={"enrolment": enrolment.id}))
    if wrong:
        raise PageRefused("enrolment_record_wrong", 200, "the person disputes the record")
    return walk_on(wired, find_enrolment(wired))


@pages.post("/enrol/phone")
def phone() -> Response:
    """A number of any country: a code is sent to it."""
    form = read_form()
    wired = provider()
    enrolment = find_enrolment(wired)
    if step_of(enrolment) is not EnrolmentStep.PHONE:
        return walk_on(wired, enrolment)
    enrolment = choose_language(wired, enrolment, form.get("language"))
    country, typed = form.get("country", ""), form.get("number", "")
    way = Way.CALL if form.get("way") == Way.CALL.value else Way.MESSAGE

    def again(error: str) -> Response:
        return ask_phone(wired, enrolment, country, typed[:40], error)

    try:
        number = parse_number(typed, country or None, fictional=wired.settings.demo)
    except NumberRefused as refused:
        return again(f"number.{refused.reason}")
    if not takes_messages(wired, number, wanted_again=form.get("again") == "yes"):
        return again("number.opted_out")
    error = send_first(wired, enrolment, number, way)
    return again(error) if error is not None else walk_on(wired, find_enrolment(wired))


@pages.post("/enrol/phone/change")
def change_phone() -> Response:
    """Another number, as long as messages are left."""
    read_form()
    wired = provider()
    enrolment = find_enrolment(wired)
    if step_of(enrolment) is EnrolmentStep.PHONE_CODE:
        with wired.database.begin() as transaction:
            Enrolments(transaction).set_phone(enrolment.id, None, None)
    return walk_on(wired, find_enrolment(wired))


@pages.post("/enrol/code")
def code() -> Response:
    """The code that arrived."""
    form = read_form()
    wired = provider()
    enrolment, now = find_enrolment(wired), wired.clock()
    if step_of(enrolment) is not EnrolmentStep.PHONE_CODE:
        return walk_on(wired, enrolment)
    typed = read_typed(form.get("code", ""))
    if typed is None:
        return ask_code(wired, enrolment, error=CodeVerdict.MALFORMED.value)
    presented = digest_of(typed, CodePurpose.ENROLMENT, enrolment.id, wired.keyed.phone_code)
    shared_too_often = False
    with wired.database.begin() as transaction:
        stored = PhoneCodes(transaction, Enrolment).count_try(enrolment.id)
        verdict = judge(stored, presented, now) if stored else CodeVerdict.USED_UP
        if verdict is CodeVerdict.RIGHT and is_full(transaction, wired, enrolment):
            Enrolments(transaction).set_phone(enrolment.id, None, None)
            shared_too_often = True
        elif verdict is CodeVerdict.RIGHT:
            Enrolments(transaction).phone_verified(enrolment.id, now)
            detail: dict[str, Any] = {"enrolment": enrolment.id, "region": enrolment.region}
            transaction.record(AuditRow(Event.ENROLMENT_PHONE_VERIFIED, now, detail=detail))
        else:
            detail = {"sign_in": enrolment.id, "why": verdict.value, "attempts": stored.attempts if stored else None}
            transaction.record(AuditRow(Event.CODE_REFUSED, now, detail=detail))
    if shared_too_often:
        return ask_phone(wired, find_enrolment(wired), error="number.shared")
    if verdict is not CodeVerdict.RIGHT:
        return ask_code(wired, enrolment, error=verdict.value)
    with wired.database.begin() as transaction:  # a step of its own: a case is taken before its enrolment
        reached(transaction, enrolment, "delivered", now)
    return walk_on(wired, find_enrolment(wired))


@pages.post("/enrol/code/resend")
def resend() -> Response:
    """Another message to the same number, by another gateway where there is one."""
    return _send_another(Way.MESSAGE)


@pages.post("/enrol/code/call")
def call() -> Response:
    """A call to the same number, in which a voice says a new code."""
    return _send_another(Way.CALL)


def _send_another(way: Way) -> Response:
    read_form()
    wired = provider()
    enrolment, now = find_enrolment(wired), wired.clock()
    seen = number_code(wired, enrolment) if step_of(enrolment) is EnrolmentStep.PHONE_CODE else None
    if seen is None:
        return walk_on(wired, enrolment)
    refusal = seen.refusal(way, now)
    if refusal is not None:
        return ask_code(wired, enrolment, notice=refusal)
    number = parse_number(open_number(wired, enrolment), None, fictional=wired.settings.demo)
    try:
        sent = send_again(wired, enrolment, number, seen.code, way)
    except LimitMet as limit:
        return ask_code(wired, enrolment, notice=too_many(limit))
    said = "code.calling" if way is Way.CALL else "code.sent_again"
    return ask_code(wired, enrolment, notice=said if sent else "code.wait")


@pages.get("/enrol/code/message")
def message() -> Response:
    """What became of the newest message to the number; looking changes nothing."""
    wired = provider()
    enrolment = find_enrolment(wired)
    seen = number_code(wired, enrolment) if step_of(enrolment) is EnrolmentStep.PHONE_CODE else None
    return jsonify(state=seen.fate.value if seen is not None else Fate.NONE.value)


@pages.post("/enrol/passkey")
def passkey() -> Response:
    """The passkey that the person's device made: with it the credential is issued."""
    form = read_form()
    wired = provider()
    enrolment, now = find_enrolment(wired), wired.clock()
    if step_of(enrolment) is not EnrolmentStep.PASSKEY:
        return walk_on(wired, enrolment)
    if enrolment.challenge is None:
        return ask_passkey(wired, enrolment)
    if not form.get("credential"):
        return ask_passkey(wired, enrolment, notice="notice.passkey_cancelled")
    with wired.database.begin() as transaction:
        taken = Enrolments(transaction).take_challenge(enrolment.id, enrolment.challenge)
    if not taken:
        return ask_passkey(wired, enrolment, notice="notice.passkey_not_created")
    try:
        made = verify_registration(
            form.get("credential", ""),
            challenge=enrolment.challenge,
            rp_id=wired.settings.rp_id,
            origin=wired.issuer,
            vouching=wired.attestations,
            now=now,
        )
        if enrolment.case_id is not None:
            hand_over(wired, enrolment, made, now)
            return walk_on(wired, find_enrolment(wired))
        name = issue(wired, enrolment, made, now)
    except (CeremonyRefused, AlreadyTaken):
        return ask_passkey(wired, enrolment, notice="notice.passkey_not_created")
    return enrolled(wired, name)
