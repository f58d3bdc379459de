"""Feature switches in the console: turned off at once by one person, turned on by two."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from idp.pages.answers import go
from idp.pages.console_acts import ask_second, waiting_for
from idp.pages.console_confirm import ACTS, GraveAct, ask_confirmation
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider, say
from idp.pages.staff_gate import Seat, seated
from idp.staff.actor import Actor
from idp.staff.pending import Kind
from idp.staff.roles import Act
from idp.staff.switches import Feature
from idp.storage.switches import read_off

pages = Blueprint("console_switches", __name__)


@pages.get("/console/switches")
def switches() -> Response:
    """What can be turned off, and whether it is."""
    seat = seated(Act.SWITCH_READ)
    with provider().database.read() as reading:
        off = read_off(reading)
    return page(
        "console/switches.html",
        staff=seat.member,
        switches=[(one.value, one.value not in off) for one in Feature],
        waiting_acts={one.subject: one for one in waiting_for(seat) if one.kind is Kind.SWITCH_ON},
        may_change=seat.member.may(Act.SWITCH_CHANGE),
    )


@pages.post("/console/switches")
def ask() -> Response:
    """Off: to be confirmed by the passkey. On: kept for a second person."""
    form = read_form()
    seat = seated(Act.SWITCH_CHANGE)
    try:
        feature = Feature(form.get("switch", ""))
    except ValueError as error:
        raise PageRefused("invalid_request", 400, "no such switch") from error
    if form.get("act") == "on":
        return ask_second(seat, Kind.SWITCH_ON, feature.value, form.get("ground", ""))
    facts = [("console.switches.which", say(f"switch.{feature.value}.name"))]
    return ask_confirmation(seat, "switch_off", {"switch": feature.value}, facts, "/console/switches")


def _off(seat: Seat, content: Mapping[str, Any]) -> Response:
    wired = provider()
    wired.switches.turn_at_once(Feature(content["switch"]), Actor(seat.member), on=False)
    return go("/console/switches")


ACTS["switch_off"] = GraveAct(Act.SWITCH_CHANGE, _off)
