"""Grave acts of an engineer: shown, confirmed with their own passkey for this very act, then done.

What is done, and to which service, stands in the sealed note; that the service is still theirs is looked at again.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response

from idp.pages.engineer_gate import WORKBENCH, Bench, bench_of
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider, say
from idp.pages.staff_gate import NotProven, ask_proof, prove, seated
from idp.staff.roles import Act

pages = Blueprint("workbench_confirm", __name__)
PURPOSE = "workbench"
BENCH_ACTS: dict[str, Callable[[Bench, Mapping[str, Any]], Response]] = {}
"""Name to act; the pages of the workbench enter theirs. The name is part of two keys of the words."""


def ask_engineer(
    bench: Bench, name: str, content: Mapping[str, str], facts: list[tuple[str, str]], back: str
) -> Response:
    """The page that shows what will be done and asks for the passkey. `facts` are labels (keys of words) and values."""
    note = {"do": name, "client": bench.client_id} | dict(content)
    shown = [{"label": say(label), "value": value, "lang": None} for label, value in facts]
    return page(
        "workbench/confirm.html",
        here=back,
        staff=bench.seat.member,
        bench=bench,
        what=name,
        facts_of=shown,
        proof=ask_proof(provider(), bench.seat, PURPOSE, note),
        back=back,
    )


@pages.post(f"{WORKBENCH}/confirm")
def confirmed() -> Response:
    """The passkey's answer: the act is done if the service is still theirs."""
    form = read_form()
    seat = seated(Act.CLIENT_OWN)
    try:
        content = prove(provider(), seat, form, PURPOSE)
    except NotProven as nothing:
        onward = (WORKBENCH, "workbench.to_home")
        values = {"why": say(nothing.notice)}
        raise PageRefused("console_not_proven", 403, str(nothing), values=values, onward=onward) from nothing
    return BENCH_ACTS[content["do"]](bench_of(content["client"]), content)
