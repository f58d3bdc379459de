"""Relying services in the console: the list, one of them, and what is done about it.

Stopping and beginning a removal need one person, because they may have to be fast, and can be undone. Whatever widens
what a service may do goes through a proposal (console_proposals.py), and what hands something out through an act for
two (console_acts.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from idp.claims.scopes import scope_of
from idp.pages.answers import go
from idp.pages.console_acts import ask_second, waiting_for
from idp.pages.console_confirm import ACTS, GraveAct, ask_confirmation
from idp.pages.console_figures import of_client
from idp.pages.console_tables import LONGEST_SEARCH, a_page, as_table
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider
from idp.pages.staff_gate import Seat, seated
from idp.pages.times import utc
from idp.registration.changes import Conflict
from idp.registration.effective_client import effective_client
from idp.registration.errors import BrokenRule
from idp.registration.integration import EXAMPLES
from idp.registration.legal_grounds import WITHOUT, groundless
from idp.registration.logos import read_logo
from idp.registration.register import needs_secret
from idp.registration.registration import Registration
from idp.registration.waivers import waivers
from idp.staff.actor import Actor
from idp.staff.pending import Kind
from idp.staff.roles import Act
from idp.storage.client_logos import keep_logo
from idp.storage.client_proposals import ClientProposals

pages = Blueprint("console_clients", __name__)
ENVIRONMENTS = ("live", "sandbox")
STATES = ("enabled", "disabled", "leaving", "waived", "groundless")


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    id: str
    name: str
    environment: str
    status: str
    waivers: tuple[str, ...]
    groundless: tuple[str, ...]
    contacts: tuple[str, ...]
    updated: str

    def is_in(self, state: str) -> bool:
        """Whether the filter of that name keeps it."""
        marks = {"waived": bool(self.waivers), "groundless": bool(self.groundless)}
        return marks.get(state, state == self.status)


def _listed(one: Registration, language: str) -> Listed:
    name = one.metadata.get(f"client_name#{language}") or one.metadata.get("client_name") or one.client_id
    return Listed(
        id=one.client_id,
        name=name,
        environment=one.environment,
        status="leaving" if one.removal_at is not None else one.status,
        waivers=tuple(waivers(one.metadata)),
        groundless=tuple(groundless(one.metadata)),
        contacts=tuple(one.metadata.get("contacts", ())),
        updated=utc(one.updated_at),
    )


def _found(search: str, state: str, environment: str) -> list[Listed]:
    language, wanted = page_language(), search.casefold()
    found = [_listed(one, language) for one in provider().clients.list()]
    return [
        one
        for one in found
        if (not wanted or wanted in one.id or wanted in one.name.casefold())
        and (state not in STATES or one.is_in(state))
        and environment in {one.environment, ""}
    ]


def _asked() -> tuple[str, str, str]:
    """The search, the state, and the environment; what does not exist filters nothing."""
    environment = request.args.get("environment", "")
    search = request.args.get("q", "")[:LONGEST_SEARCH].strip()
    return search, request.args.get("state", ""), environment if environment in ENVIRONMENTS else ""


@pages.get("/console/clients")
def clients() -> Response:
    """The list: searched, filtered, a page at a time."""
    seat = seated(Act.CLIENT_READ)
    search, state, environment = _asked()
    found = _found(search, state, environment)
    shown, after = a_page(found, lambda one: one.id)
    return page(
        "console/clients.html",
        staff=seat.member,
        clients=shown,
        total=len(found),
        search=search,
        state=state,
        states=STATES,
        environment=environment,
        environments=ENVIRONMENTS,
        after=after,
        may_write=seat.member.may(Act.CLIENT_WRITE),
    )


@pages.get("/console/clients.csv")
def clients_csv() -> Response:
    """The same list as a table for a spreadsheet."""
    seated(Act.CLIENT_READ)
    heads = ["client_id", "name", "environment", "status", "waivers", "without_ground", "contacts", "updated_at"]
    rows = [[one.id, one.name, one.environment, one.status, *_joined(one), one.updated] for one in _found(*_asked())]
    return as_table("clients", heads, rows)


def _joined(one: Listed) -> list[str]:
    return [" ".join(several) for several in (one.waivers, one.groundless, one.contacts)]


@pages.get("/console/clients/<client_id>")
def client(client_id: str) -> Response:
    """One service: what it is registered with, on what grounds, how it does, what waits, what can be done."""
    seat = seated(Act.CLIENT_READ)
    one = _registration(client_id)
    wired = provider()
    with wired.database.read() as reading:
        waiting = ClientProposals(reading).of_client(one.client_id)
    return page(
        "console/client.html",
        here=f"/console/clients/{one.client_id}",
        staff=seat.member,
        client_of=one,
        listed=_listed(one, page_language()),
        created=utc(one.created_at),
        removal=utc(one.removal_at) if one.removal_at is not None else "",
        fields=sorted(item for item in one.metadata.items() if item[0] not in SHOWN_APART),
        grants=_grants(one),
        subject=(one.metadata["subject_type"], effective_client(one).sector),
        contacts=one.metadata.get("contacts", []),
        has_secret=needs_secret(one.metadata),
        waiting=waiting,
        waiting_acts=[pending for pending in waiting_for(seat) if pending.subject == one.client_id],
        redirect_uri=next(iter(one.metadata.get("redirect_uris", [])), ""),
        examples=EXAMPLES,
        may_write=seat.member.may(Act.CLIENT_WRITE),
        may_approve=seat.member.may(Act.CLIENT_APPROVE),
        figures=of_client(one.client_id),
    )


SHOWN_APART = frozenset({"contacts", "legal_grounds", "scope", "optional_scope", "sector", "subject_type"})


def _grants(one: Registration) -> list[tuple[str, bool, str | None, list[tuple[str, str]]]]:
    """Each granted scope value: whether people may leave it out, its ground, and grounds of single claims of it."""
    noted = one.metadata.get("legal_grounds", {})
    optional = one.metadata.get("optional_scope", "").split()
    scopes = one.metadata["scope"].split()
    rows: list[tuple[str, bool, str | None, list[tuple[str, str]]]] = []
    for scope in scopes:
        own = [(name, ground) for name, ground in noted.items() if scope_of(name) == scope and name != scope]
        rows.append((scope, scope in optional, noted.get(scope, "" if scope in WITHOUT else None), own))
    return rows


def _registration(client_id: str) -> Registration:
    found = provider().clients.get(client_id)
    if found is None:
        raise PageRefused("not_found", 404, "no such client")
    return found


@pages.post("/console/clients/<client_id>")
def ask(client_id: str) -> Response:
    """What is to be done with it: confirmed by the passkey, or kept for a second person."""
    form = read_form()
    what = form.get("act", "")
    if what in FOR_TWO:
        seat, one = seated(Act.CLIENT_WRITE), _registration(client_id)
        if what == "client_secret" and not needs_secret(one.metadata):
            raise PageRefused("invalid_request", 400, "authenticates without a secret")
        return ask_second(seat, FOR_TWO[what], one.client_id, form.get("ground", ""), base_version=one.version)
    if what not in AT_ONCE:
        raise PageRefused("invalid_request", 400, "no such act")
    seat = seated(Act.CLIENT_APPROVE)
    one = _registration(client_id)
    name = _listed(one, page_language()).name
    facts = [("console.client.name", name), ("console.client.id", one.client_id)]
    return ask_confirmation(seat, what, {"client": one.client_id}, facts, f"/console/clients/{one.client_id}")


@pages.post("/console/clients/<client_id>/logo")
def logo(client_id: str) -> Response:
    """Another picture: rebuilt from what was sent, and kept for a second person."""
    form = read_form()
    seat, one = seated(Act.CLIENT_WRITE), _registration(client_id)
    sent = request.files.get("picture")
    now = provider().clock()
    try:
        made = read_logo(sent.stream.read() if sent is not None else b"")
    except BrokenRule as broken:
        onward = (f"/console/clients/{one.client_id}", "console.back")
        raise PageRefused("console_logo", 422, broken.rule, onward=onward) from broken
    return ask_second(
        seat,
        Kind.CLIENT_LOGO,
        one.client_id,
        form.get("ground", ""),
        argument=made.name,
        base_version=one.version,
        prepare=lambda step: keep_logo(step, made, now),
    )


def _do(seat: Seat, content: Mapping[str, Any], what: str) -> Response:
    office, actor = provider().client_office, Actor(seat.member)
    one = _registration(content["client"])
    act = {
        "client_stop": office.stop,
        "client_remove": office.remove,
        "client_keep": office.keep,
        "client_logo_drop": office.drop_logo,
    }[what]
    try:
        act(one, actor)
    except (Conflict, BrokenRule) as conflict:
        raise PageRefused("console_conflict", 409, str(conflict)) from conflict
    return go(f"/console/clients/{one.client_id}")


def _at_once(what: str) -> GraveAct:
    return GraveAct(Act.CLIENT_APPROVE, lambda seat, content: _do(seat, content, what))


FOR_TWO = {"client_resume": Kind.CLIENT_RESUME, "client_secret": Kind.CLIENT_SECRET}
AT_ONCE = ("client_stop", "client_remove", "client_keep", "client_logo_drop")
ACTS |= {what: _at_once(what) for what in AT_ONCE}
