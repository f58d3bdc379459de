"""What the counter shows of a case: the evidence, what follows from it, and how far officer and citizen are."""

from datetime import UTC, datetime
from typing import Any

from idp.missions.cases import CaseState
from idp.missions.evidence import Evidence, Kind, facts_missing
from idp.pages.account_ways import ways_ready
from idp.pages.consent_view import Row, readable_date, row
from idp.pages.counter_acts import ends_at, evidence_of, record_of
from idp.pages.owner import AFTER_ENROLMENT_SECONDS
from idp.pages.rendering import page_language, say
from idp.people.record import Record
from idp.provider import OUT_OF_REACH, Provider
from idp.storage.cases import Case
from idp.storage.people import EnrolmentRecord
from idp.telephony.numbers import country_name

STEPS = ("linked", "opened", "record", "phone", "passkey", "confirmed")


def evidence_rows(evidence: Evidence, record: Record, now: int) -> list[Row]:
    """What the officer entered, for whoever decides on it."""
    language = page_language()
    ends = datetime.fromtimestamp(ends_at(evidence, now), UTC).date().isoformat()
    return [
        row("claim.name#ko-Hang", record.korean.full, "ko"),
        row("claim.name#en", record.latin.full, "en"),
        row("claim.birthdate", readable_date(record.birthdate, language)),
        row("enrol_record.passport", f"•••••{evidence.passport.number[-3:]}"),
        row("counter.passport_until", readable_date(evidence.passport.expires.isoformat(), language)),
        row("counter.kind", f"counter.kinds.{evidence.kind.value}", say_value=True),
        row("counter.seen_chip", _yes(value=evidence.chip_read), say_value=True),
        row("counter.seen_photo", _yes(value=evidence.photo_matches), say_value=True),
        row("counter.seen_names", _yes(value=evidence.names_match), say_value=True),
        row("counter.registration", f"counter.registrations.{evidence.registration}", say_value=True),
        row("counter.seen_resident", _yes(value=evidence.resident_number), say_value=True),
        row("claim.country_of_residence", country_name(record.residence, language)),
        row("counter.ends", readable_date(ends, language)),
    ]


def _yes(*, value: bool) -> str:
    return "value.yes" if value else "value.no"


def level_of(wired: Provider, evidence: Evidence) -> dict[str, Any]:
    """The highest level that this person can reach, and why it is not a higher one."""
    missing = facts_missing(evidence)
    reach = wired.assurance.attainable(OUT_OF_REACH | missing.keys())
    why = [say(key) for key in missing.values()]
    if not missing and len(reach) < len(wired.assurance.acr_values):
        why = [say("why_not.attestation")]
    return {"acr": reach[-1], "number": reach[-1].rsplit(":", 1)[-1], "why_not": why}


def progress(case: Case, enrolment: EnrolmentRecord | None) -> list[str]:
    """The steps that lie behind officer and citizen."""
    done = {
        "linked": enrolment is not None,
        "opened": enrolment is not None and enrolment.opened,
        "record": enrolment is not None and enrolment.confirmed,
        "phone": enrolment is not None and enrolment.phone_verified,
        "passkey": enrolment is not None and enrolment.made is not None,
        "confirmed": case.state is CaseState.DONE,
    }
    return [step for step in STEPS if done[step]]


def prepared(wired: Provider, case: Case) -> dict[str, bool] | None:
    """Which other ways the citizen has set up at the counter; None once the phone may not add any more."""
    if case.person_id is None or case.done_at is None or case.kind is Kind.LIFT:
        return None
    if wired.clock() - case.done_at >= AFTER_ENROLMENT_SECONDS:
        return None
    with wired.database.read() as reading:
        return ways_ready(reading, case.person_id, wired.clock())


def mark_of(wired: Provider, case: Case, enrolment: EnrolmentRecord | None) -> str:
    """What changes when the page should be shown anew."""
    ways = prepared(wired, case)
    return f"{case.state.value}.{len(progress(case, enrolment))}.{sum(ways.values()) if ways else 0}"


def case_view(wired: Provider, case: Case, enrolment: EnrolmentRecord | None) -> dict[str, Any]:
    """The variables of a case's page."""
    evidence, record = evidence_of(wired, case), record_of(wired, case)
    now = wired.clock()
    behind, ways = progress(case, enrolment), prepared(wired, case)
    return {
        "case": case,
        "over": case.over(now),
        "facts_of": evidence_rows(evidence, record, now) if evidence and record else [],
        "level": level_of(wired, evidence) if evidence else None,
        "reasons": [reason.value for reason in case.reasons],
        "steps": [{"name": step, "done": step in behind} for step in STEPS],
        "ways": ways,
        "mark": mark_of(wired, case, enrolment),
        "live": case.state in {CaseState.LINKED, CaseState.MADE} or ways is not None,
    }
