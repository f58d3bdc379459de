"""Foreign phones in the console: what reaches which country, what an operator changed about it, how gateways do."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response

from idp.pages.answers import go
from idp.pages.console_confirm import ACTS, GraveAct, ask_confirmation
from idp.pages.console_tables import a_page, as_table, asked
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider
from idp.pages.staff_gate import Seat, seated
from idp.pages.times import utc
from idp.staff.actor import Actor
from idp.staff.roles import Act
from idp.storage.country_overrides import read_overrides
from idp.storage.message_counts import DAY, read_figures
from idp.telephony.coverage import MEMBERS, Country, CoverageError, change
from idp.telephony.figures import Figure, by_country
from idp.telephony.members import read_member, write_member
from idp.telephony.numbers import country_name

pages = Blueprint("console_phones", __name__)
DAYS = 7
SHOWN = (Figure.SENT, Figure.DELIVERED, Figure.VERIFIED, Figure.FAILED)


@pages.get("/console/countries")
def countries() -> Response:
    """Every region: what is open, what was changed, and how many of its messages arrive."""
    seat = seated(Act.COUNTRY_READ)
    found, changed = _found()
    shown, after = a_page(found, lambda one: one.region, 100)
    totals = _totals()
    return page(
        "console/countries.html",
        staff=seat.member,
        countries=[(one, _name(one.region), totals.get(one.region)) for one in shown],
        changed=changed,
        total=len(found),
        search=asked("q"),
        state=asked("state"),
        after=after,
    )


@pages.get("/console/countries.csv")
def countries_csv() -> Response:
    """The same as a file."""
    seated(Act.COUNTRY_READ)
    found, changed = _found()
    rows = [
        [one.region, _name(one.region), *(write_member(getattr(one, name)) for name in MEMBERS), one.region in changed]
        for one in found
    ]
    return as_table("countries", ["region", "name", *MEMBERS, "changed"], rows)


def _found() -> tuple[list[Country], frozenset[str]]:
    wired = provider()
    with wired.database.read() as reading:
        changed = frozenset(read_overrides(reading))
    wanted, state = asked("q").casefold(), asked("state")
    keeps: dict[str, Callable[[Country], bool]] = {
        "changed": lambda one: one.region in changed,
        "closed": lambda one: not (one.sms or one.voice),
        "no_sms": lambda one: not one.sms,
    }
    found = [
        one
        for region, one in sorted(wired.coverage.as_set().countries.items())
        if (wanted in region.casefold() or wanted in _name(region).casefold())
        and (state not in keeps or keeps[state](one))
    ]
    return found, changed


def _name(region: str) -> str:
    return country_name(region, page_language())


def _totals() -> dict[str, dict[str, int]]:
    wired = provider()
    with wired.database.read() as reading:
        cells = read_figures(reading, wired.clock() - (DAYS - 1) * DAY)
    totals: dict[str, dict[str, int]] = {}
    for (region, _), found in by_country(cells.items()).items():
        known = totals.setdefault(region, dict.fromkeys((one.value for one in SHOWN), 0))
        for figure in SHOWN:
            known[figure.value] += found.of(figure)
    return totals


@pages.get("/console/countries/<region>")
def country(region: str) -> Response:
    """One region: every member as it is now, and as the file has it."""
    seat = seated(Act.COUNTRY_READ)
    return _country(seat, region)


def _country(seat: Seat, region: str, problem: str | None = None, typed: Mapping[str, str] | None = None) -> Response:
    wired = provider()
    now, base = wired.coverage.as_set().countries.get(region), wired.coverage.base.countries.get(region)
    if now is None or base is None:
        raise PageRefused("not_found", 404, "no such region")
    members = [
        (name, write_member(getattr(now, name)), write_member(getattr(base, name)), type(getattr(base, name)).__name__)
        for name in MEMBERS
    ]
    return page(
        "console/country.html",
        here=f"/console/countries/{region}",
        staff=seat.member,
        status=422 if problem else 200,
        problem=problem,
        region=region,
        name=_name(region),
        members=members,
        typed=typed or {},
        is_changed=any(one != two for _, one, two, _ in members),
        may_change=seat.member.may(Act.COUNTRY_CHANGE),
    )


@pages.post("/console/countries/<region>")
def ask(region: str) -> Response:
    """Change members, or go back to what the file says: shown, and to be confirmed."""
    form = read_form()
    seat = seated(Act.COUNTRY_CHANGE)
    wired = provider()
    before = wired.coverage.as_set().countries.get(region)
    if before is None:
        raise PageRefused("not_found", 404, "no such region")
    if form.get("act") == "reset":
        return ask_confirmation(
            seat, "country_reset", {"region": region}, [("console.countries.region", _name(region))], _at(region)
        )
    present = {name: getattr(before, name) for name in MEMBERS}
    wanted = {name: read_member(present[name], form[name]) for name in MEMBERS if name in form}
    members = {name: value for name, value in wanted.items() if write_member(value) != write_member(present[name])}
    if not members:
        return _country(seat, region, "nothing would change", form)
    try:
        change(before, members)
    except CoverageError as error:
        return _country(seat, region, str(error), form)
    facts = [("console.countries.region", _name(region))]
    facts += [
        (f"country_member.{name}", f"{write_member(present[name])} → {write_member(value)}")
        for name, value in members.items()
    ]
    return ask_confirmation(seat, "country_set", {"region": region, "members": json.dumps(members)}, facts, _at(region))


def _at(region: str) -> str:
    return f"/console/countries/{region}"


def _set(seat: Seat, content: Mapping[str, Any]) -> Response:
    region = content["region"]
    try:
        provider().phones.override(region, json.loads(content["members"]), Actor(seat.member))
    except CoverageError as error:
        raise PageRefused("console_conflict", 409, str(error)) from error
    return go(_at(region))


def _reset(seat: Seat, content: Mapping[str, Any]) -> Response:
    provider().phones.reset(content["region"], Actor(seat.member))
    return go(_at(content["region"]))


@pages.get("/console/gateways")
def gateways() -> Response:
    """Each gateway by channel: what it did in the last week, and whether it is left alone after failures."""
    seat = seated(Act.COUNTRY_READ)
    return page(
        "console/gateways.html", staff=seat.member, gateways=_gateways(), waiting=provider().phones.waiting(), days=DAYS
    )


@pages.get("/console/gateways.csv")
def gateways_csv() -> Response:
    """The same as a file."""
    seated(Act.COUNTRY_READ)
    heads = ["gateway", "channel", *(one.value for one in SHOWN), "failures", "open_until"]
    rows = [
        [one["gateway"], one["channel"], *(one[figure.value] for figure in SHOWN), one["failures"], one["until"]]
        for one in _gateways()
    ]
    return as_table("gateways", heads, rows)


def _gateways() -> list[dict[str, Any]]:
    wired, now = provider(), provider().clock()
    breakers = wired.phones.breakers()
    with wired.database.read() as reading:
        cells = read_figures(reading, now - (DAYS - 1) * DAY)
    names = {(cell.gateway, cell.channel) for cell in cells} | set(breakers)
    made = []
    for gateway, channel in sorted(names, key=lambda one: (one[0], one[1].value)):
        own = [found for cell, found in cells.items() if (cell.gateway, cell.channel) == (gateway, channel)]
        breaker = breakers.get((gateway, channel))
        until = breaker.open_until if breaker is not None and breaker.is_open(now) else None
        made.append(
            {figure.value: sum(found.of(figure) for found in own) for figure in SHOWN}
            | {"gateway": gateway, "channel": channel.value, "is_open": until is not None}
            | {"failures": breaker.failures if breaker else 0, "until": utc(until) if until is not None else ""}
        )
    return made


ACTS["country_set"] = GraveAct(Act.COUNTRY_CHANGE, _set)
ACTS["country_reset"] = GraveAct(Act.COUNTRY_CHANGE, _reset)
