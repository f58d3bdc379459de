"""The console's first page, and what is only looked at there: the audit, the outbox; and the signing keys."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from idp.audit.catalogue import AuditRow, Event
from idp.audit.export import Wanted, as_csv, readable
from idp.audit.seal import Row, claims_of
from idp.keys.first_keys import rotate_keys
from idp.keys.signing import PUBLISH_AHEAD_SECONDS
from idp.pages.answers import go
from idp.pages.console_clients import table
from idp.pages.console_confirm import ACTS, GraveAct, ask_confirmation
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider, say
from idp.pages.staff_gate import Seat, seated
from idp.staff.roles import Act
from idp.storage.client_proposals import ClientProposals
from idp.storage.outbox import SqlOutbox
from idp.storage.signing_keys import SigningKeys

pages = Blueprint("console", __name__)
TILES = {
    "clients": Act.CLIENT_READ,
    "proposals": Act.CLIENT_READ,
    "keys": Act.KEY_READ,
    "outbox": Act.OUTBOX_READ,
    "audit": Act.AUDIT_READ,
}
"""What there is, and the act that it takes."""
ON_A_PAGE = 100
MOST_EXPORTED = 10_000
DAY = 86_400


@pages.get("/console")
def home() -> Response:
    """What this member may do here; 403 for who may do nothing of it."""
    seat = seated()
    tiles = [name for name, act in TILES.items() if seat.member.may(act)]
    if not tiles:
        raise PageRefused("staff_not_allowed", 403, f"{seat.member.role.value} has nothing to do in the console")
    with provider().database.read() as reading:
        waiting = len(ClientProposals(reading).waiting()) if "proposals" in tiles else 0
    return page("console/home.html", staff=seat.member, tiles=tiles, waiting=waiting)


# The audit.


@pages.get("/console/audit")
def audit() -> Response:
    """Rows, newest day unless another is asked for; bounded by time, so that no look costs more than a day."""
    seat = seated(Act.AUDIT_READ)
    wanted, problem = _wanted()
    rows = list(islice(provider().ledger.rows(wanted), ON_A_PAGE + 1)) if problem is None else []
    last = provider().ledger.store.last()
    return page(
        "console/audit.html",
        staff=seat.member,
        status=422 if problem else 200,
        problem=problem,
        rows=[(row, readable(row.at)) for row in rows[:ON_A_PAGE]],
        more=len(rows) > ON_A_PAGE,
        asked={name: request.args.get(name, "")[:100] for name in ("day", "person", "client", "event")},
        day=datetime.fromtimestamp(wanted.since or 0, UTC).date().isoformat(),
        seal=claims_of(last.statement) if last else None,
        sealed_at=readable(last.sealed_at) if last else "",
    )


@pages.get("/console/audit.csv")
def audit_csv() -> Response:
    """The same as a table, which is itself an act on the record."""
    seat = seated(Act.AUDIT_READ)
    wired = provider()
    wanted, problem = _wanted()
    if problem is not None:
        raise PageRefused("invalid_request", 400, problem)
    asked = {name: value for name in ("day", "person", "client", "event") if (value := request.args.get(name))}
    with wired.database.begin() as step:
        detail = {"by": seat.member.id, "wanted": asked}
        step.record(AuditRow(Event.AUDIT_EXPORTED, wired.clock(), detail=detail))
    return table("".join(as_csv(_bounded(wanted))), "audit")


def _bounded(wanted: Wanted) -> Iterator[Row]:
    return islice(provider().ledger.rows(wanted), MOST_EXPORTED)


def _wanted() -> tuple[Wanted, str | None]:
    """What the address asks for, and the key of the words that says what is wrong with it."""
    now, problem = provider().clock(), None
    start = now - now % DAY
    person: UUID | None = None
    try:
        if day := request.args.get("day"):
            start = int(datetime.fromisoformat(day[:10]).replace(tzinfo=UTC).timestamp())
        person = UUID(text) if (text := request.args.get("person")) else None
    except (ValueError, OverflowError):
        problem = "console.audit.unreadable"
    event = request.args.get("event") or None
    if event is not None and not set(event) <= set("abcdefghijklmnopqrstuvwxyz_:"):
        event, problem = None, "console.audit.unreadable"
    client = (request.args.get("client") or "").replace("\0", "")[:64] or None
    return Wanted(person, client, start, start + DAY, event), problem


# The outbox.


@pages.get("/console/outbox")
def outbox() -> Response:
    """What waits to leave, and what was given up in the last days; never what it says."""
    seat = seated(Act.OUTBOX_READ)
    items = SqlOutbox(provider().database).standing()
    shown = [(one, readable(one.created_at), readable(one.due_at) if one.due_at else "") for one in items]
    return page("console/outbox.html", staff=seat.member, items=shown)


# The signing keys.


@pages.get("/console/keys")
def keys() -> Response:
    """The ring: what each key is for and where it is in its life."""
    seat = seated(Act.KEY_READ)
    wired, now = provider(), provider().clock()
    rows = [
        {
            "kid": one.kid,
            "alg": one.alg,
            "state": "signs" if one.signs(now) else "published" if one.is_published(now) else "gone",
            "days": max(0, now - one.signs_from) // DAY,
            "from": readable(one.signs_from),
            "gone": readable(one.gone_at) if one.gone_at else "",
        }
        for one in reversed(wired.key_periods())
    ]
    return page("console/keys.html", staff=seat.member, keys=rows, may_rotate=seat.member.may(Act.KEY_ROTATE))


@pages.post("/console/keys")
def ask_rotation() -> Response:
    """A rotation: shown, and to be confirmed."""
    read_form()
    seat = seated(Act.KEY_ROTATE)
    return ask_confirmation(
        seat, "keys_rotate", {}, [("console.keys.what", say("console.keys.rotate_means"))], "/console/keys"
    )


def _rotate(seat: Seat, _content: Mapping[str, Any]) -> Response:
    wired, now = provider(), provider().clock()
    with wired.database.begin() as step:
        ring = SigningKeys(step, wired.sealers.signing_key)
        kids = rotate_keys(ring, step.record, now, ahead=PUBLISH_AHEAD_SECONDS)
        detail = {"by": seat.member.id, "kids": kids}
        step.record(AuditRow(Event.KEYS_ROTATED_AT_CONSOLE, now, detail=detail))
    return go("/console/keys")


ACTS["keys_rotate"] = GraveAct(Act.KEY_ROTATE, _rotate)
