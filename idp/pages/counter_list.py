"""/counter, /counter/sheet: the cases of a mission, and the paper for days without a line."""

from typing import Any

from flask import Blueprint, Response

from idp.missions.cases import OFFLINE_SECONDS, CaseState
from idp.missions.evidence import CENTRAL
from idp.missions.mission import Mission
from idp.pages.rendering import page, page_language, provider
from idp.pages.staff_gate import seated
from idp.pages.times import readable_time, readable_time_at
from idp.staff.roles import Act
from idp.storage.cases import Case, Cases

pages = Blueprint("counter_list", __name__)
OFFLINE_DAYS = OFFLINE_SECONDS // 86_400


@pages.get("/counter")
def counter() -> Response:
    """The newest cases, those that need somebody first."""
    seat = seated(Act.CASE_READ)
    wired, now = provider(), provider().clock()
    with wired.database.read() as reading:
        cases = Cases(reading).newest(seat.member.mission)
    names = {one.id: one.name for one in wired.staff.all()}
    places = {one.place.code: one.place.name(page_language()) for one in wired.missions.all()}
    mission = wired.missions.find(seat.member.mission) if seat.member.mission else None
    shown = [
        _shown(one, now, mission)
        | {"officer": names.get(one.officer_id), "mission": places.get(one.mission, one.mission)}
        for one in cases
    ]
    return page(
        "counter/list.html",
        here="/counter",
        staff=seat.member,
        mission=mission,
        may_start=seat.member.may(Act.CASE_HANDLE),
        central=sum(one["central"] for one in shown),
        confirms=seat.member.may(Act.CASE_CONFIRM),
        may_end=seat.member.may(Act.PERSON_END),
        may_figures=seat.member.may(Act.COUNTER_FIGURES),
        open_cases=[one for one in shown if not one["over"]],
        past_cases=[one for one in shown if one["over"]],
    )


def _shown(case: Case, now: int, mission: Mission | None) -> dict[str, Any]:
    over, begun = case.over(now), case.created_at
    return {
        "case": case,
        "at": readable_time_at(begun, mission.place.zone) if mission is not None else readable_time(begun),
        "over": over,
        "expired": over and case.state not in {CaseState.DONE, CaseState.ENDED},
        "central": not over and case.state is CaseState.WAITING and bool(CENTRAL.intersection(case.reasons)),
    }


@pages.get("/counter/sheet")
def sheet() -> Response:
    """A form of paper for the days without a line: printed before, typed in afterwards."""
    seat = seated(Act.CASE_HANDLE)
    mission = provider().missions.find(seat.member.mission or "")
    return page("counter/sheet.html", here="/counter/sheet", staff=seat.member, mission=mission, days=OFFLINE_DAYS)
