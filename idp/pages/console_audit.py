"""The audit in the console: a day at a time, searched, newest first; and the same day as a file."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from idp.audit.catalogue import AuditRow, Event
from idp.audit.export import Wanted, as_csv
from idp.audit.seal import Row, claims_of
from idp.pages.console_confirm import ACTS, GraveAct, ask_confirmation
from idp.pages.console_tables import table
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider
from idp.pages.staff_gate import Seat, seated
from idp.pages.times import utc
from idp.staff.roles import Act
from idp.storage.audit_looks import MOST_WALKED, look

pages = Blueprint("console_audit", __name__)
ON_A_PAGE = 100
MOST_EXPORTED = 10_000
DAY = 86_400
ASKED = ("day", "person", "client", "event")
EVENT_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz_:")


@pages.get("/console/audit")
def audit() -> Response:
    """Rows of one day, today unless another is asked for. Each look costs a bounded number of rows."""
    seat = seated(Act.AUDIT_READ)
    wired = provider()
    wanted, problem = read_wanted(request.args)
    before = _row_key(request.args.get("before", ""))
    found = look(wired.database, wanted, before, ON_A_PAGE) if problem is None else None
    last = wired.ledger.store.last()
    return page(
        "console/audit.html",
        staff=seat.member,
        status=422 if problem else 200,
        problem=problem,
        rows=[(row, utc(row.at)) for row in found.rows] if found else [],
        onward=found.onward.hex if found and found.onward else "",
        walked=None if found is None or found.walked_to_the_end else MOST_WALKED,
        asked=_shown(request.args),
        day=datetime.fromtimestamp(wanted.since or 0, UTC).date().isoformat(),
        seal=claims_of(last.statement) if last else None,
        sealed_at=utc(last.sealed_at) if last else "",
    )


@pages.post("/console/audit")
def ask_table() -> Response:
    """The day as a file: what is in it can be carried away, so it takes the passkey."""
    form = read_form()
    seat = seated(Act.AUDIT_READ)
    wanted, problem = read_wanted(form)
    if problem is not None:
        raise PageRefused("invalid_request", 400, problem)
    asked = {name: value for name, value in _shown(form).items() if value}
    day = datetime.fromtimestamp(wanted.since or 0, UTC).date().isoformat()
    facts = [("console.audit.day", day)]
    facts += [(LABELS[name], value) for name, value in asked.items() if name != "day"]
    return ask_confirmation(seat, "audit_export", asked | {"day": day}, facts, "/console/audit")


LABELS = {"person": "console.audit.person", "client": "console.client.id", "event": "console.audit.event"}


def _export(seat: Seat, content: Mapping[str, Any]) -> Response:
    wired = provider()
    wanted, problem = read_wanted(content)
    if problem is not None:
        raise PageRefused("invalid_request", 400, problem)
    asked = {name: content[name] for name in ASKED if content.get(name)}
    with wired.database.begin() as step:
        detail = {"by": seat.member.id, "wanted": asked}
        step.record(AuditRow(Event.AUDIT_EXPORTED, wired.clock(), detail=detail))
    return table("".join(as_csv(_bounded(wanted))), "audit")


def _bounded(wanted: Wanted) -> Iterator[Row]:
    return islice(provider().ledger.rows(wanted), MOST_EXPORTED)


def read_wanted(asked: Mapping[str, Any]) -> tuple[Wanted, str | None]:
    """What is asked for, and the key of the words that says what is wrong with it."""
    now, problem = provider().clock(), None
    start = now - now % DAY
    person: UUID | None = None
    try:
        if day := asked.get("day"):
            start = int(datetime.fromisoformat(day[:10]).replace(tzinfo=UTC).timestamp())
        person = UUID(text) if (text := asked.get("person")) else None
    except (ValueError, OverflowError):
        problem = "console.audit.unreadable"
    event = asked.get("event") or None
    if event is not None and not set(event) <= EVENT_CHARACTERS:
        event, problem = None, "console.audit.unreadable"
    client = (asked.get("client") or "").replace("\0", "")[:64] or None
    return Wanted(person, client, start, start + DAY, event), problem


def _shown(asked: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(asked.get(name, ""))[:100] for name in ASKED}


def _row_key(text: str) -> UUID | None:
    try:
        return UUID(hex=text) if text else None
    except ValueError as error:
        raise PageRefused("invalid_request", 400, "no such row") from error


ACTS["audit_export"] = GraveAct(Act.AUDIT_READ, _export)
