"""The list of staff in the console; acts on it are at /staff/team, the same page that supervisors have."""

from flask import Blueprint, Response

from idp.pages.console_tables import a_page, as_table, asked
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider
from idp.pages.staff_gate import Seat, seated
from idp.staff.member import Member
from idp.staff.roles import Act, Role

pages = Blueprint("console_members", __name__)
ROLES = tuple(role.value for role in Role)


def _seat() -> Seat:
    """Who sees the whole house; a supervisor sees the own team, elsewhere."""
    seat = seated(Act.STAFF_READ)
    if seat.member.mission is not None:
        raise PageRefused("staff_not_allowed", 403, "sees the own mission only")
    return seat


@pages.get("/console/members")
def members() -> Response:
    """Everybody: searched, filtered by role, a page at a time."""
    seat = _seat()
    found = _found()
    shown, after = a_page(found, lambda one: str(one.id))
    return page(
        "console/members.html",
        staff=seat.member,
        members=shown,
        total=len(found),
        search=asked("q"),
        role=asked("role"),
        roles=ROLES,
        places={one.place.code: one.place.name(page_language()) for one in provider().missions.all()},
        after=after,
        may_appoint=seat.member.may(Act.STAFF_APPOINT),
    )


@pages.get("/console/members.csv")
def members_csv() -> Response:
    """The same as a file."""
    _seat()
    rows = [[one.id, one.name, one.role.value, one.mission or ""] for one in _found()]
    return as_table("members", ["id", "name", "role", "mission"], rows)


def _found() -> list[Member]:
    wanted, role = asked("q").casefold(), asked("role")
    return [
        one
        for one in provider().staff.all()
        if (not wanted or wanted in one.name.casefold() or wanted in (one.mission or ""))
        and (role not in ROLES or role == one.role.value)
    ]
