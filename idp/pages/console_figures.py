"""Figures as pictures: sign-ins by hour and service, messages by country and gateway, errors.

Everything is read from what the worker has counted (hourly_counts, message_counts): no page counts rows of the audit.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, request

from idp.audit.catalogue import Event
from idp.pages.charts import Bars, Columns, bars, columns
from idp.pages.console_tables import as_table
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider
from idp.pages.staff_gate import seated
from idp.staff.roles import Act
from idp.storage.hourly_counts import HOUR, THE_HOUSE, busiest, hours_of
from idp.storage.message_counts import DAY, read_figures
from idp.telephony.figures import Cell, Figure, Figures, by_country

pages = Blueprint("console_figures", __name__)
SIGN_INS = (Event.CODE_ISSUED.tag, Event.CONSENT_GIVEN.tag)
"""A sign-in that ends in a code; where the person was asked first, their consent is the row that says so."""
ERRORS = tuple(
    event.tag
    for event in (
        Event.CODE_REFUSED,
        Event.PROOF_REFUSED,
        Event.CODE_REPLAYED,
        Event.REFRESH_REUSED,
    )
)
PERIODS = {"2": 48, "7": 168, "14": 336}
"""Days that can be chosen, and their hours."""
MOST_SERVICES = 20
MOST_COUNTRIES = 20
PARTS = (Figure.SENT, Figure.DELIVERED, Figure.VERIFIED)


@dataclass(frozen=True, slots=True)
class OfClient:
    """How one service did in the last two days."""

    sign_ins: Columns
    errors: tuple[tuple[str, int], ...]


def of_client(client_id: str) -> OfClient:
    """The figures on the page of one service."""
    wired = provider()
    last = wired.clock() // HOUR
    first = last - PERIODS["2"] + 1
    with wired.database.read() as reading:
        counts = hours_of(reading, client_id, first)
    return OfClient(_of(counts, SIGN_INS, first, last), _errors(counts))


@pages.get("/console/figures")
def figures() -> Response:
    """The pictures of the whole house, of two, seven or fourteen days."""
    seat = seated(Act.FIGURES_READ)
    days, hours = _period()
    wired = provider()
    now = wired.clock()
    first, last = now // HOUR - hours + 1, now // HOUR
    with wired.database.read() as reading:
        counts = hours_of(reading, THE_HOUSE, first)
        services = busiest(reading, SIGN_INS, first, MOST_SERVICES, leave_out=_is_sandbox)
        messages = read_figures(reading, now - (int(days) - 1) * DAY)
    return page(
        "console/figures.html",
        staff=seat.member,
        days=days,
        periods=list(PERIODS),
        sign_ins=_of(counts, SIGN_INS, first, last, every=hours // 8),
        refusals=_of(counts, ERRORS, first, last, every=hours // 8),
        errors=_errors(counts),
        services=bars([(_name(client), (count,)) for client, count in services]),
        countries=_countries(messages),
        gateways=_gateways(messages),
    )


@pages.get("/console/figures.csv")
def figures_csv() -> Response:
    """The hours behind the pictures: one line an hour and event."""
    seated(Act.FIGURES_READ)
    _, hours = _period()
    wired = provider()
    with wired.database.read() as reading:
        counts = hours_of(reading, THE_HOUSE, wired.clock() // HOUR - hours + 1)
    return as_table(
        "figures", ["hour", "event", "count"], [(h * HOUR, what, n) for (h, what), n in sorted(counts.items())]
    )


def _period() -> tuple[str, int]:
    days = request.args.get("days", "2")
    if days not in PERIODS:
        raise PageRefused("invalid_request", 400, "no such period")
    return days, PERIODS[days]


def _of(counts: Mapping[tuple[int, str], int], tags: Collection[str], first: int, last: int, every: int = 6) -> Columns:
    return columns(_together(counts, tags), first, last, every)


def _together(counts: Mapping[tuple[int, str], int], tags: Collection[str]) -> dict[int, int]:
    hours: dict[int, int] = {}
    for (hour, what), count in counts.items():
        if what in tags:
            hours[hour] = hours.get(hour, 0) + count
    return hours


def _errors(counts: Mapping[tuple[int, str], int]) -> tuple[tuple[str, int], ...]:
    totals = {tag: sum(count for (_, what), count in counts.items() if what == tag) for tag in ERRORS}
    return tuple((tag, count) for tag, count in totals.items() if count)


def _is_sandbox(client_id: str) -> bool:
    client = provider().clients.find(client_id)
    return client is not None and client.environment == "sandbox"


def _name(client_id: str) -> str:
    client = provider().clients.find(client_id)
    return client_id if client is None else client.name(page_language())[:24]


def _countries(messages: Mapping[Cell, Figures]) -> Bars:
    """From sent to verified, by country: those with the most messages."""
    totals: dict[str, list[int]] = {}
    for (region, _), found in by_country(messages.items()).items():
        known = totals.setdefault(region, [0] * len(PARTS))
        for place, part in enumerate(PARTS):
            known[place] += found.of(part)
    most = sorted(totals.items(), key=lambda one: (-one[1][0], one[0]))[:MOST_COUNTRIES]
    return bars([(region, values) for region, values in most])


def _gateways(messages: Mapping[Cell, Figures]) -> list[tuple[str, str, dict[str, int], int | None]]:
    """What each gateway did, by channel: counts, and the median delay in seconds."""
    totals: dict[tuple[str, str], Figures] = {}
    for cell, found in messages.items():
        total = totals.setdefault((cell.gateway, cell.channel.value), Figures())
        for figure, count in found.counts.items():
            total.add(figure.value, count)
        for step, count in found.delays.items():
            total.add(f"delay_{step}", count)
    return [
        (gateway, channel, {part.value: total.of(part) for part in (*PARTS, Figure.FAILED)}, total.delay(0.5))
        for (gateway, channel), total in sorted(totals.items())
    ]
