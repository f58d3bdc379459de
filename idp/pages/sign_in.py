"""The steps of a sign-in as a browser walks them: each POST proves one thing and answers with the next page.

Passkey first, because only then may a message be sent (design law 1). No step knows what comes after it.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.claims.scopes import scopes_to_ask
from idp.interaction.next_step import Agreed, Ask, NextStep, Return, Step, next_step
from idp.interaction.sealed_request import SealBroken, SealedRequest, unseal
from idp.interaction.second_proof import Way
from idp.pages.answers import send
from idp.pages.browser import browser_digest, end_session_cookie
from idp.pages.forms import read_form
from idp.pages.passkey_step import begin_sign_in
from idp.pages.phone_step import judge_code, send_another
from idp.pages.presented import NothingProven, see
from idp.pages.refusals import PageRefused, refusal_page
from idp.pages.rendering import provider
from idp.pages.second_pages import show
from idp.pages.steps import (
    NOTHING,
    Shown,
    back_with_error,
    cancelled,
    decide,
    find_client,
    finish,
    finish_within,
    finished_elsewhere,
    proof_of,
    show_passkey,
)
from idp.protocol.authorization_response import Answer
from idp.protocol.client import Client
from idp.protocol.errors import AccessDenied
from idp.provider import Provider
from idp.storage import AlreadyTaken, Outdated
from idp.storage.device_authorizations import DeviceAuthorizations
from idp.storage.session_ends import SessionEnds
from idp.storage.sessions import Sessions
from idp.storage.sign_ins import SignInRecord, SignIns

log = logging.getLogger(__name__)
pages = Blueprint("sign_in", __name__)
MAX_OPTIONAL = 20


@pages.post("/sign-in/passkey")
def passkey() -> Response:
    """An assertion: proves the passkey, and starts the sign-in."""
    form = read_form()
    wired = provider()
    travelling = _unseal(form.get("request"), wired)
    seen = see(wired, travelling, form.get("credential", ""))  # first: it tells how the client stands as well
    client = find_client(wired, travelling.request)
    if travelling.is_over(wired.clock()):
        address = travelling.request.return_address
        raise PageRefused("expired_page", 400, "sealed request is too old", client=client, address=address)
    if not form.get("credential"):
        return show_passkey(travelling.request, client, notice="notice.passkey_cancelled")
    try:
        begun = begin_sign_in(wired, travelling, client, seen)
    except NothingProven as nothing:
        log.info("assertion refused", extra={"why": str(nothing)})
        return show_passkey(travelling.request, client, notice="notice.passkey_failed")
    return walk_on(wired, begun)


@pages.get("/sign-in/<uuid:row>")
def current(row: UUID) -> Response:
    """Where a sign-in stands: what a reload, or another language, shows."""
    return walk_on(provider(), find_sign_in(str(row)))


@pages.post("/sign-in/code")
def code() -> Response:
    """A code: proves the phone, and opens the session."""
    form = read_form()
    wired = provider()
    sign_in, client = at_step(wired, form, Step.PHONE_CODE)
    shown, sign_in = judge_code(wired, sign_in, client, form.get("code", ""))
    return walk_on(wired, sign_in, shown)


@pages.post("/sign-in/code/resend")
def resend() -> Response:
    """Another message, within its limits."""
    return _another(Way.MESSAGE)


@pages.post("/sign-in/code/call")
def call() -> Response:
    """The code by a call, within the same limits."""
    return _another(Way.CALL)


def _another(way: Way) -> Response:
    form = read_form()
    wired = provider()
    sign_in, client = at_step(wired, form, Step.PHONE_CODE)
    shown = send_another(wired, sign_in, client, way)
    return walk_on(wired, find_sign_in(str(sign_in.id)), shown)


@pages.post("/sign-in/consent")
def consent() -> Response:
    """The person's answer to what the service asks for."""
    form = read_form("optional")
    wired = provider()
    sign_in, client = at_step(wired, form, Step.CONSENT)
    if form.get("decision") != "allow":
        return _decline(wired, sign_in, Event.CONSENT_DECLINED)
    chosen = frozenset(form.repeated["optional"][:MAX_OPTIONAL])
    return _agree(wired, sign_in, client, chosen)


