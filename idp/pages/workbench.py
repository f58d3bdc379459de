"""The workbench: the pages of a relying service's own engineers. The list of their services, and one of them."""

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from idp.pages.engineer_gate import WORKBENCH, Bench, bench_of, name_of
from idp.pages.rendering import page, provider
from idp.pages.staff_gate import seated
from idp.pages.times import readable_day, utc
from idp.registration.deadlines import WARN_DAYS, Deadline, days_left
from idp.registration.integration import EXAMPLES, configuration, values_of
from idp.registration.register import needs_secret
from idp.staff.roles import Act
from idp.storage.client_days import days_of
from idp.storage.client_deadlines import ClientDeadlines
from idp.storage.client_proposals import ClientProposals
from idp.storage.engineers import ClientEngineers

pages = Blueprint("workbench", __name__)
COLUMNS = ("codes", "tokens", "declined", "cancelled", "wrong_codes", "replayed", "burned", "refresh_reused")
"""What is counted a day, in the order of the table; keys of the words."""


@pages.get(WORKBENCH)
def home() -> Response:
    """Every service that one is an engineer of."""
    seat = seated(Act.CLIENT_OWN)
    wired = provider()
    with wired.database.read() as reading:
        mine = ClientEngineers(reading).clients_of(seat.member.id)
    found = [one for client_id in mine if (one := wired.clients.get(client_id)) is not None]
    listed = [{"id": one.client_id, "name": name_of(one), "one": one} for one in found]
    return page("workbench/home.html", staff=seat.member, clients=listed, may_make=wired.settings.sandbox)


@pages.get(f"{WORKBENCH}/clients/<client_id>")
def client(client_id: str) -> Response:
    """One service: where it stands, what ends soon, what is counted, and the way to everything else."""
    return show_client(bench_of(client_id))


def show_client(bench: Bench, *, secret: str | None = None, done: str | None = None) -> Response:
    """The same; `secret` is told this once, `done` is a key of the words."""
    wired, now = provider(), provider().clock()
    one = bench.registration
    with wired.database.read() as reading:
        deadlines = ClientDeadlines(reading).of_client(bench.client_id)
        waiting = ClientProposals(reading).of_client(bench.client_id)
        engineers = ClientEngineers(reading).of_client(bench.client_id)
        days = days_of(reading, bench.client_id, now)
    return page(
        "workbench/client.html",
        here=bench.here,
        staff=bench.seat.member,
        bench=bench,
        one=one,
        fields=sorted(one.metadata.items()),
        secret=secret,
        done=done,
        has_secret=needs_secret(one.metadata),
        former=utc(one.former_until) if one.former_until and now < one.former_until else None,
        deadlines=[_shown(each, now) for each in deadlines],
        mails=wired.settings.mail != "none",
        waiting=[(each, utc(each.created_at)) for each in waiting],
        engineers=[each.name for each in engineers],
        days=[(readable_day(start), counts) for start, counts in days],
        columns=[name for name in COLUMNS if any(counts.get(name) for _, counts in days)] or ["codes"],
        checking=bool(one.checked_until and now < one.checked_until),
        examples=EXAMPLES,
    )


def _shown(each: Deadline, now: int) -> dict[str, Any]:
    left = days_left(each.ends_at, now)
    near = next((days for days in reversed(WARN_DAYS) if left <= days), None)
    return {
        "kind": each.kind.value,
        "label": each.label,
        "at": utc(each.ends_at),
        "left": left,
        "state": "over" if left == 0 else "near" if near is not None else "far",
    }


@pages.get(f"{WORKBENCH}/clients/<client_id>/configuration")
def configured(client_id: str) -> Response:
    """Configurations of common software with this very service's values."""
    bench = bench_of(client_id)
    name = request.args.get("for", next(iter(EXAMPLES)))
    if name not in EXAMPLES:
        raise NotFound
    wired, metadata = provider(), bench.registration.metadata
    addresses = list(metadata.get("redirect_uris", ()))
    chosen = request.args.get("redirect_uri", "")
    address = chosen if chosen in addresses else next(iter(addresses), "")
    values = values_of(
        metadata,
        issuer=wired.issuer,
        client_id=bench.client_id,
        redirect_uri=address,
        acr_values=wired.acr_values,
    )
    return page(
        "workbench/configuration.html",
        staff=bench.seat.member,
        bench=bench,
        examples=EXAMPLES,
        chosen=name,
        addresses=addresses,
        values=values,
        replaced=values.redirect_uri != address,
        code=configuration(name, values),
    )
