"""The browser's cookies: which browser it is, whose session it holds, which language was chosen.

With an https issuer every cookie is `__Host-`, Secure, HttpOnly, SameSite=Lax, Path=/ (OWASP ASVS 5.0 §3.3);
the demonstration runs on http://localhost, where `__Host-` cannot be set. The browser cookie is random and
stored nowhere: sealed pages and sign-ins are bound to its digest.
"""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256

from idp.current_request import CurrentRequest, current_request
from idp.keys.handles import Presented, read_handle
from idp.protocol.device_flow import device_kind
from idp.provider import Provider

BROWSER, SESSION, LANGUAGE, STAFF = "idp-browser", "idp-session", "idp-language", "idp-staff"
BROWSER_SECONDS = 30 * 86_400
LANGUAGE_SECONDS = 365 * 86_400
PLAIN_VALUE = re.compile(r"[A-Za-z0-9._~-]*")
BROWSER_LENGTH = 43  # base64url of 32 bytes


def cookie_name(provider: Provider, name: str) -> str:
    """The name as it is set and read."""
    return f"__Host-{name}" if provider.settings.secure else name


def browser_digest(provider: Provider) -> bytes | None:
    """The digest of this browser's cookie, or None when it has none that we could have set."""
    asked = current_request()
    if not asked.browser_read:
        value = asked.cookie(cookie_name(provider, BROWSER))
        is_ours = len(value) == BROWSER_LENGTH and value.isascii()
        asked.browser_digest = sha256(value.encode()).digest() if is_ours else None
        asked.browser_read = True
    return asked.browser_digest


def ensure_browser(provider: Provider) -> bytes:
    """The digest of the browser's cookie; a browser without one gets one with the answer."""
    known = browser_digest(provider)
    if known is not None:
        return known
    asked = current_request()
    asked.fresh_browser = urlsafe_b64encode(provider.random_bytes(32)).rstrip(b"=").decode()
    asked.browser_digest = fresh = sha256(asked.fresh_browser.encode()).digest()
    return fresh


def kind_of_browser() -> str:
    """What kind of device this browser runs on, as far as it says; one of our words, never its own text."""
    return device_kind(current_request().environ.get("HTTP_USER_AGENT", "")).value


def presented_session(provider: Provider) -> Presented | None:
    """The session cookie, if it has the form of one."""
    return read_handle(current_request().cookie(cookie_name(provider, SESSION)))


def start_session_cookie(text: str) -> None:
    """Set the session cookie with this request's answer."""
    current_request().session_cookie = text


def end_session_cookie() -> None:
    """Remove the session cookie with this request's answer."""
    current_request().session_cookie = ""


def presented_staff_session(provider: Provider) -> Presented | None:
    """The cookie of a member of staff, if it has the form of one."""
    return read_handle(current_request().cookie(cookie_name(provider, STAFF)))


def staff_session_cookie(text: str) -> None:
    """Set the cookie of a member of staff with this request's answer; an empty one removes it."""
    current_request().staff_cookie = text


def choose_language_cookie(language: str) -> None:
    """Remember the language that the person chose on the page."""
    current_request().language_cookie = language


def cookies_said(provider: Provider, asked: CurrentRequest) -> list[tuple[str, str]]:
    """The headers by which an answer sets what its request decided about cookies."""
    said = []
    if asked.fresh_browser is not None:
        said.append(_cookie(provider, BROWSER, asked.fresh_browser, BROWSER_SECONDS))
    if asked.session_cookie is not None:
        said.append(_cookie(provider, SESSION, asked.session_cookie, None))
    if asked.staff_cookie is not None:
        said.append(_cookie(provider, STAFF, asked.staff_cookie, None))
    if asked.language_cookie is not None:
        said.append(_cookie(provider, LANGUAGE, asked.language_cookie, LANGUAGE_SECONDS))
    return said


def _cookie(provider: Provider, name: str, value: str, max_age: int | None) -> tuple[str, str]:
    """RFC 6265 §4.1.1, of a value that needs no quotes; one without a value is removed."""
    if not PLAIN_VALUE.fullmatch(value):
        raise ValueError(f"the value of the cookie {name} would need quotes")
    age = max_age if value else 0
    life = "" if age is None else f" Max-Age={age};"
    secure = " Secure;" if provider.settings.secure else ""
    return "Set-Cookie", f"{cookie_name(provider, name)}={value};{life}{secure} HttpOnly; Path=/; SameSite=Lax"
