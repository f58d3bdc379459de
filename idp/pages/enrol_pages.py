"""The pages of an enrolment: each asks for what is missing next."""

import json

from flask import Response

from idp.authenticators.ceremony import CHALLENGE_BYTES
from idp.authenticators.passkey_registration import creation_options
from idp.credential.enrolment import EnrolmentStep
from idp.missions.cases import CaseState
from idp.missions.feedback import QUESTIONS
from idp.pages.account_ways import ways_ready
from idp.pages.counter_acts import check_number
from idp.pages.enrol_acts import number_code, open_enrolment_record, open_number, step_of
from idp.pages.enrol_view import record_rows
from idp.pages.feedback import waiting
from idp.pages.home import services
from idp.pages.message_language import likely_language
from idp.pages.number_code import shown
from idp.pages.owner import find_owner
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, say
from idp.provider import Provider
from idp.storage.cases import Cases
from idp.storage.people import EnrolmentRecord, Enrolments
from idp.telephony.languages import choices
from idp.telephony.numbers import countries


def walk_on(wired: Provider, enrolment: EnrolmentRecord) -> Response:
    """The page of what comes next."""
    step = step_of(enrolment)
    if step is EnrolmentStep.RECORD:
        rows = record_rows(open_enrolment_record(wired, enrolment), page_language())
        return page("enrol/record.html", here="/enrol/now", record=rows)
    if step is EnrolmentStep.PHONE:
        return ask_phone(wired, enrolment)
    if step is EnrolmentStep.PHONE_CODE:
        return ask_code(wired, enrolment)
    if step is EnrolmentStep.OFFICER:
        number = check_number(wired, enrolment.id)
        return page("enrol/waiting.html", here="/enrol/now", number=number)
    return ask_passkey(wired, enrolment)


def ended(wired: Provider, enrolment: EnrolmentRecord) -> Response:
    """What became of an enrolment at a counter. Raises PageRefused when it came to nothing."""
    with wired.database.read() as reading:
        case = Cases(reading).find(enrolment.case_id) if enrolment.case_id is not None else None
    if case is None or case.state is not CaseState.DONE:
        raise PageRefused("enrolment_ended", 200, "case ended without a credential")
    record = open_enrolment_record(wired, enrolment)
    name = record.korean if page_language() == "ko" else record.latin
    return enrolled(wired, name.full)


def enrolled(wired: Provider, name: str) -> Response:
    """The last page: what else can be prepared here and now, where to go, and two questions that nobody must answer.

    Who comes back to it after a first sign-in, within the half hour, is asked about that one (feedback.py).
    """
    owner = find_owner(wired)
    with wired.database.read() as reading:
        ready = ways_ready(reading, owner.person_id, wired.clock()) if owner is not None else {}
        occasion = waiting(reading, owner.person_id, wired.clock()) if owner is not None else None
    return page(
        "enrol/done.html",
        here="/enrol/now",
        name=name,
        services=services(),
        may_add=owner is not None,
        ready=ready,
        lost=f"{wired.issuer}/lost",
        occasion=occasion.value if occasion is not None else None,
        questions=QUESTIONS[occasion] if occasion is not None else {},
    )


def ask_phone(
    wired: Provider, enrolment: EnrolmentRecord, country: str = "", number: str = "", error: str | None = None
) -> Response:
    """The page that asks for a number, and for the language of what is sent to it."""
    residence = open_enrolment_record(wired, enrolment).residence
    listed = [{"region": one.region, "name": one.name, "code": one.dialling_code} for one in countries(page_language())]
    chosen = country or residence
    return page(
        "enrol/phone.html",
        here="/enrol/now",
        countries=listed,
        chosen=chosen,
        number=number,
        error=error,
        message_languages=choices(),
        message_language=enrolment.message_language or likely_language(wired, chosen),
    )


def ask_code(
    wired: Provider, enrolment: EnrolmentRecord, *, error: str | None = None, notice: str | None = None
) -> Response:
    """The page that asks for the code, and offers another message and a call."""
    seen = number_code(wired, enrolment)
    if seen is None:
        return ask_phone(wired, enrolment)
    facts = shown(
        seen, open_number(wired, enrolment), enrolment.region or "", wired.clock(), error=error, notice=notice
    )
    return page("enrol/phone_code.html", here="/enrol/now", poll="/enrol/code/message", **facts)


def ask_passkey(wired: Provider, enrolment: EnrolmentRecord, notice: str | None = None) -> Response:
    """The page that has the passkey made, with a fresh challenge."""
    challenge = wired.random_bytes(CHALLENGE_BYTES)
    with wired.database.begin() as transaction:
        Enrolments(transaction).set_challenge(enrolment.id, challenge)
    record_of = open_enrolment_record(wired, enrolment)
    name = record_of.korean if page_language() == "ko" else record_of.latin
    options = creation_options(
        challenge,
        rp_id=wired.settings.rp_id,
        rp_name=say("site.name"),
        user_handle=enrolment.user_handle,
        display_name=name.full,
        attestation=wired.attestations.can_vouch,
    )
    return page("enrol/passkey.html", here="/enrol/now", options=json.dumps(options), notice=notice)