@pages.post("/sign-in/cancel")
def cancel() -> Response:
    """Turning back, from any page: the service learns access_denied."""
    form = read_form()
    wired = provider()
    if "sign_in" in form:
        return _decline(wired, find_sign_in(form["sign_in"]), Event.SIGN_IN_CANCELLED)
    travelling = _unseal(form.get("request"), wired)
    client = find_client(wired, travelling.request)
    return back_with_error(travelling.request, client, AccessDenied("cancelled at the passkey"))


@pages.post("/sign-in/other")
def other() -> Response:
    """`This is not me`: end what was begun and let somebody else sign in."""
    form = read_form()
    wired = provider()
    sign_in = find_sign_in(form.get("sign_in", ""))
    client = find_client(wired, sign_in.request)
    now = wired.clock()
    with wired.database.begin() as transaction:
        if not SignIns(transaction).finish(sign_in.id, now):
            raise finished_elsewhere(client)
        if sign_in.session_id is not None:
            ended = SessionEnds(transaction).end(sign_in.session_id, now)
            wired.logouts.tell_ended(transaction, ended, why="another person", now=now, by=client.id)
        transaction.record(cancelled(sign_in, now))
    end_session_cookie()
    return show_passkey(sign_in.request, client)


def walk_on(wired: Provider, sign_in: SignInRecord, shown: Shown = NOTHING) -> Response:
    """Whatever comes next for a sign-in under way."""
    client = find_client(wired, sign_in.request)
    step = _decide(wired, sign_in, client)
    if isinstance(step, Return):
        return finish(wired, sign_in, client, step, wired.clock())
    return show(sign_in, client, step, shown)


def find_sign_in(row: str) -> SignInRecord:
    """This browser's sign-in, still under way and its person still able to act. Raises PageRefused."""
    wired = provider()
    now = wired.clock()
    browser = browser_digest(wired)
    try:
        key = UUID(row)
    except ValueError:
        raise PageRefused("invalid_request", 400, "malformed sign-in id") from None
    if browser is None:
        raise PageRefused("no_cookie", 400, "no browser cookie")
    with wired.database.read() as reading:
        found = SignIns(reading).find(key, browser, now)
    if found is None:
        raise PageRefused("wrong_browser", 400, "no such sign-in in this browser")
    wired.clients.told(found.client_row)
    client, here = find_client(wired, found.request), f"/sign-in/{key}"
    if found.sandbox_of != client.tenant:
        raise PageRefused("wrong_environment", 403, "the person belongs to another environment", client=client)
    if found.finished:  # its code or error is out: nothing more may go to the client
        raise PageRefused("sign_in_finished", 400, "sign-in is finished", client=client, here=here)
    address = found.request.return_address
    if now >= found.expires_at or found.session_ended:
        why = "sign-in has expired or its session ended"
        raise PageRefused("expired_page", 400, why, client=client, address=address, here=here)
    if not found.person_active:
        why = "person is not active"
        raise PageRefused("person_inactive", 403, why, client=client, address=address, here=here)
    if not found.credential_active:
        why = "credential is not active"
        raise PageRefused("credential_inactive", 403, why, client=client, address=address, here=here)
    return found


class AtAnotherStep(Exception):
    """The form belongs to a step that the sign-in is not at: sent twice, or from a page that lay open."""

    def __init__(self, sign_in: SignInRecord) -> None:
        """The sign-in, so that what is really next can be shown."""
        super().__init__("form of another step")
        self.sign_in = sign_in


