"""GET and POST /logout: a service, or the person, ends the session (OpenID Connect RP-Initiated Logout 1.0)."""

import json

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from idp.keys.sealing import CannotOpen
from idp.pages.browser import browser_digest, end_session_cookie, ensure_browser, presented_session
from idp.pages.forms import read_form
from idp.pages.headers import allow_form_target
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider, say, service_of, set_page_language
from idp.pages.steps import go
from idp.protocol.client import Client
from idp.protocol.errors import InvalidRequest
from idp.protocol.id_token import read_hint
from idp.protocol.logout import Logout, LogoutRequest, decide, parse
from idp.protocol.parameters import single_valued
from idp.provider import Provider
from idp.storage.session_ends import SessionEnds
from idp.storage.sessions import LiveSession, Sessions

endpoint = Blueprint("logout", __name__)


@endpoint.route("/logout", methods=["GET", "POST"])
def logout() -> Response:
    """The end session endpoint. Without proof that the session's own service asks, the person is asked (§2)."""
    wired = provider()
    asked, locales = _read(wired)
    set_page_language(locales)
    live = _live(wired)
    seen_as = wired.session_id(asked.client, live.id) if live and asked.client else None
    decision = decide(asked, session=seen_as or (str(live.id) if live else None))
    if decision is Logout.END and live is not None:
        _end(wired, live, asked.client, "service")
        return _done(asked)
    if decision is Logout.DONE or live is None:
        return _done(asked)
    for target in (asked.redirect_to, _home_of(asked)):
        if target is not None:
            allow_form_target(target)
    return page("logout/confirm.html", client=asked.client, sealed=_seal(wired, asked))


@endpoint.post("/logout/confirm")
def confirm() -> Response:
    """The person's answer on the page above."""
    form = read_form()
    wired = provider()
    asked = _unseal(wired, form.get("request", ""))
    live = _live(wired)
    if form.get("decision") == "stay":
        return _stayed(asked)
    if live is not None:
        _end(wired, live, asked.client, "person")
    end_session_cookie()
    return _done(asked)


def _read(wired: Provider) -> tuple[LogoutRequest, list[str]]:
    if request.method == "POST" and request.mimetype not in {"", "application/x-www-form-urlencoded"}:
        raise UnsupportedMediaType
    try:
        parameters = single_valued([*request.args.items(multi=True), *request.form.items(multi=True)])
    except InvalidRequest as error:
        raise PageRefused("invalid_request", 400, error.detail) from error
    token = parameters.get("id_token_hint")
    hint = read_hint(token, wired.ring.verification_keys(), issuer=wired.issuer) if token else None
    asked = parse(parameters, hint=hint, find_client=wired.clients.find)
    return asked, parameters.get("ui_locales", "").split()[:10]


def _live(wired: Provider) -> LiveSession | None:
    cookie = presented_session(wired)
    if cookie is None:
        return None
    with wired.database.read() as reading:
        return Sessions(reading).find(cookie, wired.clock())


def _end(wired: Provider, live: LiveSession, client: Client | None, why: str) -> None:
    now = wired.clock()
    with wired.database.begin() as transaction:
        ended = SessionEnds(transaction).end(live.id, now)
        wired.tell_ended(transaction, ended, why=why, now=now, by=client.id if client else None)
    end_session_cookie()


def _done(asked: LogoutRequest) -> Response:
    """Back to the service if it vouched for the address with a valid hint (§3), else our own page."""
    if asked.redirect_to is not None:
        return go(asked.redirect_to)
    return page("logout/done.html", client=asked.client, here="/logout", back=_way_back(asked))


def _stayed(asked: LogoutRequest) -> Response:
    return go(_home_of(asked) or "/")


def _home_of(asked: LogoutRequest) -> str | None:
    """The front page of the service that asks, where a person who stays signed in goes on."""
    service = service_of(asked.client)
    return service.uri if service else None


def _way_back(asked: LogoutRequest) -> dict[str, str] | None:
    service = service_of(asked.client)
    if service is None or service.uri is None:
        return None
    return {"url": service.uri, "label": say("refusal.back_to_service", service=service.name)}


def _seal(wired: Provider, asked: LogoutRequest) -> str:
    """The request on its way through the confirmation page: nobody can change where it leads."""
    document = {"client": asked.client.id if asked.client else None, "to": asked.redirect_to}
    context = b"logout:" + ensure_browser(wired)
    return wired.sealers.page.seal(json.dumps(document).encode(), context).hex()


def _unseal(wired: Provider, text: str) -> LogoutRequest:
    try:
        context = b"logout:" + (browser_digest(wired) or b"")
        document = json.loads(wired.sealers.page.open(bytes.fromhex(text), context))
    except (ValueError, CannotOpen) as error:
        raise PageRefused("wrong_browser", 400, "logout form of another browser") from error
    client = wired.clients.find(document["client"]) if document["client"] else None
    return LogoutRequest(client, None, document["to"])
