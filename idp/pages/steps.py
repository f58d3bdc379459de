"""From the hub's decision to an answer: a page that asks for one thing, or the way back to the client.

Nothing here decides: `decide` asks the hub with what is known of the sign-in, the rest renders.
"""

import json
from dataclasses import dataclass
from uuid import UUID

from flask import Response

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.ceremony import CHALLENGE_BYTES
from idp.authenticators.passkey import request_options
from idp.claims.assurance import amr_of
from idp.interaction.next_step import (
    Agreed,
    NextStep,
    Proof,
    Return,
    must_ask_consent_anew,
    next_step,
)
from idp.interaction.sealed_request import SealedRequest, seal
from idp.keys.handles import new_handle
from idp.keys.sealing import row_context
from idp.pages.answers import code_answer, error_answer, send
from idp.pages.browser import ensure_browser
from idp.pages.consent_view import consent_view
from idp.pages.first_party import is_own, own_answer, own_client
from idp.pages.headers import allow_form_target
from idp.pages.integration_check import note_client, note_error
from idp.pages.refusals import PageRefused
from idp.pages.reload import reload_address
from idp.pages.rendering import blank_pages, page, page_language, provider, set_page_language
from idp.protocol.authorization_request import AuthorizationRequest, ReturnAddress
from idp.protocol.authorization_response import Answer
from idp.protocol.client import Client
from idp.protocol.device_flow import may_use
from idp.protocol.errors import OAuthError
from idp.protocol.redirect_uri import is_registered
from idp.provider import Provider
from idp.storage import Outdated, Transaction, authorizations
from idp.storage.authorizations import Authorization
from idp.storage.device_authorizations import DeviceAuthorizations
from idp.storage.pushed_requests import PushedRequests
from idp.storage.sessions import Sessions
from idp.storage.sign_ins import SignInRecord, SignIns


@dataclass(frozen=True, slots=True)
class Shown:
    """What a code page says beside the form."""

    error: str | None = None
    notice: str | None = None
    tries_left: int | None = None


NOTHING = Shown()
DEVICE_DONE, DEVICE_ENDED = "/device/done", "/device/ended"
"""Where a browser arrives that signed in, or not, for another device: there is no client to go back to."""


def find_client(wired: Provider, request: AuthorizationRequest) -> Client:
    """The enabled client of a request under way. Raises PageRefused."""
    if is_own(request.client_id):
        return own_client(request.redirect_uri)
    client = wired.clients.find(request.client_id)
    if client is None or not client.enabled:
        raise PageRefused("service_disabled", 400, "client was disabled meanwhile", client=client)
    if request.device is not None:
        if not may_use(client, wired.assurance.acr_values[-1]):
            raise PageRefused("service_disabled", 400, "client lost the device flow meanwhile", client=client)
    elif not is_registered(request.redirect_uri, client):  # checked when the request came; an hour may have passed
        raise PageRefused("bad_redirect_uri", 400, "redirect_uri was removed meanwhile", client=client)
    return client


def hinted_subject(request: AuthorizationRequest) -> str | None:
    """Whom the request means, as this client sees them (OpenID Connect Core 1.0 §5.5.1); a hint reads alike."""
    wanted = request.claims_request.id_token.get("sub")
    return str(wanted.values[0]) if wanted is not None and wanted.values else None


def seen_subject(wired: Provider, request: AuthorizationRequest, client: Client, person: UUID) -> str | None:
    """The person as the client sees them, where a hint is to be compared with it: nobody else asks."""
    return None if hinted_subject(request) is None else wired.subject(client, person)


def decide(
    wired: Provider, request: AuthorizationRequest, client: Client, proof: Proof | None, agreed: Agreed | None, now: int
) -> NextStep:
    """The hub's answer for what is known now."""
    if is_own(client.id):  # their own data: nothing is given to anybody
        agreed = Agreed(frozenset())
    return next_step(
        request,
        client,
        wired.assurance,
        proof=proof,
        agreed=None if must_ask_consent_anew(request, client) else agreed,
        hinted_subject=hinted_subject(request),
        now=now,
    )


def proof_of(wired: Provider, sign_in: SignInRecord, client: Client) -> Proof | None:
    """What a sign-in under way has proven; None when the session it stood on has ended."""
    if sign_in.session_ended:
        return None
    return Proof(
        facts=sign_in.facts,
        auth_time=sign_in.auth_time or 0,
        subject=seen_subject(wired, sign_in.request, client, sign_in.person_id),
        complete=sign_in.session_id is not None,
        made_for_this_request=sign_in.is_new_proof,
    )


def show_passkey(request: AuthorizationRequest, client: Client, *, notice: str | None = None) -> Response:
    """The page that asks for the passkey, with a fresh challenge; the request travels sealed in it."""
    wired = provider()
    set_page_language(request.ui_locales)
    challenge = wired.random_bytes(CHALLENGE_BYTES)
    travelling = SealedRequest(request, wired.clock(), challenge, wired.world.new_id())
    allow_form_target(request.redirect_uri)
    return page(
        "sign_in/passkey.html",
        client=client,
        here=reload_address(wired, request),
        blanks={
            "sealed": seal(travelling, ensure_browser(wired), wired.sealers.page),
            "options": json.dumps(request_options(challenge, wired.settings.rp_id)),
        },
        notice=notice,
        for_device=request.device is not None,
    )


def open_phone(wired: Provider, sign_in: SignInRecord) -> str:
    """The E.164 number of the sign-in's person."""
    assert sign_in.phone_number is not None
    return wired.sealers.phone.open(sign_in.phone_number, row_context("phones", "number", sign_in.phone_id)).decode()


