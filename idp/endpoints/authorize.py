"""GET and POST /authorize: a client sends a person here, and gets a code or an error back.

RFC 6749 §3.1, OpenID Connect Core 1.0 §3.1.2. An anonymous visitor causes no write: the request travels sealed
through the page. A signed-in person whose consent is remembered goes straight back.
"""

from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, Response
from werkzeug.exceptions import UnsupportedMediaType

from idp.claims.assurance import amr_of
from idp.claims.scopes import SCOPES
from idp.current_request import CurrentRequest, current_request
from idp.endpoints.hinted import hint_read
from idp.endpoints.requested import requested
from idp.interaction.next_step import Proof, Reason, Refuse, Return, Step
from idp.pages.answers import error_answer, go, send
from idp.pages.browser import ensure_browser, presented_session
from idp.pages.integration_check import note_client
from idp.pages.refusals import PageRefused
from idp.pages.rendering import provider
from idp.pages.sign_in import find_sign_in, walk_on
from idp.pages.steps import back_with_error, complete_with_error, decide, issue_code, show_passkey
from idp.protocol.authorization_request import AuthorizationRequest, Unredirectable, parse, return_address
from idp.protocol.client import Client
from idp.protocol.client_policy import check_route
from idp.protocol.errors import InvalidRequestObject, InvalidScope, LoginRequired, OAuthError, RequestUriNotSupported
from idp.protocol.parameters import FORM, RepeatedParameter, form_pairs, single_valued
from idp.provider import Provider
from idp.storage import Outdated
from idp.storage.authorizations import Authorization
from idp.storage.sessions import LiveSession, Sessions
from idp.storage.sign_ins import SignIns

endpoint = Blueprint("authorize", __name__)
DECISIVE = frozenset({"client_id", "redirect_uri", "request", "request_uri"})
"""Parameters that say who asks and where the answer goes: repeated, nothing can be answered."""
LONGEST_REDIRECT = 6_000


@endpoint.route("/authorize", methods=["GET", "POST"])
def authorize() -> Response:
    """The authorization endpoint."""
    request = current_request()
    if request.method == "POST":
        if request.mimetype != FORM:
            raise UnsupportedMediaType
        as_get = _same_by_get(request)
        if as_get is not None:
            return as_get
    wired = provider()
    parameters, repeated = _parameters(request)
    try:
        source = requested(wired, parameters)
    except (InvalidRequestObject, RequestUriNotSupported) as error:
        return _refuse_from_outside(wired, parameters, error)
    client, address = return_address(source.parameters, wired.clients.find)
    note_client(client)
    try:
        if repeated is not None:
            raise repeated
        check_route(client, pushed=source.pushed is not None, signed=source.signed)
        asked = parse(source.parameters, client, address, frozenset(SCOPES), pushed=source.pushed, signed=source.signed)
    except InvalidScope as error:
        if "none" in source.parameters.get("prompt", "") or source.pushed is not None:
            return complete_with_error(source.pushed, address, client, error)
        # Not an automatic redirect: a link with a made-up scope must not turn us into a redirector (RFC 9700 §4.11.2).
        raise PageRefused("invalid_scope", 400, error.detail, client=client, address=address, error=error) from error
    except OAuthError as error:
        return complete_with_error(source.pushed, address, client, error)
    return _begin(wired, hint_read(wired, asked), client)


def _refuse_from_outside(wired: Provider, parameters: Mapping[str, str], error: OAuthError) -> Response:
    """An unreadable request object: the answer goes where the plain parameters rightly say, or to the person."""
    if "redirect_uri" not in parameters:
        raise Unredirectable(error.code, error.detail, wired.clients.find(parameters["client_id"])) from error
    client, address = return_address(parameters, wired.clients.find)
    return send(error_answer(address, client, error), client)


