"""Grave acts of the console: shown, confirmed with the passkey for this very act, then done.

One address takes every confirmation; what is done stands in the sealed note, so nothing else can come of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response

from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider, say
from idp.pages.staff_gate import NotProven, Seat, ask_proof, prove, seated
from idp.staff.roles import Act

pages = Blueprint("console_confirm", __name__)
PURPOSE = "console"


@dataclass(frozen=True, slots=True)
class GraveAct:
    """What an act needs, and how it is done. Without an act, `carry_out` looks at what it is about."""

    act: Act | None
    carry_out: Callable[[Seat, Mapping[str, Any]], Response]


ACTS: dict[str, GraveAct] = {}
"""Name to act; the pages of the console enter theirs."""


def ask_confirmation(
    seat: Seat, name: str, content: Mapping[str, str], facts: list[tuple[str, str]], back: str
) -> Response:
    """The page that shows what will be done and asks for the passkey. `facts` are labels (keys of words) and values."""
    proof = ask_proof(provider(), seat, PURPOSE, {"do": name, "back": back} | dict(content))
    shown = [{"label": say(label), "value": value, "lang": None} for label, value in facts]
    return page("console/confirm.html", here=back, staff=seat.member, what=name, facts_of=shown, proof=proof, back=back)


@pages.post("/console/confirm")
def confirmed() -> Response:
    """The passkey's answer: the act is done if the role still carries it."""
    form = read_form()
    seat = seated()
    try:
        content = prove(provider(), seat, form, PURPOSE)
    except NotProven as nothing:
        raise PageRefused(
            "console_not_proven", 403, str(nothing), values={"why": say(nothing.notice)}, onward=HOME
        ) from nothing
    grave = ACTS[content["do"]]
    if grave.act is not None and not seat.member.may(grave.act):
        raise PageRefused("staff_not_allowed", 403, f"may not {grave.act.value}", onward=HOME)
    return grave.carry_out(seat, content)


HOME = ("/console", "console.to_home")
