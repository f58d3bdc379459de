"""Missions in the console: which of them issue; opened, piloted and closed one by one or all at once."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from idp.missions.mission import InvalidMission, Mission, Opening, check_opening
from idp.pages.answers import go
from idp.pages.console_confirm import ACTS, GraveAct, ask_confirmation
from idp.pages.console_tables import a_page, as_table, asked
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider, say
from idp.pages.staff_gate import Seat, seated
from idp.staff.roles import Act
from idp.telephony.numbers import country_name

pages = Blueprint("console_missions", __name__)
STATES = tuple(one.value for one in Opening)


@pages.get("/console/missions")
def missions() -> Response:
    """The list: searched, filtered, a page at a time."""
    return _missions(seated(Act.MISSION_READ))


def _missions(seat: Seat, problem: str | None = None) -> Response:
    found = _found()
    shown, after = a_page(found, lambda one: f"{one.place.country} {one.place.code}", 100)
    return page(
        "console/missions.html",
        here="/console/missions",
        staff=seat.member,
        status=422 if problem else 200,
        problem=problem,
        missions=[
            (one, one.place.name(page_language()), country_name(one.place.country, page_language())) for one in shown
        ],
        total=len(found),
        search=asked("q"),
        state=asked("state"),
        states=STATES,
        after=after,
        may_change=seat.member.may(Act.MISSION_CHANGE),
    )


def _found() -> list[Mission]:
    wanted, state = asked("q").casefold(), asked("state")
    return [
        one
        for one in provider().missions.all()
        if (not wanted or any(wanted in text.casefold() for text in _texts(one)))
        and (state not in STATES or state == one.opening.value)
    ]


def _texts(one: Mission) -> tuple[str, ...]:
    return (one.place.code, one.place.name_ko, one.place.name_en, one.place.country)


@pages.get("/console/missions.csv")
def missions_csv() -> Response:
    """The same as a file."""
    seated(Act.MISSION_READ)
    heads = ["code", "name_ko", "name_en", "country", "state", "quota", "issued"]
    rows = [
        [*(getattr(one.place, name) for name in heads[:4]), one.opening.value, one.quota, one.issued]
        for one in _found()
    ]
    return as_table("missions", heads, rows)


@pages.post("/console/missions")
def ask() -> Response:
    """Open, pilot or close those that were chosen, or all: shown, and to be confirmed."""
    form = read_form("mission")
    seat = seated(Act.MISSION_CHANGE)
    every = form.get("all") == "yes"
    names = {one.place.code: one.place.name(page_language()) for one in provider().missions.all()}
    known = list(names)
    codes = known if every else [code for code in form.repeated["mission"][: len(known)] if code in known]
    if not codes:
        return _missions(seat, "console.missions.none_chosen")
    try:
        opening = Opening(form.get("opening", ""))
        quota = _quota(form.get("quota", "")) if opening is Opening.PILOT else None
        check_opening(opening, quota)
    except (InvalidMission, ValueError):
        return _missions(seat, "console.missions.unreadable")
    content = {"codes": " ".join(codes), "opening": opening.value, "quota": "" if quota is None else str(quota)}
    which = say("console.missions.every", count=len(codes)) if every else ", ".join(names[code] for code in codes)
    facts = [
        ("console.missions.which", which),
        ("console.missions.state", say(f"counter.opening.{opening.value}")),
    ]
    facts += [("console.missions.quota", str(quota))] if quota is not None else []
    return ask_confirmation(seat, "missions_set", content, facts, "/console/missions")


def _quota(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None


def _set(seat: Seat, content: Mapping[str, Any]) -> Response:
    quota = int(content["quota"]) if content["quota"] else None
    codes = content["codes"].split()
    unknown = provider().missions.set_opening(codes, Opening(content["opening"]), quota, seat.member.id)
    if unknown:
        raise PageRefused("console_conflict", 409, "a mission is gone")
    return go("/console/missions")


ACTS["missions_set"] = GraveAct(Act.MISSION_CHANGE, _set)
