"""How staff come in and go out: signing in with their own passkey, the first page, signing out.

Never a password. The page's challenge travels sealed and the session's key was chosen with it, so nothing is
written before an assertion was verified, and creating the session spends the challenge.
"""

import re
from uuid import UUID

from flask import Blueprint, Response, request

from idp.audit.catalogue import AuditRow, Event
from idp.keys.handles import new_handle
from idp.pages.answers import go
from idp.pages.browser import ensure_browser, presented_staff_session, staff_session_cookie
from idp.pages.forms import read_form
from idp.pages.rendering import page, provider
from idp.pages.staff_gate import SIGN_IN, NotProven, ask_assertion, read_note, seated, verified_passkey
from idp.provider import Provider
from idp.staff.roles import Act
from idp.storage import AlreadyTaken
from idp.storage.staff import StaffMembers, StaffSessions

pages = Blueprint("staff", __name__)
ONWARD = re.compile(r"/(?:staff|counter|console|workbench)(?:/[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?){0,4}", re.ASCII)
"""Where signing in may lead: pages of staff, without a query (abuse case R-12)."""


@pages.get("/staff/sign-in")
def sign_in() -> Response:
    """The passkey page of staff."""
    return _ask(request.args.get("next", ""))


def _ask(onward: str, notice: str | None = None) -> Response:
    wired = provider()
    wanted = onward if ONWARD.fullmatch(onward) else "/staff"
    content = {"next": wanted, "session": wired.world.new_id().hex}
    proof = ask_assertion(wired, content, _context(wired), [])
    return page("staff/sign_in.html", here=SIGN_IN, notice=notice, proof=proof)


def _context(wired: Provider) -> bytes:
    return b"staff-sign-in:" + ensure_browser(wired)


@pages.post("/staff/sign-in")
def proven() -> Response:
    """The passkey's answer: with it the session begins."""
    form = read_form()
    wired = provider()
    onward = "/staff"
    try:
        challenge, content = read_note(wired, form.get("request", ""), _context(wired))
        onward = content["next"]
        _begin(wired, form.get("credential", ""), challenge, UUID(content["session"]))
    except NotProven as nothing:
        return _ask(onward, nothing.notice)
    except AlreadyTaken:
        return _ask(onward, "staff.proof_old")
    return go(onward)


def _begin(wired: Provider, credential: str, challenge: bytes, row: UUID) -> None:
    stored, verified = verified_passkey(wired, credential, challenge)
    now = wired.clock()
    session = new_handle(row, wired.random_bytes)
    before = presented_staff_session(wired)
    with wired.database.begin() as step:
        if not StaffMembers(step).used(stored, verified.sign_count, now):
            raise NotProven("notice.passkey_failed", "another assertion of this passkey was faster")
        if before is not None:  # one browser, one session: the old one dies with the new one (abuse case K-01)
            StaffSessions(step).end(before, now)
        StaffSessions(step).add(session, stored.person_id, stored.id, now)
        detail = {"member": stored.person_id, "session": row}
        step.record(AuditRow(Event.STAFF_SIGNED_IN, now, detail=detail))
    staff_session_cookie(session.text)


@pages.get("/staff")
def home() -> Response:
    """What there is to do for this member."""
    seat = seated()
    wired = provider()
    mission = wired.missions.find(seat.member.mission) if seat.member.mission else None
    acts = {act.value for act in Act if seat.member.may(act)}
    return page("staff/home.html", staff=seat.member, mission=mission, acts=acts)


@pages.post("/staff/sign-out")
def sign_out() -> Response:
    """The end of the session, in this and every other worker."""
    read_form()
    wired, now = provider(), provider().clock()
    presented = presented_staff_session(wired)
    if presented is not None:
        with wired.database.begin() as step:
            found = StaffSessions(step).find(presented, now)
            if StaffSessions(step).end(presented, now) and found is not None:
                detail = {"member": found.member.id, "session": found.session}
                step.record(AuditRow(Event.STAFF_SIGNED_OUT, now, detail=detail))
    staff_session_cookie("")
    return go(SIGN_IN)
