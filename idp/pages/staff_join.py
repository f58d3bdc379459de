"""How somebody becomes a member of staff: a one-time link, and a passkey of their own.

As with a citizen's enrolment the secret stands in the fragment of the link, the page posts it once, and the first
browser that does so owns the invitation.
"""

import json

from flask import Blueprint, Response

from idp.authenticators.ceremony import CHALLENGE_BYTES, CeremonyRefused
from idp.authenticators.passkey_registration import creation_options, verify_registration
from idp.keys.handles import read_handle
from idp.pages.browser import browser_digest, ensure_browser
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider, say
from idp.provider import Provider
from idp.staff.appointing import NotAllowed
from idp.staff.member import Appointment
from idp.storage import AlreadyTaken
from idp.storage.staff_invitations import OpenInvitation, StaffInvitations

pages = Blueprint("staff_join", __name__)
HERE = "/staff/join/passkey"


@pages.get("/staff/join")
def start() -> Response:
    """Where the link leads: the page reads the secret and offers to begin. No write, no secret in the address."""
    return page("staff/join.html")


@pages.post("/staff/join")
def open_link() -> Response:
    """The secret: the first browser that presents it owns the invitation."""
    form = read_form()
    wired = provider()
    secret = read_handle(form.get("secret", "").rsplit("#", 1)[-1].strip())
    browser, now = ensure_browser(wired), wired.clock()
    if secret is None:
        raise _unknown("malformed secret")
    with wired.database.begin() as step:
        opened = StaffInvitations(step).open(secret, browser, now)
    if not opened:
        with wired.database.read() as reading:
            if not StaffInvitations(reading).opened_here(secret, browser, now):
                raise _unknown("wrong, used, expired or opened elsewhere")
    return _ask(wired, _found(wired))


@pages.get("/staff/join/passkey")
def current() -> Response:
    """Where the invitation stands: what a reload shows."""
    wired = provider()
    return _ask(wired, _found(wired))


@pages.post("/staff/join/passkey")
def passkey() -> Response:
    """The passkey that was made: with it somebody is a member of staff."""
    form = read_form()
    wired = provider()
    invitation = _found(wired)
    if invitation.challenge is None:
        return _ask(wired, invitation)
    if not form.get("credential"):
        return _ask(wired, invitation, "notice.passkey_cancelled")
    with wired.database.begin() as step:
        taken = StaffInvitations(step).take_challenge(invitation.id, invitation.challenge)
    if not taken:
        return _ask(wired, invitation, "notice.passkey_not_created")
    try:
        made = verify_registration(
            form.get("credential", ""),
            challenge=invitation.challenge,
            rp_id=wired.settings.rp_id,
            origin=wired.issuer,
        )
        wired.staff.join(invitation, made)
    except (CeremonyRefused, AlreadyTaken):
        return _ask(wired, invitation, "notice.passkey_not_created")
    except NotAllowed as refused:
        raise _unknown(refused.reason) from refused
    return page("staff/joined.html", name=invitation.appointment.name)


def _found(wired: Provider) -> OpenInvitation:
    browser = browser_digest(wired)
    with wired.database.read() as reading:
        found = StaffInvitations(reading).find(browser, wired.clock()) if browser else None
    if found is None:
        raise _unknown("no invitation open in this browser")
    return found


def _unknown(detail: str) -> PageRefused:
    """Wrong, used, expired, opened elsewhere: one text for all of them."""
    return PageRefused("invitation_unknown", 400, detail)


def _ask(wired: Provider, invitation: OpenInvitation, notice: str | None = None) -> Response:
    """The page that has the passkey made, with a fresh challenge."""
    challenge = wired.random_bytes(CHALLENGE_BYTES)
    with wired.database.begin() as step:
        StaffInvitations(step).set_challenge(invitation.id, challenge)
    new = invitation.appointment
    options = creation_options(
        challenge,
        rp_id=wired.settings.rp_id,
        rp_name=say("site.name"),
        user_handle=invitation.user_handle,
        display_name=f"{new.name} · {_place(wired, new)}",
        account_name=account_name(new),
    )
    rows = [
        {"label": say("staff.name"), "value": new.name, "lang": None},
        {"label": say("staff.role"), "value": say(f"staff.roles.{new.role.value}"), "lang": None},
        {"label": say("staff.place"), "value": _place(wired, new), "lang": None},
    ]
    return page("staff/join_passkey.html", here=HERE, facts_of=rows, options=json.dumps(options), notice=notice)


def account_name(new: Appointment) -> str:
    """What tells the passkey of a member of staff from the same person's passkey as a citizen."""
    return f"staff/{new.mission or 'central'}/{new.name}"


def _place(wired: Provider, new: Appointment) -> str:
    mission = wired.missions.find(new.mission) if new.mission else None
    return mission.place.name(page_language()) if mission else say("staff.central")
