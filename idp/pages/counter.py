"""The counter of a mission: a case from the evidence to the credential.

An officer starts a case, a second person decides where there is risk, a QR is shown, and the credential begins when
citizen and officer have both confirmed. An officer sees the cases of the own mission; those of another do not exist
for them (404, abuse case V-02). Only who began a case carries it on.
"""

from uuid import UUID

import segno
from flask import Blueprint, Response, jsonify

from idp.audit.catalogue import AuditRow, Event
from idp.missions.cases import CaseState, Outcome
from idp.missions.evidence import Kind
from idp.missions.mission import Mission
from idp.pages.answers import go
from idp.pages.counter_acts import (
    count_number,
    end_case,
    enrolment_of,
    evidence_of,
    lift,
    may_lift,
    show_link,
)
from idp.pages.counter_intake import IntakeRefused, read_intake
from idp.pages.counter_issue import issue_case
from idp.pages.counter_second import approve, decision_on
from idp.pages.counter_start import Barred, HeldElsewhere, start_case
from idp.pages.counter_view import case_view, mark_of
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider
from idp.pages.staff_gate import NotProven, Seat, ask_proof, prove, seated
from idp.provider import Provider
from idp.staff.four_eyes import SecondPersonRefused, refuse_second_person
from idp.staff.roles import Act, Role
from idp.storage.cases import Case, Cases
from idp.telephony.numbers import countries

pages = Blueprint("counter", __name__)
COUNTER = "/counter"
PURPOSE = "case"


@pages.get("/counter/new")
def new() -> Response:
    """The form of a new case."""
    seat = seated(Act.CASE_HANDLE)
    return _form(seat, _issuing(provider(), seat), {})


def _form(
    seat: Seat,
    mission: Mission,
    typed: dict[str, str],
    error: tuple[str, str] | None = None,
    bars: list[str] | None = None,
) -> Response:
    listed = [{"region": one.region, "name": one.name} for one in countries(page_language())]
    return page(
        "counter/new.html",
        here="/counter/new",
        status=422 if error or bars else 200,
        staff=seat.member,
        mission=mission,
        countries=listed,
        chosen=typed.get("residence", mission.place.country),
        typed=typed,
        error_field=error[0] if error else None,
        error=error[1] if error else None,
        bars=bars or [],
    )


def _issuing(wired: Provider, seat: Seat) -> Mission:
    """The member's mission, if it issues. Raises PageRefused."""
    mission = wired.missions.find(seat.member.mission or "")
    if mission is None or not mission.issues:
        raise PageRefused("case_closed", 409, "mission does not issue", onward=(COUNTER, "counter.back"))
    return mission


@pages.post("/counter/new")
def begin() -> Response:
    """The evidence: read, judged, kept."""
    form = read_form()
    seat = seated(Act.CASE_HANDLE)
    wired = provider()
    mission = _issuing(wired, seat)
    try:
        case = start_case(wired, seat.member, mission, read_intake(form, mission, wired.clock()))
    except IntakeRefused as refused:
        return _form(seat, mission, form, (refused.field, refused.reason))
    except Barred as barred:
        return _form(seat, mission, form, bars=[bar.value for bar in barred.bars])
    except HeldElsewhere:
        return _form(seat, mission, form, ("mrz", "counter.held"))
    return go(f"/counter/{case}")


def _find(seat: Seat, case: UUID) -> Case:
    """A case that exists for this member. Raises PageRefused."""
    with provider().database.read() as reading:
        found = Cases(reading).find(case)
    if found is None or not seat.member.sees(found.mission):
        raise PageRefused("not_found", 404, "no such case for this member")
    return found


def _mine(seat: Seat, case: UUID) -> Case:
    """A case that this member began and may carry on. Raises PageRefused."""
    found = _find(seat, case)
    if found.officer_id != seat.member.id:
        raise PageRefused(
            "not_your_case", 403, "case of another officer", onward=(f"/counter/{case}", "counter.to_case")
        )
    if found.over(provider().clock()):
        raise _moved(case)
    return found


def _moved(case: UUID) -> PageRefused:
    return PageRefused("case_moved", 409, "case has moved on", onward=(f"/counter/{case}", "counter.to_case"))


@pages.get("/counter/<uuid:case>")
def show(case: UUID) -> Response:
    """Where a case stands, and what comes next."""
    seat = seated(Act.CASE_READ)
    return _show(seat, _find(seat, case))


def _show(seat: Seat, found: Case, notice: str | None = None, link: str | None = None, left: int = 0) -> Response:
    wired = provider()
    enrolment = enrolment_of(wired, found)
    mine = found.officer_id == seat.member.id and not found.over(wired.clock())
    names = {one.id: one.name for one in wired.staff.all()}
    return page(
        "counter/case.html",
        here=f"/counter/{found.id}",
        staff=seat.member,
        notice=notice,
        tries_left=left,
        officer=names.get(found.officer_id),
        approver=names.get(found.approver_id) if found.approver_id else None,
        mine=mine,
        may_lift=mine and may_lift(found),
        may_link=mine and found.kind is not Kind.LIFT and found.state in {CaseState.READY, CaseState.LINKED},
        second=_second(wired, seat, found),
        proof=_proof(wired, seat, found),
        qr=segno.make(link, error="m").svg_data_uri(scale=6, border=4) if link else None,
        link=link if wired.settings.demo else None,
        **case_view(wired, found, enrolment),
    )