def show_consent(sign_in: SignInRecord, client: Client) -> Response:
    """The page that shows what would be given, with its values."""
    wired = provider()
    set_page_language(sign_in.request.ui_locales)
    allow_form_target(sign_in.request.redirect_uri)
    phone = open_phone(wired, sign_in) if sign_in.phone_number is not None else None
    blanks = {"sign_in": str(sign_in.id)}
    marks = blank_pages()

    def put(value: str) -> str:
        name = f"value{len(blanks)}"
        blanks[name] = value
        return marks.mark(name)

    view = consent_view(wired, sign_in, client, phone, page_language(), put)
    blanks["who"] = view.pop("who")
    return page(
        "sign_in/consent.html",
        client=client,
        here=f"/sign-in/{sign_in.id}",
        blanks=blanks,
        for_device=sign_in.request.device is not None,
        **view,
    )


def issue_code(
    transaction: Transaction,
    wired: Provider,
    request: AuthorizationRequest,
    client: Client,
    what: Authorization,
    now: int,
    *,
    event: Event = Event.CODE_ISSUED,
) -> Answer:
    """Queue the grant and its code; returns what the browser takes to the client once that is committed.

    Raises PageRefused when the pushed request was completed by somebody faster.
    """
    if is_own(client.id):
        return own_answer(request)
    if request.device is not None:
        return _approve_device(transaction, wired, UUID(request.device), client, what, now)
    _complete(transaction, request.pushed, client, now)
    code = new_handle(transaction.new_id(), wired.random_bytes)
    authorizations.add(transaction, code, request, what, now, event=event)
    return code_answer(request.return_address, client, code.text)


def _approve_device(
    transaction: Transaction, wired: Provider, device: UUID, client: Client, what: Authorization, now: int
) -> Answer:
    """The same for another device: it gets its tokens, this browser only the news. Raises PageRefused when too late."""
    if not DeviceAuthorizations(transaction).approve(device, client.id, what, now):
        raise PageRefused("device_over", 400, "the device flow ended or expired", client=client)
    return Answer(f"{wired.issuer}{DEVICE_DONE}", {}, as_form=False)


def authorization_of(wired: Provider, sign_in: SignInRecord, granted: Return) -> Authorization:
    """What the code of a proven sign-in stands for."""
    assert sign_in.session_id is not None
    acr = granted.acr
    if sign_in.request.device is not None:  # what can be phished is never called the highest (abuse case D-01)
        acr = wired.assurance.below_the_highest(acr)
    return Authorization(
        person=sign_in.person_id,
        session=sign_in.session_id,
        passkey=sign_in.passkey_id,
        scopes=granted.scopes,
        acr=acr,
        amr=tuple(amr_of(sign_in.facts, acr, wired.assurance)),
        auth_time=sign_in.auth_time or 0,
    )


def finish(wired: Provider, sign_in: SignInRecord, client: Client, granted: Return, now: int) -> Response:
    """Everything was there, consent included: take the sign-in's end and go back with a code."""
    try:
        with wired.database.begin() as transaction:
            answer = finish_within(transaction, wired, sign_in, client, granted, now)
    except Outdated:
        raise finished_elsewhere(client) from None
    return send(answer, client)


def finished_elsewhere(client: Client) -> PageRefused:
    """What the slower of two requests reads that would end one sign-in."""
    return PageRefused("sign_in_finished", 400, "finished by another request", client=client)


def finish_within(
    transaction: Transaction,
    wired: Provider,
    sign_in: SignInRecord,
    client: Client,
    granted: Return,
    now: int,
    *,
    event: Event = Event.CODE_ISSUED,
) -> Answer:
    """The same within an open transaction. Raises PageRefused when another tab was faster, or its end Outdated."""
    if sign_in.request.pushed is None and sign_in.request.device is None and sign_in.is_new_proof:
        SignIns(transaction).finish_with(sign_in.id, now)  # all else is new rows: one statement writes them
    elif not SignIns(transaction).finish(sign_in.id, now):
        raise finished_elsewhere(client)
    if sign_in.session_id is not None and not sign_in.is_new_proof:
        Sessions(transaction).seen(sign_in.session_id, now)
    what = authorization_of(wired, sign_in, granted)
    return issue_code(transaction, wired, sign_in.request, client, what, now, event=event)


def back_with_error(request: AuthorizationRequest, client: Client, error: OAuthError) -> Response:
    """Back to the client with an error."""
    return complete_with_error(request.pushed, request.return_address, client, error)


def complete_with_error(pushed: str | None, address: ReturnAddress, client: Client, error: OAuthError) -> Response:
    """The same for a request that may not even be lawful. A pushed one is over with its one answer."""
    wired = provider()
    note_client(client)
    note_error(error.code, error.detail)
    if pushed is not None:
        with wired.database.begin() as transaction:
            _complete(transaction, pushed, client, wired.clock())
    return send(error_answer(address, client, error), client)


def _complete(transaction: Transaction, pushed: str | None, client: Client, now: int) -> None:
    """Let a pushed request have one answer (RFC 9126 §7.3): whoever comes second gets a page."""
    if pushed is not None and not PushedRequests(transaction).take(UUID(pushed), now):
        raise PageRefused("invalid_request_uri", 400, "pushed request was completed before", client=client)


def cancelled(sign_in: SignInRecord, now: int) -> AuditRow:
    """The audit row of a person who turned back."""
    return AuditRow(Event.SIGN_IN_CANCELLED, now, sign_in.person_id, sign_in.request.client_id, {"sign_in": sign_in.id})
