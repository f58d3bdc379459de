"""What operators run in the console: the signing keys, the outbox, the sessions of people."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from idp.pages.answers import go
from idp.pages.console_acts import ask_second, waiting_for
from idp.pages.console_confirm import ACTS, GraveAct, ask_confirmation
from idp.pages.console_tables import as_table, asked
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider
from idp.pages.staff_gate import Seat, seated
from idp.pages.times import utc
from idp.staff.actor import Actor
from idp.staff.pending import Kind
from idp.staff.roles import Act
from idp.storage.outbox_office import ON_A_PAGE
from idp.storage.session_office import SessionSeen

pages = Blueprint("console_running", __name__)
DAY = 86_400


# The signing keys.


@pages.get("/console/keys")
def keys() -> Response:
    """The ring: what each key is for and where it is in its life."""
    seat = seated(Act.KEY_READ)
    return page(
        "console/keys.html",
        staff=seat.member,
        keys=_keys(),
        waiting_acts=[one for one in waiting_for(seat) if one.kind.value.startswith("key")],
        may_rotate=seat.member.may(Act.KEY_ROTATE),
    )


@pages.get("/console/keys.csv")
def keys_csv() -> Response:
    """The same as a file."""
    seated(Act.KEY_READ)
    heads = ["kid", "alg", "state", "days", "from", "gone"]
    return as_table("keys", heads, [[one[name] for name in heads] for one in _keys()])


def _keys() -> list[dict[str, Any]]:
    wired, now = provider(), provider().clock()
    return [
        {
            "kid": one.kid,
            "alg": one.alg,
            "state": "signs" if one.signs(now) else "published" if one.is_published(now) else "gone",
            "days": max(0, now - one.signs_from) // DAY,
            "from": utc(one.signs_from),
            "gone": utc(one.gone_at) if one.gone_at else "",
        }
        for one in reversed(wired.key_periods())
    ]


@pages.post("/console/keys")
def ask_keys() -> Response:
    """A rotation, or the retiring of one key: kept for a second person."""
    form = read_form()
    seat = seated(Act.KEY_ROTATE)
    kid = form.get("kid", "")
    if not kid:
        return ask_second(seat, Kind.KEYS_ROTATE, "", form.get("ground", ""))
    if kid not in {one["kid"] for one in _keys() if one["state"] != "gone"}:
        raise PageRefused("not_found", 404, "no such key")
    return ask_second(seat, Kind.KEY_RETIRE, kid, form.get("ground", ""))


# The outbox.


@pages.get("/console/outbox")
def outbox() -> Response:
    """What waits to leave, and what was given up; never what it says."""
    seat = seated(Act.OUTBOX_READ)
    given_up = request.args.get("state") == "given_up"
    found = provider().outbox_office.page(_key(asked("before")), given_up=given_up, most=ON_A_PAGE + 1)
    shown = [(one, utc(one.created_at), utc(one.due_at) if one.due_at else "") for one in found[:ON_A_PAGE]]
    return page(
        "console/outbox.html",
        staff=seat.member,
        items=shown,
        given_up=given_up,
        onward=str(shown[-1][0].id) if len(found) > ON_A_PAGE else "",
        may_change=seat.member.may(Act.OUTBOX_CHANGE),
    )


@pages.get("/console/outbox.csv")
def outbox_csv() -> Response:
    """The newest of the same as a file."""
    seated(Act.OUTBOX_READ)
    found = provider().outbox_office.page(given_up=request.args.get("state") == "given_up", most=1_000)
    heads = ["id", "kind", "attempts", "created_at", "due_at", "failed_at", "why"]
    return as_table("outbox", heads, [[getattr(one, name) for name in heads] for one in found])


@pages.post("/console/outbox")
def ask_outbox() -> Response:
    """Try one again, or let it go: shown, and to be confirmed."""
    form = read_form()
    seat = seated(Act.OUTBOX_CHANGE)
    what = form.get("act", "")
    if what not in {"outbox_again", "outbox_drop"}:
        raise PageRefused("invalid_request", 400, "no such act")
    key = _key(form.get("message", ""))
    found = provider().outbox_office.find(key) if key else None
    if found is None:
        raise PageRefused("not_found", 404, "no such message")
    facts = [("console.outbox.kind", found.kind), ("console.outbox.created", utc(found.created_at))]
    return ask_confirmation(seat, what, {"message": str(found.id)}, facts, "/console/outbox")


def _key(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise PageRefused("invalid_request", 400, "no such row") from error


def _again(seat: Seat, content: Mapping[str, Any]) -> Response:
    done = provider().outbox_office.again(UUID(content["message"]), Actor(seat.member))
    return _done(done)


def _drop(seat: Seat, content: Mapping[str, Any]) -> Response:
    done = provider().outbox_office.drop(UUID(content["message"]), Actor(seat.member))
    return _done(done)


def _done(done: bool) -> Response:
    if not done:
        raise PageRefused("console_conflict", 409, "it has left, or was let go")
    return go("/console/outbox")


# The sessions of people.


@pages.get("/console/sessions")
def sessions() -> Response:
    """Sessions of a person, known by their key, or at a service; nothing before somebody asks."""
    seat = seated(Act.SESSION_READ)
    person, client = asked("person"), asked("client")
    found, problem = _sessions(person, client)
    return page(
        "console/sessions.html",
        staff=seat.member,
        status=422 if problem else 200,
        problem=problem,
        person=person,
        at_client=client,
        sessions=[(one, utc(one.auth_time), utc(one.last_seen_at)) for one in found],
        asked_for=bool(person or client),
        may_end=seat.member.may(Act.SESSION_END),
        one_person=str(found[0].person) if person and found else "",
    )


def _sessions(person: str, client: str) -> tuple[list[SessionSeen], str | None]:
    office = provider().session_office
    try:
        if person:
            return office.of_person(UUID(person)), None
    except ValueError:
        return [], "console.sessions.unreadable"
    return (office.at_client(client) if client else []), None


@pages.post("/console/sessions")
def ask_end() -> Response:
    """End one session, or all of a person: shown, and to be confirmed."""
    form = read_form()
    seat = seated(Act.SESSION_END)
    key, everything = _key(form.get("session", "")), form.get("act") == "sessions_end_all"
    if key is None:
        raise PageRefused("not_found", 404, "no such session")
    found = provider().session_office.find(key)
    if found is None:
        raise PageRefused("not_found", 404, "no such session")
    facts = [("console.audit.person", str(found.person)), ("console.sessions.clients", ", ".join(found.clients))]
    content = {"session": str(found.id), "person": str(found.person)}
    what = "sessions_end_all" if everything else "session_end"
    return ask_confirmation(seat, what, content, facts, f"/console/sessions?person={found.person}")


def _end(seat: Seat, content: Mapping[str, Any]) -> Response:
    provider().session_office.end(UUID(content["session"]), "ended by staff", Actor(seat.member))
    return go(f"/console/sessions?person={content['person']}")


def _end_all(seat: Seat, content: Mapping[str, Any]) -> Response:
    provider().session_office.end_all(UUID(content["person"]), "ended by staff", Actor(seat.member))
    return go(f"/console/sessions?person={content['person']}")


ACTS["outbox_again"] = GraveAct(Act.OUTBOX_CHANGE, _again)
ACTS["outbox_drop"] = GraveAct(Act.OUTBOX_CHANGE, _drop)
ACTS["session_end"] = GraveAct(Act.SESSION_END, _end)
ACTS["sessions_end_all"] = GraveAct(Act.SESSION_END, _end_all)
