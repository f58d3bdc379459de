"""/counter/figures, for those who answer for a counter: how far its cases come, as it stands today.

A supervisor sees the own mission, headquarters all. Answers to the two questions show from ten on, so that nobody reads
one person's mind in them.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from idp.missions.figures import STEPS, Funnel, bounds, month_of
from idp.missions.mission import Mission
from idp.missions.suppression import FLOOR
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider, say
from idp.pages.staff_gate import seated
from idp.staff.roles import Act
from idp.storage.figures import Figures

pages = Blueprint("counter_figures", __name__)
MONTHS_BACK = 12


@pages.get("/counter/figures")
def of_counters() -> Response:
    """The figures of the own mission, or of each, as they stand: one month."""
    seat = seated(Act.COUNTER_FIGURES)
    wired = provider()
    months = _months_until(wired.clock())
    month = request.args.get("month", months[0])
    if month not in months:
        raise PageRefused("not_found", 404, "no such month")
    first, after = bounds(month)
    mine = seat.member.mission
    with wired.database.read() as reading:
        figures = Figures(reading)
        funnels, answers = figures.funnels(first, after), figures.answers(first, after, mine)
    missions = {one.place.code: one for one in wired.missions.all() if mine in {None, one.place.code}}
    shown = {code: funnels[code] for code in missions if code in funnels}
    return page(
        "counter/figures.html",
        staff=seat.member,
        months=months,
        month=month,
        missions=[_shown(missions[code].place.name(page_language()), one) for code, one in shown.items()],
        total=_shown(_whole(missions, mine), sum(shown.values(), Funnel())),
        answers=_answers(answers),
        floor=FLOOR,
    )


def _months_until(now: int) -> list[str]:
    """This month and those before it, newest first."""
    months = [month_of(now)]
    while len(months) < MONTHS_BACK:
        months.append(month_of(bounds(months[-1])[0] - 1))
    return months


def _whole(missions: Mapping[str, Mission], mine: str | None) -> str:
    mission = missions.get(mine or "")
    return mission.place.name(page_language()) if mission is not None else say("figures.all")


def _shown(name: str, funnel: Funnel) -> dict[str, Any]:
    """A funnel as a page shows it: each step with its share of what was started."""
    steps = [
        {"name": step, "number": number, "share": _share(number, funnel.started)}
        for step, number in zip(STEPS, funnel.steps, strict=True)
    ]
    return {
        "name": name,
        "steps": steps,
        "reasons": {key: number for key, number in funnel.reasons.items() if number},
        "barred": {key: number for key, number in funnel.barred.items() if number},
        "open": funnel.started - funnel.issued - sum(funnel.reasons.values()),
    }


def _share(number: int, of: int) -> int:
    return round(100 * number / of) if of else 0


def _answers(answers: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """The answers to each question; None for those of fewer people than the floor."""
    return [
        {"key": key, "total": sum(found.values()), "numbers": dict(found) if sum(found.values()) >= FLOOR else None}
        for key, found in answers.items()
    ]
