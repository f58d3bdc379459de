"""/account/stop, /account/resume, /account/close: stopping one's own mobile ID, going on with it, giving it up.

Stopping takes no more than being signed in: it must be easy, and it only takes away. Lifting a stop takes a passkey
that its holder still trusts (idp/credential/own_stop.py), and signs nobody in. Giving up takes both proofs anew.
"""

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.ceremony import CHALLENGE_BYTES, CHALLENGE_SECONDS, CeremonyRefused
from idp.authenticators.passkey import read_assertion, request_options, verify_assertion
from idp.credential.own_stop import may_lift
from idp.credential.states import IllegalMove, State, message_of, move
from idp.delivery.mail import MailKind
from idp.keys.sealing import CannotOpen
from idp.pages.account_gate import Visit, act, look
from idp.pages.account_passkeys import passkey_name
from idp.pages.browser import end_session_cookie, ensure_browser
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider
from idp.provider import Provider
from idp.storage import Transaction
from idp.storage.account import Account
from idp.storage.once import take
from idp.storage.own_stops import OwnStops
from idp.storage.passkeys import Holder, Passkeys
from idp.storage.people import People
from idp.storage.session_ends import SessionEnds
from idp.storage.sessions import Sessions

pages = Blueprint("account_stop", __name__)
RESUME = "/account/resume"


@pages.get("/account/stop")
def ask_stop() -> Response:
    """What stopping means, and which passkey is in doubt."""
    visit = look()
    with visit.wired.database.read() as reading:
        account = Account(reading, visit.person)
        found = [one for one in account.passkeys() if one.state == "active"]
        address = visit.wired.letters.stop_address(visit.person, account.credentials()[-1].id)
    choices = [{"id": one.id, "name": passkey_name(one)} for one in found]
    return page("account/stop.html", passkeys=choices, address=address)


@pages.post("/account/stop")
def stop() -> Response:
    """Stop everything, now. Passkeys that were named as lost stay stopped when the rest goes on."""
    visit, form = act()
    lost = form.get("passkey", "")
    with visit.wired.database.begin() as transaction:
        account = Account(transaction, visit.person)
        named = lost != "unknown" and account.distrust_passkey(_key(lost))
        others = any(one.state == "active" for one in account.passkeys())
        by_passkey = bool(named and others)
        stop_credentials(transaction, visit.wired, visit.person, visit.now, by="account", by_passkey=by_passkey)
    end_session_cookie()
    return page("account/stopped.html", here=RESUME if by_passkey else "/", by_passkey=by_passkey)


def stop_credentials(
    transaction: Transaction, wired: Provider, person: UUID, now: int, *, by: str, by_passkey: bool
) -> list[UUID]:
    """Suspend every active credential of a person, end its sessions, note it, tell them; returns the stops."""
    people, stops = People(transaction), []
    for one in people.credentials(person):
        if one.state != State.ACTIVE.value:
            continue
        if not people.move_credential(one.id, State.ACTIVE, move(State.ACTIVE, State.SUSPENDED), now):
            continue
        stops.append(OwnStops(transaction).add(person, one.id, now, by_passkey=by_passkey))
        detail = {"credential": one.id, "by": by}
        transaction.record(AuditRow(Event.CREDENTIAL_STOPPED, now, person, detail=detail))
        ended = SessionEnds(transaction).of_credential(person, one.id, now)
        wired.logouts.tell_ended(transaction, ended, why="stopped by its holder", now=now)
    if stops:
        wired.tell(transaction, person, message_of(State.ACTIVE, State.SUSPENDED), now)
    return stops


@pages.get("/account/resume")
def ask_resume() -> Response:
    """The page that asks for a passkey that is still trusted. Nothing is written."""
    return _show_resume()


def _show_resume(notice: str | None = None) -> Response:
    wired = provider()
    challenge = wired.random_bytes(CHALLENGE_BYTES)
    document = json.dumps({"c": challenge.hex(), "t": wired.clock()}).encode()
    sealed = wired.sealers.page.seal(document, _context(wired)).hex()
    options = json.dumps(request_options(challenge, wired.settings.rp_id))
    return page("account/resume.html", here=RESUME, sealed=sealed, options=options, notice=notice)