@pages.errorhandler(AtAnotherStep)
def show_what_is_next(elsewhere: AtAnotherStep) -> Response:
    """Whatever comes next, instead of an error that strands the person."""
    try:
        return walk_on(provider(), elsewhere.sign_in)
    except PageRefused as refused:  # what a handler raises, no other handler sees: it would be a fault
        return refusal_page(refused)


def at_step(wired: Provider, form: Mapping[str, str], step: Step) -> tuple[SignInRecord, Client]:
    """The form's sign-in, which must be at `step`, and its client. Raises AtAnotherStep."""
    sign_in = find_sign_in(form.get("sign_in", ""))
    client = find_client(wired, sign_in.request)
    found = _decide(wired, sign_in, client)
    if not (isinstance(found, Ask) and found.step is step):
        raise AtAnotherStep(sign_in)
    return sign_in, client


def _decide(wired: Provider, sign_in: SignInRecord, client: Client) -> NextStep:
    proof = proof_of(wired, sign_in, client)
    return decide(wired, sign_in.request, client, proof, sign_in.agreed, wired.clock())


def _agree(wired: Provider, sign_in: SignInRecord, client: Client, chosen: frozenset[str]) -> Response:
    """Remember the consent, issue the code, end the sign-in: one transaction.

    The scopes come from the stored request; of the form only the choice among the optional ones counts.
    """
    now = wired.clock()
    asked = scopes_to_ask(sign_in.request.scopes, sign_in.request.claims_request, client.scopes)
    declined = frozenset(s for s in asked if s in client.optional_scopes and s not in chosen)
    agreed = Agreed(frozenset(asked) - declined, declined)
    proof = proof_of(wired, sign_in, client)
    step = next_step(sign_in.request, client, wired.assurance, proof=proof, agreed=agreed, hinted_subject=None, now=now)
    if not isinstance(step, Return):
        raise PageRefused("sign_in_finished", 400, "consent did not complete the sign-in", client=client)
    try:
        try:
            answer = _agreed(wired, sign_in, client, agreed, step, now)
        except AlreadyTaken:  # agreed to in another tab, a moment ago
            answer = _agreed(wired, replace(sign_in, agreed_before=True), client, agreed, step, now)
    except Outdated:
        raise finished_elsewhere(client) from None
    return send(answer, client)


def _agreed(wired: Provider, sign_in: SignInRecord, client: Client, agreed: Agreed, step: Return, now: int) -> Answer:
    """The one transaction. Raises Outdated when another request ended the sign-in, AlreadyTaken when one agreed."""
    with wired.database.begin() as transaction:
        transaction.need_not_wait()  # its code is worth something only at /token, which waits
        Sessions(transaction).agree(sign_in.person_id, client.id, agreed, now, before=sign_in.agreed_before)
        return finish_within(transaction, wired, sign_in, client, step, now, event=Event.CONSENT_GIVEN)


def _decline(wired: Provider, sign_in: SignInRecord, event: Event) -> Response:
    now = wired.clock()
    with wired.database.begin() as transaction:
        if not SignIns(transaction).finish(sign_in.id, now):
            raise PageRefused("sign_in_finished", 400, "finished by another request")
        detail = {"sign_in": sign_in.id}
        transaction.record(AuditRow(event, now, sign_in.person_id, sign_in.request.client_id, detail))
        if sign_in.request.device is not None:
            device, client_id = UUID(sign_in.request.device), sign_in.request.client_id
            DeviceAuthorizations(transaction).deny(device, sign_in.person_id, client_id, now)
    client = find_client(wired, sign_in.request)
    return back_with_error(sign_in.request, client, AccessDenied("declined by the person"))


def _unseal(text: str | None, wired: Provider) -> SealedRequest:
    try:
        return unseal(text, browser_digest(wired) or b"", wired.sealers.page)
    except SealBroken as broken:
        raise PageRefused("wrong_browser", 400, f"sealed request: {broken}") from broken
