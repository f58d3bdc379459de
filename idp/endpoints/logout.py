"""GET and POST /logout: a service, or the person, ends the session.

OpenID Connect RP-Initiated Logout 1.0. The services of the session are told: by notices that the worker
delivers (Back-Channel Logout 1.0), and by frames of the page that follows (Front-Channel Logout 1.0).
"""

from urllib.parse import urlencode

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from idp.interaction.logged_out import LoggedOut, frames
from idp.interaction.sealed_logout import seal_logout, unseal_logout
from idp.interaction.sealed_request import SealBroken
from idp.pages.answers import go
from idp.pages.browser import browser_digest, end_session_cookie, ensure_browser, presented_session
from idp.pages.forms import read_form
from idp.pages.headers import allow_form_target, allow_frame
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider, say, service_of, set_page_language
from idp.protocol.errors import InvalidRequest
from idp.protocol.id_token import read_hint
from idp.protocol.logout import Logout, LogoutRequest, decide, parse
from idp.protocol.parameters import single_valued
from idp.provider import Provider
from idp.storage.session_ends import OpenSession, SessionEnds

endpoint = Blueprint("logout", __name__)


@endpoint.route("/logout", methods=["GET", "POST"])
def logout() -> Response:
    """The end session endpoint. Without proof that the session's own service asks, the person is asked (§2)."""
    wired = provider()
    asked = _read(wired)
    if _came_without_cookies():
        sealed = seal_logout(asked, browser=None, now=wired.clock(), sealer=wired.sealers.page)
        return go(f"/logout?{urlencode({'posted': sealed})}")
    set_page_language(asked.ui_locales)
    session = _open_session(wired)
    if session is None:
        return _done(asked)
    decision = decide(asked, session=wired.session_id(asked.client, session.id) if asked.client else str(session.id))
    return _ask(wired, asked) if decision is Logout.ASK else _end(wired, asked, session, "service")


@endpoint.post("/logout/confirm")
def confirm() -> Response:
    """The person's answer on the page above."""
    form = read_form()
    wired = provider()
    asked = _unseal(wired, form.get("request"), browser_digest(wired) or b"")
    set_page_language(asked.ui_locales)
    if form.get("decision") == "stay":
        return go(_home_of(asked) or "/")
    session = _open_session(wired)
    end_session_cookie()
    return _end(wired, asked, session, "person") if session else _done(asked)


def _read(wired: Provider) -> LogoutRequest:
    """What is asked: by parameters, or by a request of before that travels sealed."""
    if request.method == "POST" and request.mimetype not in {"", "application/x-www-form-urlencoded"}:
        raise UnsupportedMediaType
    if "continue" in request.args:
        return _unseal(wired, request.args["continue"], browser_digest(wired) or b"")
    if "posted" in request.args:
        return _unseal(wired, request.args["posted"], None)
    try:
        parameters = single_valued([*request.args.items(multi=True), *request.form.items(multi=True)])
    except InvalidRequest as error:
        raise PageRefused("invalid_request", 400, error.detail) from error
    token = parameters.get("id_token_hint")
    hint = read_hint(token, wired.ring.verification_keys(), issuer=wired.issuer) if token else None
    return parse(parameters, hint=hint, find_client=wired.clients.find)


def _came_without_cookies() -> bool:
    """Whether this is a POST from another site: SameSite=Lax keeps our cookies from it, whoever is signed in."""
    if request.method != "POST":
        return False
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site")
    return site == "cross-site" or (site is None and origin is not None and origin != provider().issuer)


def _open_session(wired: Provider) -> OpenSession | None:
    """The browser's session unless it was ended; one that idled out still has services that live on it."""
    cookie = presented_session(wired)
    if cookie is None:
        return None
    with wired.database.read() as reading:
        return SessionEnds(reading).find(cookie)


def _ask(wired: Provider, asked: LogoutRequest) -> Response:
    for target in (asked.redirect_to, _home_of(asked)):
        if target is not None:
            allow_form_target(target)
    sealed = seal_logout(asked, browser=ensure_browser(wired), now=wired.clock(), sealer=wired.sealers.page)
    here = f"/logout?{urlencode({'continue': sealed})}"  # the address shows no token any more
    return page("logout/confirm.html", client=asked.client, here=here, sealed=sealed)


def _end(wired: Provider, asked: LogoutRequest, session: OpenSession, why: str) -> Response:
    now = wired.clock()
    with wired.database.begin() as transaction:
        ended = SessionEnds(transaction).end(session.id, now)
        told = wired.logouts.tell_ended(
            transaction, ended, why=why, now=now, by=asked.client.id if asked.client else None
        )
    end_session_cookie()
    return _done(asked, told)


def _done(asked: LogoutRequest, told: list[LoggedOut] | None = None) -> Response:
    """Back to the service if it vouched for the address with a valid hint (§3), else our own page.

    Frames that sign out of services finish before the browser goes on (Front-Channel Logout 1.0 §3).
    """
    wired = provider()
    shown = frames(told or (), issuer=wired.issuer, session_of=wired.session_id)
    if asked.redirect_to is not None and not shown:
        return go(asked.redirect_to)
    for _, address in shown:
        allow_frame(address)
    return page(
        "logout/done.html",
        client=asked.client,
        here="/logout",
        back=_way_back(asked),
        onward=asked.redirect_to is not None,
        frames=[{"name": service.name, "address": address} for c, address in shown if (service := service_of(c))],
    )


def _way_back(asked: LogoutRequest) -> dict[str, str] | None:
    service = service_of(asked.client)
    url = asked.redirect_to or (service.uri if service else None)
    if service is None or url is None:
        return None
    return {"url": url, "label": say("refusal.back_to_service", service=service.name)}


def _home_of(asked: LogoutRequest) -> str | None:
    """The front page of the service that asks, where a person who stays signed in goes on."""
    service = service_of(asked.client)
    return service.uri if service else None


def _unseal(wired: Provider, text: str | None, browser: bytes | None) -> LogoutRequest:
    try:
        return unseal_logout(
            text, browser=browser, now=wired.clock(), sealer=wired.sealers.page, find_client=wired.clients.find
        )
    except SealBroken as broken:
        name = "expired_page" if str(broken) == "too old" else "wrong_browser"
        raise PageRefused(name, 400, f"sealed logout: {broken}") from broken