@pages.post("/account/resume")
def resume() -> Response:
    """A passkey: lifts its holder's own stop. The same answer to everything that is no proof."""
    form = read_form()
    wired = provider()
    now = wired.clock()
    if not form.get("credential"):
        return _show_resume("notice.passkey_cancelled")
    try:
        document = json.loads(wired.sealers.page.open(bytes.fromhex(form.get("request", "")), _context(wired)))
    except (ValueError, CannotOpen):
        return _show_resume("notice.page_expired")
    challenge = bytes.fromhex(document["c"])
    if now >= document["t"] + CHALLENGE_SECONDS:
        return _show_resume("notice.page_expired")
    holder, count, backed_up = _proven(wired, form["credential"], challenge, now)
    if holder is None:
        return _show_resume("notice.passkey_failed")
    with wired.database.begin() as transaction:
        used = take(transaction, challenge, now + CHALLENGE_SECONDS) and Passkeys(transaction).used(
            holder.passkey, sign_count=count, backed_up=backed_up, now=now
        )
        if not used or not _lift(transaction, holder, now):
            raise PageRefused("account_not_resumed", 403, "no stop that this passkey may lift")
        wired.notices.tell(transaction, holder.passkey.person_id, message_of(State.SUSPENDED, State.ACTIVE), now)
        wired.letters.write(transaction, holder.passkey.person_id, MailKind.RESUMED, now)
    return page("account/resumed.html", here="/account")


def _proven(wired: Provider, text: str, challenge: bytes, now: int) -> tuple[Holder | None, int, bool]:
    """Whose passkey made the assertion; nobody's when it proves nothing."""
    try:
        assertion = read_assertion(text)
        with wired.database.read() as reading:
            holder = Passkeys(reading).find(assertion.webauthn_id, now)
        if holder is None or holder.sandbox_of is not None:
            return None, 0, False
        verified = verify_assertion(
            assertion, holder.passkey, challenge=challenge, rp_id=wired.settings.rp_id, origin=wired.issuer
        )
    except CeremonyRefused:
        return None, 0, False
    return holder, verified.sign_count, verified.backed_up


def _lift(transaction: Transaction, holder: Holder, now: int) -> bool:
    """Make the credential of a proven passkey active again, if its holder stopped it and may."""
    person = holder.passkey.person_id
    account, stops = Account(transaction, person), OwnStops(transaction)
    mine = next((one for one in account.passkeys() if one.id == holder.passkey.id), None)
    credential = next((one for one in account.credentials() if mine and one.id == mine.credential_id), None)
    if mine is None or credential is None or not holder.person_active:
        return False
    found = stops.latest(credential.id)
    trusted = mine.state == "active"
    if not may_lift(found, state=credential.state, changed_at=credential.changed_at, passkey_trusted=trusted):
        return False
    assert found is not None
    if not stops.lift(found.id, now) or not _reactivate(transaction, credential, now):
        return False
    detail = {"credential": credential.id, "passkey": mine.id}
    transaction.record(AuditRow(Event.CREDENTIAL_RESUMED, now, person, detail=detail))
    return True


def _reactivate(transaction: Transaction, credential: Any, now: int) -> bool:
    before = State(credential.state)
    try:
        return People(transaction).move_credential(credential.id, before, move(before, State.ACTIVE), now)
    except IllegalMove:
        return False


@pages.get("/account/close")
def ask_close() -> Response:
    """What giving up means."""
    look(fresh=True)
    return page("account/close.html")


@pages.post("/account/close")
def close() -> Response:
    """Give the mobile ID up: nothing of it works any more, and only a mission can issue another."""
    visit, form = act(fresh=True)
    if form.get("sure") != "yes":
        return page("account/close.html", here="/account/close", error="account_close.not_sure")
    with visit.wired.database.begin() as transaction:
        services = _close(transaction, visit)
        visit.wired.notices.tell(transaction, visit.person, "revoked", visit.now)
        visit.wired.letters.write(transaction, visit.person, MailKind.CLOSED, visit.now)
        transaction.record(AuditRow(Event.ACCOUNT_CLOSED, visit.now, visit.person, detail={"services": services}))
    end_session_cookie()
    return page("account/closed.html", here="/")


def _close(transaction: Transaction, visit: Visit) -> int:
    """Consents, sessions, passkeys, credentials: all of it ends; returns how many services lose access."""
    people, account = People(transaction), Account(transaction, visit.person)
    consents = account.consents(visit.now)
    for one in consents:
        Sessions(transaction).withdraw(visit.person, one.client_id, visit.now)
    ended = SessionEnds(transaction).of_person(visit.person, visit.now)
    visit.wired.logouts.tell_ended(transaction, ended, why="account closed", now=visit.now)
    account.remove_passkeys()
    for one in people.credentials(visit.person):
        before = State(one.state)
        if before in {State.ACTIVE, State.SUSPENDED}:
            people.move_credential(one.id, before, move(before, State.REVOKED), visit.now)
    return len(consents)


def _context(wired: Provider) -> bytes:
    return b"resume:" + ensure_browser(wired)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise PageRefused("invalid_request", 400, "malformed key") from None
