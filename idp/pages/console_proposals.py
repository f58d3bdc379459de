"""Proposals in the console: a new service or a change of one, and the second person who decides (four eyes)."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, request

from idp.audit.catalogue import AuditRow, Event
from idp.pages.answers import go
from idp.pages.client_form import Choices, fill, groups, read
from idp.pages.console_acts import name_of, waiting_for
from idp.pages.console_confirm import ACTS, HOME, GraveAct, ask_confirmation
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider, say
from idp.pages.staff_gate import Seat, seated
from idp.pages.times import utc
from idp.registration.changes import Conflict
from idp.registration.legal_grounds import WITHOUT
from idp.registration.names import look_alike
from idp.registration.proposals import Proposal, RegistrationRefused, carried_out
from idp.registration.registration import Registration
from idp.staff.actor import Actor
from idp.staff.four_eyes import Decision, SecondPersonRefused, refuse_second_person
from idp.staff.roles import Act
from idp.storage import AlreadyTaken
from idp.storage.client_proposals import ClientProposals
from idp.storage.staff_office import bind_proposer

pages = Blueprint("console_proposals", __name__)
START = {
    "client_name": "",
    "redirect_uris": ["https://"],
    "scope": "openid profile",
    "legal_grounds": {"profile": ""},
    "contacts": [],
}
"""What the form begins with for a new service."""


@pages.get("/console/proposals")
def proposals() -> Response:
    """What waits for a decision."""
    seat = seated(Act.CLIENT_READ)
    with provider().database.read() as reading:
        waiting = ClientProposals(reading).waiting()
    return page(
        "console/proposals.html",
        staff=seat.member,
        waiting=[(one, name_of(one.proposer), utc(one.created_at)) for one in waiting],
        waiting_acts=[(one, name_of(one.proposer), utc(one.created_at)) for one in waiting_for(seat)],
        may_write=seat.member.may(Act.CLIENT_WRITE),
    )


@pages.get("/console/proposals/new")
def new() -> Response:
    """The form: an empty one, or filled with what a service is registered with; by fields, or as one JSON text."""
    seat = seated(Act.CLIENT_WRITE)
    existing = provider().clients.get(request.args.get("client", ""))
    document: Mapping[str, Any] = dict(existing.metadata) if existing else START
    start = {"client_id": existing.client_id if existing else "", "ground": ""}
    if request.args.get("as") == "json":
        typed = start | {"metadata": json.dumps(document, ensure_ascii=False, indent=2)}
        return _form(seat, typed, existing)
    return _form(seat, start | fill(document, _choices()), existing)


def _choices() -> Choices:
    offer = provider().offer
    return Choices(scopes=offer.scopes, acr_values=offer.acr_values)


def _form(
    seat: Seat, typed: Mapping[str, str], existing: Registration | None, problems: list[str] | None = None
) -> Response:
    as_json = "metadata" in typed
    query = {"client": existing.client_id if existing else "", "as": "json" if as_json else ""}
    return page(
        "console/propose.html" if as_json else "console/propose_fields.html",
        here="/console/proposals/new?" + urlencode({name: value for name, value in query.items() if value}),
        groups=groups(_choices()),
        scopes=[one for one in _choices().scopes if one != "openid"],
        without_ground=WITHOUT,
        status=422 if problems else 200,
        staff=seat.member,
        typed=typed,
        existing=existing,
        problems=problems or [],
    )


@pages.post("/console/proposals")
def propose() -> Response:
    """Check what is proposed, the whole of it, and keep it for the second person."""
    form = read_form()
    seat = seated(Act.CLIENT_WRITE)
    wired = provider()
    client_id, ground = form.get("client_id", "").strip(), form.get("ground", "").strip()
    existing = wired.clients.get(client_id)
    try:
        document: str | Mapping[str, Any] = form["metadata"] if "metadata" in form else read_fields(form, existing)
        row = wired.client_office.propose(document, ground, client_id, Actor(seat.member), wired.offer, wired.outbound)
    except RegistrationRefused as refused:
        return _form(seat, form, existing, list(refused.problems))
    return go(f"/console/proposals/{row}")


def read_fields(form: Mapping[str, str], existing: Registration | None) -> dict[str, Any]:
    """The document that the fields make: what they do not show stays as it is registered. Raises RefusedMetadata."""
    return read(form, existing.metadata if existing else {}, _choices())


@pages.get("/console/proposals/<uuid:row>")
def proposal(row: UUID) -> Response:
    """One proposal: exactly what would change."""
    seat = seated(Act.CLIENT_READ)
    one = _find(row)
    existing = provider().clients.get(one.client_id)
    others = [other for other in provider().clients.list() if other.client_id != one.client_id]
    return page(
        "console/proposal.html",
        staff=seat.member,
        proposal=one,
        difference=one.difference(existing) if one.outcome is None else {},
        new_waivers=one.new_waivers(existing),
        look_alikes=[other.client_id for other in others if look_alike(one.metadata, other.metadata)],
        outdated=(existing.version if existing else None) != one.base_version,
        proposer=name_of(one.proposer),
        decider=name_of(one.decided_by) if one.decided_by else None,
        created=utc(one.created_at),
        may_decide=seat.member.may(Act.CLIENT_APPROVE) and one.proposer != seat.member.id,
        shown=lambda value: say("console.absent") if value is None else json.dumps(value, ensure_ascii=False),
    )


@pages.post("/console/proposals/<uuid:row>")
def decide(row: UUID) -> Response:
    """The decision of the second person: shown, and to be confirmed."""
    form = read_form()
    seat = seated(Act.CLIENT_APPROVE)
    one = _find(row)
    what = form.get("decision", "")
    if what not in {"proposal_approve", "proposal_decline"}:
        raise PageRefused("invalid_request", 400, "no such decision")
    if one.proposer == seat.member.id:
        raise _refused("four_eyes.same_person")
    facts = [("console.client.id", one.client_id), ("console.proposal.by", name_of(one.proposer))]
    return ask_confirmation(seat, what, {"proposal": str(one.id)}, facts, f"/console/proposals/{one.id}")


def _find(row: UUID) -> Proposal:
    with provider().database.read() as reading:
        found = ClientProposals(reading).find(row)
    if found is None:
        raise PageRefused("not_found", 404, "no such proposal")
    return found


def _refused(reason: str) -> PageRefused:
    return PageRefused("staff_act_refused", 403, reason, values={"why": say(reason)}, onward=HOME)


def _check_second(seat: Seat, one: Proposal, now: int) -> None:
    try:
        decision = Decision(act=Act.CLIENT_APPROVE, first=one.proposer)
        refuse_second_person(decision, seat.member, proven_at=now, now=now)
    except SecondPersonRefused as refused:
        raise _refused(refused.reason) from refused


def _approve(seat: Seat, content: Mapping[str, Any]) -> Response:
    wired, now = provider(), provider().clock()
    one = _find(UUID(content["proposal"]))
    _check_second(seat, one, now)
    existing = wired.clients.get(one.client_id)
    try:
        outcome, change = carried_out(one, existing, wired.offer, now=now, random_bytes=wired.random_bytes)
        with wired.database.begin() as step:
            if not ClientProposals(step).decide(one.id, "approved", seat.member.id, now):
                raise Conflict(one.client_id)  # noqa: TRY301 (the transaction has to end with it)
            wired.clients.put(step, [change])
            if existing is None:
                bind_proposer(step, one.proposer, one.client_id, by=seat.member.id, now=now)
            detail = {"proposal": one.id, "by": seat.member.id, "first": one.proposer}
            step.record(AuditRow(Event.CLIENT_APPROVED, now, client=one.client_id, detail=detail))
    except (Conflict, AlreadyTaken, RegistrationRefused) as conflict:
        raise PageRefused(
            "console_conflict", 409, str(conflict), onward=("/console/proposals", "console.to_proposals")
        ) from conflict
    if outcome.secret is None:
        return go(f"/console/clients/{one.client_id}")
    return page("console/secret.html", staff=seat.member, client_id=one.client_id, secret=outcome.secret)


def _decline(seat: Seat, content: Mapping[str, Any]) -> Response:
    wired, now = provider(), provider().clock()
    one = _find(UUID(content["proposal"]))
    with wired.database.begin() as step:
        if ClientProposals(step).decide(one.id, "declined", seat.member.id, now):
            detail = {"proposal": one.id, "by": seat.member.id, "first": one.proposer}
            step.record(AuditRow(Event.CLIENT_DECLINED, now, client=one.client_id, detail=detail))
    return go("/console/proposals")


ACTS["proposal_approve"] = GraveAct(Act.CLIENT_APPROVE, _approve)
ACTS["proposal_decline"] = GraveAct(Act.CLIENT_APPROVE, _decline)
