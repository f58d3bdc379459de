"""The Flask application of a relying service: its pages, its cookie, its headers and its refusals."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, redirect, render_template, request, session
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from clients.relying_party import labels
from clients.relying_party.credentials import Credentials
from clients.relying_party.language import language, say
from clients.relying_party.provider import Provider
from clients.relying_party.refusals import REFUSALS, SignInRefusedError
from clients.relying_party.service import Service
from clients.relying_party.sign_in import RelyingParty
from clients.relying_party.sign_ins import SignIns

pages = Blueprint(
    "pages", __name__, template_folder="templates", static_folder="static", static_url_path="/relying-party"
)


def create_website(
    service: Service,
    credentials: Credentials,
    folder: Path,
    *,
    acr_values: str = "",
    clock: Callable[[], float] = time.time,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> Flask:
    """The website of `service`, with the templates and styles in `folder`. Starts without the provider.

    `acr_values` is what each request says it needs. What is accepted follows from the registration alone.
    """
    app = Flask(service.slug, root_path=str(folder))
    app.secret_key = credentials.session_secret
    app.config.update(
        # Browsers share the cookies of one host between its ports, so each service has a name of its own.
        SESSION_COOKIE_NAME=("__Host-" if credentials.secure else "") + f"{service.slug}_session",
        SESSION_COOKIE_SECURE=credentials.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=16_384,
    )
    provider = Provider(app, service, credentials, clock=clock, random_bytes=random_bytes)
    sign_ins = SignIns(random_bytes)
    party = RelyingParty(service, credentials, provider, sign_ins, clock=clock, acr_values=acr_values)
    app.extensions["relying_party"] = party
    app.register_blueprint(pages)
    app.context_processor(
        lambda: {
            "service": service,
            "say": say,
            "lang": language(),
            "labels": labels,
            "signed_in": party.current(session),
        }
    )
    app.before_request(_refuse_foreign_posts)
    app.before_request(_go_to_the_registered_host)
    app.after_request(_add_security_headers)
    app.register_error_handler(SignInRefusedError, _show_refusal)
    app.register_error_handler(HTTPException, _show_http_error)
    return app


def this_party() -> RelyingParty:
    """The relying party of the application that serves this request."""
    party: RelyingParty = current_app.extensions["relying_party"]
    return party


@pages.get("/")
def home() -> str:
    """The service's front page; once signed in, also what was asked and given."""
    return render_template("home.html")


@pages.get("/sign-in")
def sign_in() -> Response:
    """Off to the provider."""
    return redirect(this_party().begin(session, language()), 303)


@pages.get("/callback")
def callback() -> Response:
    """Back from the provider. The answer leaves the address bar at once, and with it the history."""
    signed_in = this_party().finish(session, request.args.to_dict(flat=False))
    return redirect(signed_in.asked.return_to, 303)


@pages.post("/sign-out")
def sign_out() -> Response:
    """Sign out here and at the provider."""
    return redirect(this_party().leave_everywhere(session, language()), 303)


@pages.post("/sign-out-here")
def sign_out_here() -> Response:
    """Sign out of this service alone."""
    this_party().leave(session)
    return redirect("/signed-out", 303)


@pages.post("/backchannel-logout")
def backchannel_logout() -> tuple[dict[str, str], int]:
    """The provider tells that a session has ended (OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8)."""
    told = request.form.getlist("logout_token")
    try:
        this_party().told_of_an_end(told[0] if len(told) == 1 else None)
    except SignInRefusedError as refused:
        current_app.logger.warning("logout token refused: %s", refused)
        # The provider tries again later unless it was its own mistake.
        return {"error": "invalid_request"}, 400 if refused.reason == "unverified" else 503
    return {}, 200


@pages.get("/privacy")
@pages.get("/terms")
def notice() -> str:
    """What becomes of the information given to this demonstration."""
    return render_template("relying_party/notice.html")


@pages.get("/signed-out")
def signed_out() -> str:
    """Where a person arrives after signing out, here or everywhere."""
    return render_template(
        "relying_party/signed_out.html", everywhere=this_party().left(session, request.args.get("state"))
    )


def _refuse_foreign_posts() -> None:
    """A form of another site changes nothing here, nor one of another port, which SameSite lets pass."""
    base = this_party().credentials.base
    if request.method == "POST" and request.headers.get("Origin", base) != base:
        raise SignInRefusedError("foreign_request")


def _go_to_the_registered_host() -> Response | None:
    """`127.0.0.1` and `localhost` are one machine but two cookies: stay at the address that is registered."""
    base = urlsplit(this_party().credentials.base)
    if request.method == "GET" and base.hostname == "localhost" and request.host == f"127.0.0.1:{base.port}":
        return redirect(f"http://{base.netloc}{request.full_path.rstrip('?')}", 302)
    return None


def _add_security_headers(response: Response) -> Response:
    """On every answer, errors too. A form may go to the provider, where signing out leads."""
    credentials = this_party().credentials
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {credentials.issuer}"
    )
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    if credentials.secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint not in {"static", "pages.static"}:
        response.headers["Cache-Control"] = "no-store"
    return response


def _show_refusal(refused: SignInRefusedError) -> tuple[str, int]:
    """The refusal as a page; the log gets one line without code, token or person."""
    refusal = REFUSALS[refused.reason]
    if refused.detail:
        current_app.logger.warning("sign-in refused: %s", refused)
    page = render_template("relying_party/refusal.html", refusal=refusal, reason=refused.reason)
    return page, refusal.status


def _show_http_error(error: HTTPException) -> tuple[str, int]:
    """Flask's own errors in the look of the service."""
    status = error.code or 500
    reason = "broken" if status >= 500 else "not_found"
    return render_template("relying_party/refusal.html", refusal=REFUSALS[reason], reason=reason), status
