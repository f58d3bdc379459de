"""The integration check in an engineer's hands: switched on for an hour, read with a cure for each fault."""

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.pages.answers import go
from idp.pages.developers import known_errors
from idp.pages.engineer_gate import WORKBENCH, bench_of
from idp.pages.forms import read_form
from idp.pages.rendering import page, provider, say, words
from idp.pages.times import utc
from idp.storage.checked_requests import CHECK_SECONDS, Checked, CheckedRequests

pages = Blueprint("workbench_checks", __name__)


@pages.get(f"{WORKBENCH}/clients/<client_id>/checks")
def checks(client_id: str) -> Response:
    """The last requests of this client, newest first."""
    bench = bench_of(client_id, sandbox=True)
    wired, now = provider(), provider().clock()
    with wired.database.read() as reading:
        noted = CheckedRequests(reading, client_id).all()
    until = bench.registration.checked_until
    return page(
        "workbench/checks.html",
        here=f"{bench.here}/checks",
        staff=bench.seat.member,
        bench=bench,
        noted=[{"one": one, "at": utc(one.at)[5:19], "cure": _cure(one)} for one in noted],
        until=utc(until) if until and now < until else None,
        trouble=sum(1 for one in noted if one.error),
    )


def _cure(one: Checked) -> str | None:
    """How to mend it: of a registered error its row of the guide, of a refusal what its page said."""
    if one.error is None:
        return None
    if one.error in {known.code for known in known_errors()}:
        return say(f"developers.error.{one.error}")
    key = f"refusal.{one.error}.what"
    return say(key) if key in words().keys("en") else None


@pages.post(f"{WORKBENCH}/clients/<client_id>/checks")
def switch(client_id: str) -> Response:
    """On for an hour, or off; or everything noted is forgotten."""
    form = read_form()
    bench = bench_of(client_id, sandbox=True)
    wired, now = provider(), provider().clock()
    with wired.database.begin() as step:
        found = CheckedRequests(step, client_id)
        if form.get("act") == "forget":
            found.forget()
            detail = {"act": "checks_forgotten", "by": bench.seat.member.id}
            step.record(AuditRow(Event.CLIENT_ACTED_ON, now, client=client_id, detail=detail))
        else:
            until = now + CHECK_SECONDS if form.get("act") == "on" else None
            found.switch(until)
            detail = {"by": bench.seat.member.id, "until": until}
            step.record(AuditRow(Event.CHECK_SWITCHED, now, client=client_id, detail=detail))
    return go(f"{bench.here}/checks")
