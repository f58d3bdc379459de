"""/admin/v1: keys, sessions, outbox, switches, audit and figures."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from idp.audit.catalogue import AuditRow, Event
from idp.audit.export import Wanted
from idp.endpoints.administration_calls import (
    Problem,
    answer,
    answer_problems,
    called,
    cursor,
    item_page,
    make_cursor,
    nothing,
    page_size,
    read_body,
    text_of,
)
from idp.endpoints.administration_clients import waits
from idp.keys.signing import KeyPeriod
from idp.pages.rendering import provider
from idp.staff.pending import Kind, check_ground
from idp.staff.roles import Act
from idp.staff.switches import Feature
from idp.storage.audit_looks import look
from idp.storage.outbox import Standing
from idp.storage.pending_acts import PendingActs
from idp.storage.session_office import SessionSeen

endpoint = Blueprint("administration_running", __name__)
answer_problems(endpoint)
LATEST = 1 << 37  # seconds since the epoch; a key holds no later time
MOST_HOURS = 9_600
EVENT_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz_:")


# The signing keys.


@endpoint.get("/admin/v1/keys")
def keys() -> Response:
    """Every key of the ring, without its private part."""
    called("admin:keys.read", Act.KEY_READ)
    return item_page(provider().key_periods(), lambda one: f"{one.published_at:015d} {one.kid}", _key)


@endpoint.post("/admin/v1/keys")
def ask_keys() -> Response:
    """`rotate`, or `retire` with a kid: kept for a second person."""
    caller = called("admin:keys.write", Act.KEY_ROTATE)
    body = read_body("act", "kid", "ground")
    what, kid = text_of(body, "act", 20), text_of(body, "kid", 100)
    if what not in {"rotate", "retire"}:
        raise Problem(400, "act must be rotate or retire.")
    wired, now = provider(), provider().clock()
    kind, subject = (Kind.KEYS_ROTATE, "") if what == "rotate" else (Kind.KEY_RETIRE, kid)
    if kind is Kind.KEY_RETIRE and not any(one.kid == kid and one.is_published(now) for one in wired.key_periods()):
        raise Problem(404)
    reason = check_ground(text_of(body, "ground"))
    with wired.database.begin() as step:
        row = PendingActs(step).ask(kind, subject, reason, caller.actor, now)
    return waits(row)


def _key(one: KeyPeriod) -> dict[str, Any]:
    now = provider().clock()
    state = "signs" if one.signs(now) else "published" if one.is_published(now) else "gone"
    return {
        "kid": one.kid,
        "alg": one.alg,
        "state": state,
        "published_at": one.published_at,
        "signs_from": one.signs_from,
        "signs_until": one.signs_until,
        "gone_at": one.gone_at,
    }


# The sessions of people.


@endpoint.get("/admin/v1/sessions")
def sessions() -> Response:
    """Sessions of `person` (a key), or in which `client` was visited lately."""
    called("admin:sessions.read", Act.SESSION_READ)
    person, client = request.args.get("person"), _plain("client", 64)
    if (person is None) == (client is None):
        raise Problem(400, "Name a person or a client.")
    office = provider().session_office
    found = office.of_person(_uuid(person, "person")) if person is not None else office.at_client(client or "")
    return item_page(found, lambda one: one.id.hex, _session)


@endpoint.delete("/admin/v1/sessions/<uuid:session>")
def end_session(session: UUID) -> Response:
    """End it; services that take notices are told."""
    caller = called("admin:sessions.write", Act.SESSION_END)
    if not provider().session_office.end(session, "ended by staff", caller.actor):
        raise Problem(404)
    return nothing()


def _session(one: SessionSeen) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "person": str(one.person),
        "auth_time": one.auth_time,
        "last_seen_at": one.last_seen_at,
        "expires_at": one.expires_at,
        "clients": list(one.clients),
    }


# The outbox.


@endpoint.get("/admin/v1/outbox")
def outbox() -> Response:
    """What has not been delivered, newest first; never what it says. `state=given_up`: dead letters alone."""
    called("admin:outbox.read", Act.OUTBOX_READ)
    state = request.args.get("state", "")
    if state not in {"", "given_up"}:
        raise Problem(400, "state must be given_up.")
    before, limit = cursor(), page_size()
    key = UUID(hex=before) if before else None
    found = provider().outbox_office.page(key, given_up=state == "given_up", most=limit + 1)
    onward = found[limit - 1].id.hex if len(found) > limit else None
    return answer({"items": [_standing(one) for one in found[:limit]], "next": make_cursor(onward)})


@endpoint.post("/admin/v1/outbox/<uuid:message>")
def again(message: UUID) -> Response:
    """Try it at once, as if for the first time."""
    caller = called("admin:outbox.write", Act.OUTBOX_CHANGE)
    if not provider().outbox_office.again(message, caller.actor):
        raise Problem(404)
    return nothing()


@endpoint.delete("/admin/v1/outbox/<uuid:message>")
def drop(message: UUID) -> Response:
    """Let it go undelivered."""
    caller = called("admin:outbox.write", Act.OUTBOX_CHANGE)
    if not provider().outbox_office.drop(message, caller.actor):
        raise Problem(404)
    return nothing()


def _standing(one: Standing) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "kind": one.kind,
        "attempts": one.attempts,
        "created_at": one.created_at,
        "due_at": one.due_at,
        "failed_at": one.failed_at,
        "why": one.why,
    }


# Feature switches.


@endpoint.get("/admin/v1/switches")
def switches() -> Response:
    """Every feature that can be turned off, and whether it is on."""
    called("admin:switches.read", Act.SWITCH_READ)
    off = provider().switches.off()
    return item_page(list(Feature), lambda one: one.value, lambda one: _switch(one, off))


@endpoint.put("/admin/v1/switches/<name>")
def turn(name: str) -> Response:
    """Off at once; on is kept for a second person."""
    caller = called("admin:switches.write", Act.SWITCH_CHANGE)
    body = read_body("on", "ground")
    wired = provider()
    if name not in {one.value for one in Feature}:
        raise Problem(404)
    if type(body.get("on")) is not bool:
        raise Problem(400, "on must be true or false.")
    if body["on"]:
        reason = check_ground(text_of(body, "ground"))
        with wired.database.begin() as step:
            row = PendingActs(step).ask(Kind.SWITCH_ON, name, reason, caller.actor, wired.clock())
        return waits(row)
    wired.switches.turn_at_once(Feature(name), caller.actor, on=False)
    return answer(_switch(Feature(name), wired.switches.off()))


def _switch(one: Feature, off: frozenset[str]) -> dict[str, Any]:
    return {"name": one.value, "on": one.value not in off}


# The audit, and figures.


@endpoint.get("/admin/v1/audit")
def audit() -> Response:
    """Rows newest first; each page reads a bounded number of them. Taking a page is itself on record."""
    caller = called("admin:audit.read", Act.AUDIT_READ)
    wired = provider()
    wanted, before, limit = _wanted(), cursor(), page_size()
    found = look(wired.database, wanted, UUID(hex=before) if before else None, limit)
    names = ("since", "until", "person", "client", "event")
    asked = {name: request.args[name] for name in names if name in request.args}
    with wired.database.begin() as step:
        detail = {"wanted": asked} | caller.actor.detail
        step.record(AuditRow(Event.AUDIT_EXPORTED, wired.clock(), detail=detail))
    items = [row._asdict() for row in found.rows]
    return answer({"items": items, "next": make_cursor(found.onward.hex if found.onward else None)})


@endpoint.get("/admin/v1/figures")
def figures() -> Response:
    """How often what happened in the last hours, by hour; of `client`, or of the whole house."""
    called("admin:figures.read", Act.FIGURES_READ)
    hours = _number("hours", 48, MOST_HOURS)
    counts = provider().hours(_plain("client", 64) or "", hours)
    items = [{"hour": hour * 3_600, "event": what, "count": count} for (hour, what), count in counts.items()]
    return item_page(items, lambda one: f"{one['hour']:015d} {one['event']}", lambda one: one)


def _wanted() -> Wanted:
    person = request.args.get("person")
    event = request.args.get("event") or None
    if event is not None and not set(event) <= EVENT_CHARACTERS:
        raise Problem(400, "event must be a tag, or its beginning.")
    now = provider().clock()
    return Wanted(
        person=_uuid(person, "person") if person else None,
        client=_plain("client", 64),
        since=_number("since", max(now - 86_400, 0), LATEST),
        until=_number("until", now + 1, LATEST),
        event=event,
    )


def _uuid(text: str | None, name: str) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        raise Problem(400, f"{name} must be a key.") from None


def _plain(name: str, longest: int) -> str | None:
    value = request.args.get(name)
    if value is not None and (len(value) > longest or not value.isprintable()):
        raise Problem(400, f"{name} must be a text of at most {longest} characters.")
    return value or None


def _number(name: str, usual: int, most: int) -> int:
    text = request.args.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 14 and int(text) <= most):
        raise Problem(400, f"{name} must be a whole number.")
    return int(text)