def _begin(wired: Provider, asked: AuthorizationRequest, client: Client) -> Response:
    """Ask the hub with the session that the browser holds, if it holds one."""
    now = wired.clock()
    session, step = None, None
    cookie = presented_session(wired)
    if cookie is not None:
        with wired.database.read() as reading:
            session, agreed = Sessions(reading).find_agreed(cookie, client.id, now)
        if session is not None and session.sandbox_of != client.tenant:
            session = None  # nobody that this client may see is signed in here
        if session is not None:
            step = decide(wired, asked, client, _proof(wired, session, client), agreed, now)
    if session is None or step is None:
        step = decide(wired, asked, client, None, None, now)
        if isinstance(step, Refuse):
            return back_with_error(asked, client, step.error)
        return show_passkey(asked, client)
    if isinstance(step, Return):
        return _return_at_once(wired, asked, client, session, step, now)
    if isinstance(step, Refuse):
        # Another person is signed in than the hint means: they may sign in now, unless no page may be shown.
        if isinstance(step.error, LoginRequired) and not asked.is_silent:
            return show_passkey(asked, client, notice=Reason.LOGIN_AGAIN.value)
        return back_with_error(asked, client, step.error)
    if step.step is Step.CONSENT:
        return _ask_consent(wired, asked, session, now)
    return show_passkey(asked, client, notice=step.reason.value or None)


def _return_at_once(
    wired: Provider, asked: AuthorizationRequest, client: Client, session: LiveSession, granted: Return, now: int
) -> Response:
    """Single sign-on: everything is there."""
    what = Authorization(
        person=session.person_id,
        session=session.id,
        passkey=session.passkey_id,
        scopes=granted.scopes,
        acr=granted.acr,
        amr=tuple(amr_of(session.facts, granted.acr, wired.assurance)),
        auth_time=session.auth_time,
    )
    try:
        with wired.database.begin() as transaction:
            Sessions(transaction).seen_with(session.id, now)
            answer = issue_code(transaction, wired, asked, client, what, now)
    except Outdated:
        why = "session ended at the same moment"
        raise PageRefused("expired_page", 400, why, client=client, address=asked.return_address) from None
    return send(answer, client)


def _ask_consent(wired: Provider, asked: AuthorizationRequest, session: LiveSession, now: int) -> Response:
    """Single sign-on to a service that the person has not agreed to yet."""
    row = wired.world.new_id()
    with wired.database.begin() as transaction:
        SignIns(transaction).add(
            row=row,
            browser=ensure_browser(wired),
            person=session.person_id,
            passkey=session.passkey_id,
            session=session.id,
            request=asked,
            facts=session.facts,
            code=None,
            now=now,
        )
    return walk_on(wired, find_sign_in(str(row)))


def _proof(wired: Provider, session: LiveSession, client: Client) -> Proof:
    return Proof(
        facts=session.facts,
        auth_time=session.auth_time,
        subject=wired.subject(client, session.person_id),
        complete=True,
        made_for_this_request=False,
    )


def _parameters(request: CurrentRequest) -> tuple[Mapping[str, str], RepeatedParameter | None]:
    """Query and form as one list: a parameter may stand once in both together (RFC 6749 §3.1)."""
    try:
        pairs = form_pairs(request.query_string)
    except ValueError as error:
        raise Unredirectable("invalid_request", "the query is not UTF-8") from error
    if request.method == "POST":
        pairs += request.form.items(multi=True)
    try:
        return single_valued(pairs), None
    except RepeatedParameter as repeated:
        often = {name for name, times in Counter(name for name, _ in pairs).items() if times > 1}
        if often & DECISIVE:  # whatever else is repeated: there is no address to trust
            raise Unredirectable("repeated_parameter", str(repeated)) from repeated
        return {n: v for n, v in pairs if n not in often and v}, repeated
    except OAuthError as error:
        raise Unredirectable("invalid_request", error.detail) from error


def _same_by_get(request: CurrentRequest) -> Response | None:
    """A POST from another site arrives without our Lax cookies: asked again by GET, it has them.

    None when it came from our own site, or is too long for an address.
    """
    if request.headers.get("Sec-Fetch-Site") != "cross-site" or request.args:
        return None
    query = urlencode(list(request.form.items(multi=True)))
    return go(f"/authorize?{query}") if len(query) <= LONGEST_REDIRECT else None
