"""Acts that wait for a second person: one of them, and its decision (idp/staff/pending.py says which and why)."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from idp.keys.retiring import NotInTheRing
from idp.pages.answers import go
from idp.pages.console_confirm import ACTS, HOME, GraveAct, ask_confirmation
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider, say
from idp.pages.staff_gate import Seat, seated
from idp.pages.times import utc
from idp.provider import Provider
from idp.registration.changes import Conflict
from idp.registration.errors import BrokenRule
from idp.registration.registration import Registration
from idp.staff.actor import Actor
from idp.staff.appointing import NotAllowed
from idp.staff.four_eyes import Decision, SecondPersonRefused, refuse_second_person
from idp.staff.member import appointment
from idp.staff.pending import ASKS, DECIDES, Kind, NoGround, Pending, check_ground
from idp.staff.roles import Act, Role
from idp.staff.switches import Feature
from idp.storage.database import Transaction
from idp.storage.pending_acts import PendingActs

pages = Blueprint("console_acts", __name__)
DECISIONS = ("act_approve", "act_decline")
LEADS_TO = {
    Kind.CLIENT_RESUME: "/console/clients/{subject}",
    Kind.CLIENT_SECRET: "/console/clients/{subject}",
    Kind.CLIENT_LOGO: "/console/clients/{subject}",
    Kind.KEYS_ROTATE: "/console/keys",
    Kind.KEY_RETIRE: "/console/keys",
    Kind.SWITCH_ON: "/console/switches",
    Kind.STAFF_INVITE: "/staff/team",
    Kind.STAFF_ROLE: "/staff/team",
}


def ask_second(
    seat: Seat,
    kind: Kind,
    subject: str,
    ground: str,
    *,
    argument: str = "",
    base_version: int | None = None,
    prepare: Callable[[Transaction], None] = lambda _step: None,
) -> Response:
    """Keep the act for a second person, and show it. `prepare` writes what it needs in the same transaction."""
    wired, now = provider(), provider().clock()
    back = LEADS_TO[kind].format(subject=subject)
    try:
        reason = check_ground(ground)
    except NoGround as nothing:
        raise PageRefused("console_no_ground", 422, str(nothing), onward=(back, "console.back")) from nothing
    with wired.database.begin() as step:
        prepare(step)
        row = PendingActs(step).ask(
            kind, subject, reason, Actor(seat.member), now, argument=argument, base_version=base_version
        )
    return go(f"/console/acts/{row}")


@pages.get("/console/acts/<uuid:pending>")
def act(pending: UUID) -> Response:
    """What is asked for, by whom and why, and who decides."""
    seat = seated()
    one = _visible(seat, pending)
    wired = provider()
    client = wired.clients.get(one.subject) if one.kind.value.startswith("client_") else None
    return page(
        "console/act.html",
        staff=seat.member,
        pending=one,
        proposer=name_of(one.proposer),
        created=utc(one.created_at),
        decider=name_of(one.decided_by) if one.decided_by else "",
        is_open=one.is_open(wired.clock()),
        outdated=_outdated(one, client),
        about=appointment_shown(one),
        may_decide=seat.member.id not in {one.proposer, *_concerned(one)} and seat.member.may(DECIDES[one.kind]),
        may_take_back=one.proposer == seat.member.id,
        leads_to=LEADS_TO[one.kind].format(subject=one.subject),
    )


@pages.post("/console/acts/<uuid:pending>")
def decide(pending: UUID) -> Response:
    """The decision: shown, and to be confirmed. Who asked may take it back, and no more."""
    form = read_form()
    seat = seated()
    one = _visible(seat, pending)
    what = form.get("decision", "")
    if what not in DECISIONS:
        raise PageRefused("invalid_request", 400, "no such decision")
    own = one.proposer == seat.member.id
    if own and what == "act_approve":
        raise _refused("four_eyes.same_person")
    if seat.member.id in _concerned(one) and what == "act_approve":
        raise _refused("four_eyes.own_case")
    if not own and not seat.member.may(DECIDES[one.kind]):
        raise PageRefused("staff_not_allowed", 403, f"may not {DECIDES[one.kind].value}", onward=HOME)
    facts = [("console.pending.what", say(f"console_pending.{one.kind.value}"))]
    facts += appointment_shown(one) or [("console.pending.subject", one.subject)]
    return ask_confirmation(seat, what, {"pending": str(one.id)}, facts, f"/console/acts/{one.id}")


def name_of(member: UUID) -> str:
    """Whose name a page shows; somebody who left is known by the key alone."""
    found = next((one for one in provider().staff.all() if one.id == member), None)
    return found.name if found else str(member)


def appointment_shown(one: Pending) -> list[tuple[str, str]]:
    """Who is to be what, of an appointment: labels (keys of words) and values."""
    if one.kind is Kind.STAFF_INVITE:
        return [("staff.name", one.argument), ("staff.role", say(f"staff.roles.{one.subject}"))]
    if one.kind is Kind.STAFF_ROLE:
        before, after = (say(f"staff.roles.{role}") for role in one.argument.split())
        return [("staff.name", name_of(UUID(one.subject))), ("staff.role", before), ("staff.new_role", after)]
    return []


def _concerned(one: Pending) -> frozenset[UUID]:
    """Whom it is about: nobody decides what they become themselves."""
    return frozenset({UUID(one.subject)}) if one.kind is Kind.STAFF_ROLE else frozenset()


def waiting_for(seat: Seat) -> list[Pending]:
    """What waits and this member may see."""
    wired = provider()
    with wired.database.read() as reading:
        return [one for one in PendingActs(reading).waiting(wired.clock()) if _sees(seat, one)]


def _sees(seat: Seat, one: Pending) -> bool:
    kinds = {Act.CLIENT_READ: "client_", Act.KEY_READ: "key", Act.SWITCH_READ: "switch_", Act.AUDIT_READ: "staff_"}
    return any(one.kind.value.startswith(begins) and seat.member.may(act) for act, begins in kinds.items())


def _visible(seat: Seat, row: UUID) -> Pending:
    one = _find(row)
    if not _sees(seat, one):
        raise PageRefused("staff_not_allowed", 403, "may not see this act", onward=HOME)
    return one


def _find(row: UUID) -> Pending:
    with provider().database.read() as reading:
        found = PendingActs(reading).find(row)
    if found is None:
        raise PageRefused("not_found", 404, "no such act")
    return found


def _refused(reason: str) -> PageRefused:
    return PageRefused("staff_act_refused", 403, reason, values={"why": say(reason)}, onward=HOME)


def _conflict(why: str) -> PageRefused:
    return PageRefused("console_conflict", 409, why, onward=("/console/proposals", "console.to_proposals"))


def _outdated(one: Pending, client: Registration | None) -> bool:
    return one.base_version is not None and (client is None or client.version != one.base_version)


def _approve(seat: Seat, content: Mapping[str, Any]) -> Response:
    wired, now = provider(), provider().clock()
    one = _find(UUID(content["pending"]))
    if not seat.member.may(DECIDES[one.kind]):
        raise PageRefused("staff_not_allowed", 403, f"may not {DECIDES[one.kind].value}", onward=HOME)
    try:
        decision = Decision(act=DECIDES[one.kind], first=one.proposer, concerned=_concerned(one))
        refuse_second_person(decision, seat.member, proven_at=now, now=now)
    except SecondPersonRefused as refused:
        raise _refused(refused.reason) from refused
    client = wired.clients.get(one.subject) if one.kind.value.startswith("client_") else None
    if _outdated(one, client) or not _still_asked(wired, one):
        raise _conflict("changed since, or the one who asked may ask no more")
    try:
        with wired.database.begin() as step:
            if not PendingActs(step).decide(one, "approved", seat.member.id, now):
                raise Conflict(one.subject)  # noqa: TRY301 (the transaction has to end with it)
            secret = CARRY_OUT[one.kind](wired, step, one, client, Actor(seat.member))
    except (Conflict, BrokenRule, NotInTheRing) as conflict:
        raise _conflict(str(conflict)) from conflict
    except NotAllowed as refused:
        raise _refused(refused.reason) from refused
    wired.switches.forget()
    if secret is None:
        return go(LEADS_TO[one.kind].format(subject=one.subject))
    if one.kind is Kind.STAFF_INVITE:
        return page("staff/invited.html", staff=seat.member, link=secret, name=one.argument)
    return page("console/secret.html", staff=seat.member, client_id=one.subject, secret=secret)


def _still_asked(wired: Provider, one: Pending) -> bool:
    """Whether the one who asked is still there and may still ask: what a thief left behind ends with the theft."""
    asker = next((member for member in wired.staff.all() if member.id == one.proposer), None)
    return asker is not None and asker.may(ASKS[one.kind])


def _decline(seat: Seat, content: Mapping[str, Any]) -> Response:
    wired, now = provider(), provider().clock()
    one = _find(UUID(content["pending"]))
    if one.proposer != seat.member.id and not seat.member.may(DECIDES[one.kind]):
        raise PageRefused("staff_not_allowed", 403, f"may not {DECIDES[one.kind].value}", onward=HOME)
    with wired.database.begin() as step:
        PendingActs(step).decide(one, "declined", seat.member.id, now)
    return go("/console/proposals")


CarryOut = Callable[[Provider, Transaction, Pending, Registration | None, Actor], str | None]


def _resume(wired: Provider, step: Transaction, one: Pending, client: Registration | None, actor: Actor) -> None:
    wired.client_office.resume(_there(client), actor, step, one.proposer)


def _secret(wired: Provider, step: Transaction, one: Pending, client: Registration | None, actor: Actor) -> str:
    return wired.client_office.new_secret(_there(client), actor, step, one.proposer)


def _logo(wired: Provider, step: Transaction, one: Pending, client: Registration | None, actor: Actor) -> None:
    wired.client_office.set_logo(_there(client), one.argument, actor, step, one.proposer)


def _rotate(wired: Provider, step: Transaction, one: Pending, _client: Registration | None, actor: Actor) -> None:
    wired.key_office.rotate_decided(step, actor, one.proposer)


def _retire(wired: Provider, step: Transaction, one: Pending, _client: Registration | None, actor: Actor) -> None:
    wired.key_office.retire_decided(one.subject, step, actor, one.proposer)


def _switch_on(wired: Provider, step: Transaction, one: Pending, _client: Registration | None, actor: Actor) -> None:
    wired.switches.turn(step, Feature(one.subject), actor, on=True)


def _invite(wired: Provider, step: Transaction, one: Pending, _client: Registration | None, actor: Actor) -> str:
    new = appointment(one.argument, Role(one.subject), None)
    return wired.staff.invite_decided(step, new, first=one.proposer, second=_person(actor))


def _role(wired: Provider, step: Transaction, one: Pending, _client: Registration | None, actor: Actor) -> None:
    before, after = (Role(role) for role in one.argument.split())
    wired.staff.change_decided(step, UUID(one.subject), before, after, first=one.proposer, second=_person(actor))


def _person(actor: Actor) -> UUID:
    assert actor.id is not None  # who decides here sits at a desk
    return actor.id


def _there(client: Registration | None) -> Registration:
    if client is None:
        raise Conflict("no such client any more")
    return client


CARRY_OUT: dict[Kind, CarryOut] = {
    Kind.CLIENT_RESUME: _resume,
    Kind.CLIENT_SECRET: _secret,
    Kind.CLIENT_LOGO: _logo,
    Kind.KEYS_ROTATE: _rotate,
    Kind.KEY_RETIRE: _retire,
    Kind.SWITCH_ON: _switch_on,
    Kind.STAFF_INVITE: _invite,
    Kind.STAFF_ROLE: _role,
}

ACTS["act_approve"] = GraveAct(None, _approve)  # which act it takes depends on what was asked for
ACTS["act_decline"] = GraveAct(None, _decline)
