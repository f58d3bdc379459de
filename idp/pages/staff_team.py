"""The list of staff, and the acts on it: invite, change a role, remove. Each is confirmed with the passkey.

The first form says what is wanted; the answer shows it and asks for the passkey; what the passkey confirms travels
sealed, so nothing else can be done with it.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.pages.answers import go
from idp.pages.console_acts import ask_second
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider, say
from idp.pages.staff_gate import NotProven, Seat, ask_proof, prove, seated
from idp.provider import Provider
from idp.staff.appointing import NotAllowed, refuse_appointment, refuse_change, refuse_removal, takes_two
from idp.staff.member import Appointment, InvalidAppointment, Member, appointment
from idp.staff.pending import Kind, NoGround, check_ground
from idp.staff.roles import AT_A_MISSION, INVITES, Act, Role

pages = Blueprint("staff_team", __name__)
HERE = "/staff/team"
PURPOSE = "team"


@pages.get("/staff/team")
def team() -> Response:
    """Everybody whom this member may see."""
    return _team(seated(Act.STAFF_READ))


def _team(seat: Seat, error: str | None = None, typed: Mapping[str, str] | None = None) -> Response:
    wired = provider()
    reach = INVITES.get(seat.member.role, frozenset())
    places = {one.place.code: one.place.name(page_language()) for one in wired.missions.all()}
    mine = seat.member.mission
    return page(
        "staff/team.html",
        here=HERE,
        status=422 if error else 200,
        staff=seat.member,
        members=wired.staff.all(mine),
        may_appoint=seat.member.may(Act.STAFF_APPOINT),
        roles=[role.value for role in Role if role in reach],
        at_a_mission=[role.value for role in AT_A_MISSION],
        places={code: name for code, name in places.items() if mine in {None, code}},
        names=places,
        reach={role.value for role in reach},
        may_take_two=any(takes_two(None, role) for role in reach),
        error=error,
        typed=typed or {},
    )


@pages.post("/staff/team")
def ask() -> Response:
    """What is wanted: checked, shown, and to be confirmed."""
    form = read_form()
    seat = seated(Act.STAFF_APPOINT)
    wired = provider()
    try:
        content = _wanted(wired, seat.member, form)
    except InvalidAppointment as invalid:
        return _team(seat, invalid.reason, form)
    except NotAllowed as refused:
        raise _refused(wired, seat, refused) from refused
    return _confirm(wired, seat, content)


@pages.post("/staff/team/confirm")
def confirmed() -> Response:
    """The same, confirmed with the passkey: now it is done."""
    form = read_form()
    seat = seated(Act.STAFF_APPOINT)
    wired = provider()
    try:
        content = prove(wired, seat, form, PURPOSE)
    except NotProven as nothing:
        return _team(seat, nothing.notice)
    try:
        if content.get("ground"):
            return _ask_second(seat, content)
        link = _carry_out(wired, seat.member, content)
    except NotAllowed as refused:
        raise _refused(wired, seat, refused) from refused
    except InvalidAppointment as invalid:
        return _team(seat, invalid.reason)
    return go(HERE) if link is None else page("staff/invited.html", staff=seat.member, link=link, name=content["name"])


def _wanted(wired: Provider, by: Member, form: Mapping[str, str]) -> dict[str, Any]:
    """The act that a form asks for. Raises NotAllowed, InvalidAppointment or PageRefused."""
    what = form.get("act", "")
    if what == "invite":
        new = _appointment(form, form.get("name", ""))
        refuse_appointment(by, new)
        content = {"act": what, "name": new.name, "role": new.role.value, "mission": new.mission}
        return content | {"clients": list(new.clients)} | _ground(form, None, new.role)
    if what not in {"remove", "role"}:
        raise PageRefused("invalid_request", 400, "no such act")
    of = _member(wired, by, form.get("member", ""))
    if what == "remove":
        refuse_removal(by, of)
        return {"act": what, "member": str(of.id), "name": of.name, "role": of.role.value, "mission": of.mission}
    to = _appointment(form, of.name)
    refuse_change(by, of, to)
    content = {"act": what, "member": str(of.id), "name": of.name, "role": to.role.value, "mission": to.mission}
    return content | {"before": of.role.value} | _ground(form, of.role, to.role)


def _ground(form: Mapping[str, str], before: Role | None, after: Role) -> dict[str, str]:
    """Why, for the second person of an appointment that takes two. Raises InvalidAppointment."""
    if not takes_two(before, after):
        return {}
    try:
        return {"ground": check_ground(form.get("ground", ""))}
    except NoGround as nothing:
        raise InvalidAppointment("staff.ground_wanted", str(nothing)) from nothing


def _ask_second(seat: Seat, content: Mapping[str, Any]) -> Response:
    """Keep it for a second administrator."""
    if content["act"] == "invite":
        return ask_second(seat, Kind.STAFF_INVITE, content["role"], content["ground"], argument=content["name"])
    roles = f"{content['before']} {content['role']}"
    return ask_second(seat, Kind.STAFF_ROLE, content["member"], content["ground"], argument=roles)


def _appointment(form: Mapping[str, str], name: str) -> Appointment:
    try:
        role = Role(form.get("role", ""))
    except ValueError as error:
        raise PageRefused("invalid_request", 400, "no such role") from error
    clients = form.get("clients", "").replace(",", " ").split() if role is Role.CLIENT_ENGINEER else ()
    return appointment(name, role, (form.get("mission") or None) if role in AT_A_MISSION else None, clients)


def _member(wired: Provider, by: Member, text: str) -> Member:
    """Whom a form names, among those whom this member sees: nobody else exists (abuse case V-02)."""
    found = next((one for one in wired.staff.all(by.mission) if str(one.id) == text), None)
    if found is None:
        raise PageRefused("not_found", 404, "no such member")
    return found


def _confirm(wired: Provider, seat: Seat, content: dict[str, Any]) -> Response:
    mission = wired.missions.find(content["mission"]) if content["mission"] else None
    place = mission.place.name(page_language()) if mission else content["mission"] or say("staff.central")
    rows = [
        {"label": say("staff.name"), "value": content["name"], "lang": None},
        {"label": say("staff.role"), "value": say(f"staff.roles.{content['role']}"), "lang": None},
        {"label": say("staff.place"), "value": place, "lang": None},
    ]
    if content.get("clients"):
        rows.append({"label": say("staff.clients"), "value": ", ".join(content["clients"]), "lang": None})
    if content.get("ground"):
        rows.append({"label": say("console.pending.ground"), "value": content["ground"], "lang": None})
    return page(
        "staff/confirm.html",
        here=HERE,
        staff=seat.member,
        what=content["act"],
        by_two="ground" in content,
        facts_of=rows,
        proof=ask_proof(wired, seat, PURPOSE, content),
    )


def _carry_out(wired: Provider, by: Member, content: Mapping[str, Any]) -> str | None:
    """Do it; the link of an invitation. Raises NotAllowed or InvalidAppointment."""
    role, mission = Role(content["role"]), content["mission"]
    if content["act"] == "invite":
        return wired.staff.invite(appointment(content["name"], role, mission, content["clients"]), by)
    if content["act"] == "remove":
        wired.staff.remove(UUID(content["member"]), by)
    else:
        wired.staff.change(UUID(content["member"]), role, mission, by)
    return None


def _refused(wired: Provider, seat: Seat, refused: NotAllowed) -> PageRefused:
    """An act that the rule refuses is worth an audit row: somebody tried."""
    now = wired.clock()
    with wired.database.begin() as step:
        detail = {"member": seat.member.id, "act": Act.STAFF_APPOINT.value, "why": refused.reason}
        step.record(AuditRow(Event.STAFF_REFUSED, now, detail=detail))
    status = 409 if refused.reason == "staff.last_administrator" else 403
    return PageRefused(
        "staff_act_refused",
        status,
        refused.reason,
        values={"why": say(refused.reason)},
        onward=(HERE, "staff.to_team"),
    )