def _second(wired: Provider, seat: Seat, case: Case) -> str | None:
    """Why this member may not be the second person of a case that waits; empty when they may."""
    if case.state is not CaseState.WAITING or case.over(wired.clock()):
        return None
    try:
        _refuse_second(wired, seat, case)
    except SecondPersonRefused as refused:
        return refused.reason
    return ""


def _refuse_second(wired: Provider, seat: Seat, case: Case) -> None:
    """Raise SecondPersonRefused, as if their passkey had been checked just now."""
    evidence, now = evidence_of(wired, case), wired.clock()
    name = evidence.korean_family + evidence.korean_given if evidence else ""
    refuse_second_person(decision_on(case, seat.member, name), seat.member, proven_at=now, now=now)


def _proof(wired: Provider, seat: Seat, case: Case) -> dict[str, str] | None:
    return ask_proof(wired, seat, PURPOSE, {"case": str(case.id)}) if _second(wired, seat, case) == "" else None


@pages.get("/counter/<uuid:case>/status")
def status(case: UUID) -> Response:
    """What the page asks for while it is open: whether something has changed."""
    seat = seated(Act.CASE_READ, watching=True)
    found = _find(seat, case)
    return jsonify(mark=mark_of(provider(), found, enrolment_of(provider(), found)))


@pages.post("/counter/approve")
def second_person() -> Response:
    """The second person agrees, with a passkey check made for this very case."""
    form = read_form()
    seat = seated(Act.CASE_APPROVE)
    wired = provider()
    try:
        content = prove(wired, seat, form, PURPOSE)
    except NotProven as nothing:
        raise PageRefused("proof_missing", 422, str(nothing), onward=(COUNTER, "counter.back")) from nothing
    found = _find(seat, UUID(content["case"]))
    try:
        _refuse_second(wired, seat, found)
    except SecondPersonRefused as refused:
        raise _not_second(wired, seat, refused.reason) from refused
    if not approve(wired, seat, found):
        raise _moved(found.id)
    return go(f"/counter/{found.id}")


def _not_second(wired: Provider, seat: Seat, reason: str) -> PageRefused:
    """Somebody tried who may not: worth an audit row."""
    now = wired.clock()
    with wired.database.begin() as step:
        detail = {"member": seat.member.id, "act": Act.CASE_APPROVE.value, "why": reason}
        step.record(AuditRow(Event.STAFF_REFUSED, now, detail=detail))
    return PageRefused("not_second", 403, reason, onward=(COUNTER, "counter.back"))


@pages.post("/counter/<uuid:case>/decline")
def decline(case: UUID) -> Response:
    """The second person does not agree: the case ends."""
    read_form()
    seat = seated(Act.CASE_APPROVE)
    wired = provider()
    found = _find(seat, case)
    if found.state is not CaseState.WAITING:
        raise _moved(case)
    try:
        _refuse_second(wired, seat, found)
    except SecondPersonRefused as refused:
        raise _not_second(wired, seat, refused.reason) from refused
    end_case(wired, found, Outcome.DECLINED, seat.member.id)
    return go(f"/counter/{case}")


@pages.post("/counter/<uuid:case>/link")
def link(case: UUID) -> Response:
    """A QR for the citizen's phone, shown this once; an earlier one is void."""
    read_form()
    seat = seated(Act.CASE_HANDLE)
    wired = provider()
    found = _mine(seat, case)
    _issuing(wired, seat)
    made = show_link(wired, seat, found) if found.kind is not Kind.LIFT else None
    if made is None:
        raise _moved(case)
    return _show(seat, _find(seat, case), link=made)


@pages.post("/counter/<uuid:case>/confirm")
def confirm(case: UUID) -> Response:
    """The officer's word, with the number that the phone in front of them shows: the credential begins."""
    form = read_form()
    seat = seated(Act.CASE_HANDLE)
    wired = provider()
    found = _mine(seat, case)
    enrolment = enrolment_of(wired, found)
    if found.state is not CaseState.MADE or enrolment is None or enrolment.made is None:
        raise _moved(case)
    left = count_number(wired, seat, found, "".join(form.get("number", "").split()))
    if left is not None:
        return _show(seat, _find(seat, case), notice="counter.number_wrong", left=left)
    issue_case(wired, seat, found, enrolment)
    return go(f"/counter/{case}")


@pages.post("/counter/<uuid:case>/lift")
def lift_suspension(case: UUID) -> Response:
    """A suspended credential works again."""
    read_form()
    seat = seated(Act.CASE_HANDLE)
    found = _mine(seat, case)
    if not may_lift(found):
        raise _moved(case)
    lift(provider(), seat, found)
    return go(f"/counter/{case}")


@pages.post("/counter/<uuid:case>/cancel")
def cancel(case: UUID) -> Response:
    """The officer, or the supervisor of the mission, ends a case."""
    read_form()
    seat = seated(Act.CASE_HANDLE)
    found = _find(seat, case)
    if seat.member.role is not Role.SUPERVISOR:
        found = _mine(seat, case)
    end_case(provider(), found, Outcome.CANCELLED, seat.member.id)
    return go(COUNTER)
