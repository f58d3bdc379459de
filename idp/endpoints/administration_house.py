"""/admin/v1: missions, staff, countries and gateways."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from idp.endpoints.administration_calls import (
    Problem,
    answer,
    answer_problems,
    as_seen,
    called,
    item_page,
    nothing,
    read_body,
    text_of,
    there,
)
from idp.missions.mission import InvalidMission, Mission, Opening, check_opening
from idp.pages.rendering import provider
from idp.staff.appointing import NotAllowed, takes_two
from idp.staff.member import Member, appointment
from idp.staff.roles import Act, Role
from idp.storage.country_overrides import read_overrides
from idp.storage.message_counts import DAY, read_figures
from idp.telephony.coverage import MEMBERS, Country, CoverageError
from idp.telephony.figures import Figure

endpoint = Blueprint("administration_house", __name__)
answer_problems(endpoint)
FIGURES = (Figure.SENT, Figure.DELIVERED, Figure.VERIFIED, Figure.FAILED)
MOST_QUOTA = 1_000_000


# Missions.


@endpoint.get("/admin/v1/missions")
def missions() -> Response:
    """Every mission, by code."""
    called("admin:missions.read", Act.MISSION_READ)
    return item_page(provider().missions.all(), lambda one: one.place.code, _mission)


@endpoint.get("/admin/v1/missions/<code>")
def mission(code: str) -> Response:
    """One of them."""
    called("admin:missions.read", Act.MISSION_READ)
    return answer(_mission(_find_mission(code)))


@endpoint.put("/admin/v1/missions/<code>")
def set_mission(code: str) -> Response:
    """Open it, close it, or let it issue up to a quota."""
    caller = called("admin:missions.write", Act.MISSION_CHANGE)
    body = read_body("opening", "quota")
    seen = as_seen(_find_mission(code), _mission)
    quota = body.get("quota")
    if quota is not None and (type(quota) is not int or not 0 < quota <= MOST_QUOTA):
        raise Problem(400, f"quota must be a whole number between 1 and {MOST_QUOTA}.")
    try:
        opening = Opening(text_of(body, "opening", 20))
        check_opening(opening, quota)
    except (ValueError, InvalidMission) as refused:
        raise Problem(422, "opening must be open, closed, or pilot with a quota.") from refused
    provider().missions.set_opening([code], opening, quota, caller.actor.id, caller.actor.via, seen=[seen])
    return answer(_mission(_find_mission(code)))


def _find_mission(code: str) -> Mission:
    return there(provider().missions.find(code) if code.isprintable() and len(code) <= 64 else None)


def _mission(one: Mission) -> dict[str, Any]:
    return {
        "code": one.place.code,
        "name": {"ko": one.place.name_ko, "en": one.place.name_en},
        "country": one.place.country,
        "opening": one.opening.value,
        "quota": one.quota,
        "issued": one.issued,
    }


# Staff. Nobody who may decide for the whole house is appointed through a machine: that would be its own second person.


@endpoint.get("/admin/v1/staff")
def staff() -> Response:
    """Every member of staff, by key."""
    called("admin:staff.read", Act.STAFF_READ)
    return item_page(provider().staff.all(), lambda one: one.id.hex, _member)


@endpoint.post("/admin/v1/staff")
def invite() -> Response:
    """A one-time link with which somebody makes their staff passkey; told once."""
    caller = called("admin:staff.write", Act.STAFF_APPOINT)
    body = read_body("name", "role", "mission")
    new = appointment(text_of(body, "name", 200), _role(body), text_of(body, "mission", 64) or None)
    return answer({"link": provider().staff.invite(new, caller.actor.member, caller.actor.via)}, 201)


@endpoint.get("/admin/v1/staff/<uuid:member>")
def one_member(member: UUID) -> Response:
    """One of them."""
    called("admin:staff.read", Act.STAFF_READ)
    return answer(_member(_find_member(member)))


@endpoint.put("/admin/v1/staff/<uuid:member>")
def set_role(member: UUID) -> Response:
    """Another role or mission; it holds at their next request."""
    caller = called("admin:staff.write", Act.STAFF_APPOINT)
    body = read_body("role", "mission")
    of = as_seen(_find_member(member), _member)
    to = appointment(of.name, _role(body), text_of(body, "mission", 64) or None)
    provider().staff.change(member, to.role, to.mission, caller.actor.member, caller.actor.via, seen=of)
    return answer(_member(_find_member(member)))


@endpoint.delete("/admin/v1/staff/<uuid:member>")
def remove_member(member: UUID) -> Response:
    """Their sessions end with their next request."""
    caller = called("admin:staff.write", Act.STAFF_APPOINT)
    of = as_seen(_find_member(member), _member)
    provider().staff.remove(member, caller.actor.member, caller.actor.via, seen=of)
    return nothing()


def _role(body: dict[str, Any]) -> Role:
    try:
        role = Role(text_of(body, "role", 40))
    except ValueError as unknown:
        raise Problem(400, f"role must be one of {', '.join(one.value for one in Role)}.") from unknown
    if takes_two(None, role):
        raise NotAllowed("who may be the second person of a decision is appointed at the console, by two people")
    return role


def _find_member(member: UUID) -> Member:
    return there(next((one for one in provider().staff.all() if one.id == member), None))


def _member(one: Member) -> dict[str, Any]:
    return {"id": str(one.id), "name": one.name, "role": one.role.value, "mission": one.mission}


# What reaches which country.


@endpoint.get("/admin/v1/countries")
def countries() -> Response:
    """Every region: what reaches it."""
    called("admin:countries.read", Act.COUNTRY_READ)
    found = list(provider().coverage.as_set().countries.values())
    return item_page(found, lambda one: one.region, _country)


@endpoint.get("/admin/v1/countries/<region>")
def country(region: str) -> Response:
    """One of them."""
    called("admin:countries.read", Act.COUNTRY_READ)
    return answer(_country(_find_country(region)))


@endpoint.put("/admin/v1/countries/<region>")
def set_country(region: str) -> Response:
    """Change members of it over what the file says; those that are not named stay."""
    caller = called("admin:countries.write", Act.COUNTRY_CHANGE)
    body = read_body(*MEMBERS)
    seen = as_seen(_find_country(region), _country)
    if not body:
        raise CoverageError("nothing would change")
    provider().phones.override(region, body, caller.actor, seen=seen)
    return answer(_country(_stored(region)))


@endpoint.delete("/admin/v1/countries/<region>")
def reset_country(region: str) -> Response:
    """Back to what the file says."""
    caller = called("admin:countries.write", Act.COUNTRY_CHANGE)
    seen = as_seen(_find_country(region), _country)
    provider().phones.reset(region, caller.actor, seen=seen)
    return nothing()


def _stored(region: str) -> Country:
    """As it is stored now, which every process goes by within seconds."""
    wired = provider()
    with wired.database.read() as reading:
        return wired.coverage.base.overridden(read_overrides(reading)).countries[region]


def _find_country(region: str) -> Country:
    if region not in provider().coverage.base.countries:
        raise Problem(404)
    return _stored(region)


def _country(one: Country) -> dict[str, Any]:
    members = {name: getattr(one, name) for name in MEMBERS}
    return {"region": one.region} | {name: list(v) if isinstance(v, tuple) else v for name, v in members.items()}


@endpoint.get("/admin/v1/gateways")
def gateways() -> Response:
    """Each gateway by channel: its last seven days, and whether it is left alone."""
    called("admin:countries.read", Act.COUNTRY_READ)
    wired, now = provider(), provider().clock()
    breakers = wired.phones.breakers()
    with wired.database.read() as reading:
        cells = read_figures(reading, now - 6 * DAY)
    items = []
    for gateway, channel in {(cell.gateway, cell.channel) for cell in cells} | set(breakers):
        own = [found for cell, found in cells.items() if (cell.gateway, cell.channel) == (gateway, channel)]
        breaker = breakers.get((gateway, channel))
        left_alone = breaker.open_until if breaker is not None and breaker.is_open(now) else None
        items.append(
            {"gateway": gateway, "channel": channel.value, "left_alone_until": left_alone}
            | {figure.value: sum(found.of(figure) for found in own) for figure in FIGURES}
        )
    return item_page(items, lambda one: f"{one['gateway']} {one['channel']}", lambda one: one)
