"""Relying services in the console: the list, one of them, and what is done at once: stop, resume, a new secret.

Stopping needs one person, because it may have to be fast. Whatever widens what a service may do goes through a
proposal (console_proposals.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from idp.audit.catalogue import AuditRow, Event
from idp.audit.export import csv_line, readable
from idp.pages.answers import go
from idp.pages.console_confirm import ACTS, GraveAct, ask_confirmation
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider
from idp.pages.staff_gate import Seat, seated
from idp.registration.changes import Change, Conflict, secret_rotated, status_set
from idp.registration.integration import EXAMPLES
from idp.registration.register import needs_secret, rotate_secret
from idp.registration.registration import Registration
from idp.registration.waivers import waivers
from idp.staff.roles import Act
from idp.storage.client_proposals import ClientProposals

pages = Blueprint("console_clients", __name__)
ON_A_PAGE = 50
LONGEST_SEARCH = 100
STATES = ("enabled", "disabled", "waived")


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    id: str
    name: str
    status: str
    waivers: tuple[str, ...]
    updated: str


def _listed(one: Registration, language: str) -> Listed:
    name = one.metadata.get(f"client_name#{language}") or one.metadata.get("client_name") or one.client_id
    return Listed(one.client_id, name, one.status, tuple(waivers(one.metadata)), readable(one.updated_at))


def _found(search: str, state: str) -> list[Listed]:
    language, wanted = page_language(), search.casefold()
    found = [_listed(one, language) for one in provider().clients.list()]
    return [
        one
        for one in found
        if (not wanted or wanted in one.id or wanted in one.name.casefold())
        and (state not in STATES or state == one.status or (state == "waived" and one.waivers))
    ]


def _asked() -> tuple[str, str]:
    return request.args.get("q", "")[:LONGEST_SEARCH].strip(), request.args.get("state", "")


@pages.get("/console/clients")
def clients() -> Response:
    """The list: searched, filtered, a page at a time."""
    seat = seated(Act.CLIENT_READ)
    search, state = _asked()
    after = request.args.get("after", "")
    found = _found(search, state)
    rest = [one for one in found if one.id > after]
    shown = rest[:ON_A_PAGE]
    return page(
        "console/clients.html",
        staff=seat.member,
        clients=shown,
        total=len(found),
        search=search,
        state=state,
        states=STATES,
        after=shown[-1].id if len(rest) > ON_A_PAGE else "",
        may_write=seat.member.may(Act.CLIENT_WRITE),
    )


@pages.get("/console/clients.csv")
def clients_csv() -> Response:
    """The same list as a table for a spreadsheet, with no cell that it would run (abuse case V-06)."""
    seated(Act.CLIENT_READ)
    lines = [csv_line(["client_id", "name", "status", "waivers", "updated_at"])]
    lines += [csv_line([one.id, one.name, one.status, " ".join(one.waivers), one.updated]) for one in _found(*_asked())]
    return table("".join(lines), "clients")


def table(text: str, name: str) -> Response:
    """A CSV file to be kept, never shown as a page."""
    response = Response(text, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


@pages.get("/console/clients/<client_id>")
def client(client_id: str) -> Response:
    """One service: what it is registered with, what waits, what can be done."""
    seat = seated(Act.CLIENT_READ)
    return _client(seat, _registration(client_id))


def _client(seat: Seat, one: Registration, secret: str | None = None) -> Response:
    wired = provider()
    with wired.database.read() as reading:
        waiting = ClientProposals(reading).of_client(one.client_id)
    return page(
        "console/client.html",
        here=f"/console/clients/{one.client_id}",
        staff=seat.member,
        client_of=one,
        listed=_listed(one, page_language()),
        created=readable(one.created_at),
        fields=sorted(one.metadata.items()),
        has_secret=needs_secret(one.metadata),
        secret=secret,
        waiting=waiting,
        redirect_uri=next(iter(one.metadata.get("redirect_uris", [])), ""),
        examples=EXAMPLES,
        may_write=seat.member.may(Act.CLIENT_WRITE),
        may_approve=seat.member.may(Act.CLIENT_APPROVE),
    )


def _registration(client_id: str) -> Registration:
    found = provider().clients.get(client_id)
    if found is None:
        raise PageRefused("not_found", 404, "no such client")
    return found


@pages.post("/console/clients/<client_id>")
def ask(client_id: str) -> Response:
    """What is to be done with it: shown, and to be confirmed."""
    form = read_form()
    what = form.get("act", "")
    if what not in OFFERED:
        raise PageRefused("invalid_request", 400, "no such act")
    seat = seated(ACTS[what].act)
    one = _registration(client_id)
    name = _listed(one, page_language()).name
    facts = [("console.client.name", name), ("console.client.id", one.client_id)]
    return ask_confirmation(seat, what, {"client": one.client_id}, facts, f"/console/clients/{one.client_id}")


def _save(seat: Seat, change: Change, what: str) -> None:
    wired, now = provider(), provider().clock()
    detail = {"act": what, "by": seat.member.id}
    try:
        with wired.database.begin() as step:
            wired.clients.put(step, [change])
            client_id = change.before.client_id if change.before else None
            step.record(AuditRow(Event.CLIENT_ACTED_ON, now, client=client_id, detail=detail))
    except Conflict as conflict:
        raise PageRefused("console_conflict", 409, "changed in between") from conflict


def _set_status(seat: Seat, content: Mapping[str, Any], status: str) -> Response:
    one = _registration(content["client"])
    if one.status != status:
        change = status_set(one, "enabled" if status == "enabled" else "disabled", now=provider().clock())
        _save(seat, change, status)
    return go(f"/console/clients/{one.client_id}")


def _new_secret(seat: Seat, content: Mapping[str, Any]) -> Response:
    wired, one = provider(), _registration(content["client"])
    if not needs_secret(one.metadata):
        raise PageRefused("invalid_request", 400, "authenticates without a secret")
    outcome = rotate_secret(one, now=wired.clock(), random_bytes=wired.random_bytes)
    _save(seat, secret_rotated(one, outcome, now=wired.clock()), "secret")
    return _client(seat, outcome.registration, outcome.secret)


OFFERED = ("client_stop", "client_resume", "client_secret")
ACTS["client_stop"] = GraveAct(Act.CLIENT_APPROVE, lambda seat, content: _set_status(seat, content, "disabled"))
ACTS["client_resume"] = GraveAct(Act.CLIENT_APPROVE, lambda seat, content: _set_status(seat, content, "enabled"))
ACTS["client_secret"] = GraveAct(Act.CLIENT_APPROVE, _new_secret)
