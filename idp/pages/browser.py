"""The browser's cookies: which browser it is, whose session it holds, which language was chosen.

With an https issuer every cookie is `__Host-`, Secure, HttpOnly, SameSite=Lax, Path=/ (OWASP ASVS 5.0 §3.3);
the demonstration runs on http://localhost, where `__Host-` cannot be set. The browser cookie is random and
stored nowhere: sealed pages and sign-ins are bound to its digest.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256

from flask import Response, g, request

from idp.keys.handles import Presented, read_handle
from idp.protocol.device_flow import device_kind
from idp.provider import Provider

BROWSER, SESSION, LANGUAGE, STAFF = "idp-browser", "idp-session", "idp-language", "idp-staff"
BROWSER_SECONDS = 30 * 86_400
LANGUAGE_SECONDS = 365 * 86_400
BROWSER_LENGTH = 43  # base64url of 32 bytes


def cookie_name(provider: Provider, name: str) -> str:
    """The name as it is set and read."""
    return f"__Host-{name}" if provider.settings.secure else name


def browser_digest(provider: Provider) -> bytes | None:
    """The digest of this browser's cookie, or None when it has none that we could have set."""
    if "browser_digest" not in g:
        value = request.cookies.get(cookie_name(provider, BROWSER), "")
        is_ours = len(value) == BROWSER_LENGTH and value.isascii()
        g.browser_digest = sha256(value.encode()).digest() if is_ours else None
    known: bytes | None = g.browser_digest
    return known


def ensure_browser(provider: Provider) -> bytes:
    """The digest of the browser's cookie; a browser without one gets one with the answer."""
    known = browser_digest(provider)
    if known is not None:
        return known
    g.fresh_browser = urlsafe_b64encode(provider.random_bytes(32)).rstrip(b"=").decode()
    fresh: bytes = sha256(g.fresh_browser.encode()).digest()
    g.browser_digest = fresh
    return fresh


def kind_of_browser() -> str:
    """What kind of device this browser runs on, as far as it says; one of our words, never its own text."""
    return device_kind(request.headers.get("User-Agent", "")).value


def presented_session(provider: Provider) -> Presented | None:
    """The session cookie, if it has the form of one."""
    return read_handle(request.cookies.get(cookie_name(provider, SESSION)))


def start_session_cookie(text: str) -> None:
    """Set the session cookie with this request's answer."""
    g.session_cookie = text


def end_session_cookie() -> None:
    """Remove the session cookie with this request's answer."""
    g.session_cookie = ""


def presented_staff_session(provider: Provider) -> Presented | None:
    """The cookie of a member of staff, if it has the form of one."""
    return read_handle(request.cookies.get(cookie_name(provider, STAFF)))


def staff_session_cookie(text: str) -> None:
    """Set the cookie of a member of staff with this request's answer; an empty one removes it."""
    g.staff_cookie = text


def choose_language_cookie(language: str) -> None:
    """Remember the language that the person chose on the page."""
    g.language_cookie = language


def set_cookies(provider: Provider, response: Response) -> Response:
    """Put what this request decided about cookies onto its answer."""
    fresh, session, language = g.get("fresh_browser"), g.get("session_cookie"), g.get("language_cookie")
    if fresh is not None:
        _set(provider, response, BROWSER, fresh, BROWSER_SECONDS)
    if session == "":
        _set(provider, response, SESSION, "", 0)
    elif session is not None:
        _set(provider, response, SESSION, session, None)
    staff = g.get("staff_cookie")
    if staff is not None:
        _set(provider, response, STAFF, staff, None if staff else 0)
    if language is not None:
        _set(provider, response, LANGUAGE, language, LANGUAGE_SECONDS)
    return response


def _set(provider: Provider, response: Response, name: str, value: str, max_age: int | None) -> None:
    response.set_cookie(
        cookie_name(provider, name),
        value,
        max_age=max_age,
        path="/",
        secure=provider.settings.secure,
        httponly=True,
        samesite="Lax",
    )
