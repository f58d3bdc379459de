"""A new sandbox client, made by an engineer at once: it sees test citizens alone, so nobody has to approve it."""

from collections.abc import Mapping

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.pages.engineer_gate import WORKBENCH, Bench
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider
from idp.pages.staff_gate import Seat, seated
from idp.pages.workbench import show_client
from idp.registration.changes import Conflict, added
from idp.registration.errors import BrokenRule, RefusedMetadata, RegistrationRefused
from idp.registration.metadata import check_metadata
from idp.registration.register import register
from idp.staff.roles import Act
from idp.storage import AlreadyTaken
from idp.storage.engineers import ClientEngineers
from idp.storage.staff_office import bind_engineer

pages = Blueprint("workbench_new", __name__)
SUFFIX = "-sandbox"
"""How the id of such a client ends: nobody takes a live service's name beforehand."""
MOST_OWN = 20
START = {"client_id": "", "client_name": "", "redirect_uris": "http://localhost:8000/auth/callback"}
SCOPE = "openid profile email phone overseas"


@pages.get(f"{WORKBENCH}/new")
def new() -> Response:
    """The form: three fields, filled as far as anybody could."""
    seat = seated(Act.CLIENT_OWN)
    return _form(seat, START)


def _form(seat: Seat, typed: Mapping[str, str], problems: list[str] | None = None) -> Response:
    return page(
        "workbench/new.html",
        here=f"{WORKBENCH}/new",
        status=422 if problems else 200,
        staff=seat.member,
        typed=typed,
        problems=problems or [],
        suffix=SUFFIX,
    )


@pages.post(f"{WORKBENCH}/new")
def make() -> Response:
    """Checked like every registration, made, and told its secret once."""
    form = read_form()
    seat = seated(Act.CLIENT_OWN)
    try:
        bench, secret = _make(seat, form)
    except RegistrationRefused as refused:
        return _form(seat, form, list(refused.problems))
    return show_client(bench, secret=secret, done="workbench.new.done")


def _make(seat: Seat, form: Mapping[str, str]) -> tuple[Bench, str | None]:
    """Raises RegistrationRefused, or PageRefused when the sandbox is off."""
    wired, now = provider(), provider().clock()
    if not wired.settings.sandbox:
        raise PageRefused("not_found", 404, "the sandbox is off")
    client_id = form.get("client_id", "").strip()
    if not client_id.endswith(SUFFIX):
        raise RefusedMetadata([f"client_id: must end with {SUFFIX}"])
    document = {
        "client_name": form.get("client_name", "").strip(),
        "redirect_uris": form.get("redirect_uris", "").split(),
        "scope": SCOPE,
        "environment": "sandbox",
    }
    checked = check_metadata(document, wired.offer)
    try:
        outcome = register(checked, now=now, random_bytes=wired.random_bytes, client_id=client_id)
    except BrokenRule as broken:
        raise RefusedMetadata([f"client_id: {broken.rule}"]) from broken
    try:
        with wired.database.begin() as step:
            if len(ClientEngineers(step).clients_of(seat.member.id)) >= MOST_OWN:
                raise RefusedMetadata([f"client_id: an engineer has at most {MOST_OWN} services"])
            wired.clients.put(step, [added(outcome, now=now)])
            bind_engineer(step, seat.member.id, client_id, by=seat.member.id, now=now)
            detail = {"act": "added", "by": seat.member.id}
            step.record(AuditRow(Event.CLIENT_ACTED_ON, now, client=client_id, detail=detail))
    except (Conflict, AlreadyTaken) as taken:
        raise RefusedMetadata(["client_id: is taken; choose another"]) from taken
    return Bench(seat, outcome.registration), outcome.secret
