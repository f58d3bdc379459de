"""The request that is being answered, and what is decided on the way to its answer.

Flask keeps such things in `g`, and leads to it and to the request by proxies; each time that one of them is asked,
three calls are made. A page asks some thirty times. So there is one request object of ours, which holds all of it, and
one look leads to it. Flask's own proxies lead to the same object and may be used wherever it matters little.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask import Flask, Request
from werkzeug.datastructures import EnvironHeaders, Headers, ImmutableMultiDict, MultiDict
from werkzeug.utils import cached_property
from werkzeug.wsgi import _get_server

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment


class CurrentRequest(Request):
    """A request, what the application keeps for all requests, and what this one's answer will say."""

    app: Flask
    """With what it keeps under names, in `extensions`: the wired provider, the words."""
    language: str | None = None
    speak: Callable[..., str] | None = None
    """Says a sentence in that language."""
    browser_read = False
    browser_digest: bytes | None = None
    """The digest of the browser's cookie, once it has been read."""
    form_token: str | None = None
    fresh_browser: str | None = None
    session_cookie: str | None = None
    staff_cookie: str | None = None
    language_cookie: str | None = None
    """Cookies that the answer sets; an empty one it removes."""
    form_targets: frozenset[str] | None = None
    frame_sources: frozenset[str] | None = None
    """What the answer's Content-Security-Policy allows beside what every page may."""
    noted: Any = None
    """What the integration check has seen of this request."""
    began_at: float | None = None
    span: Any = None
    """The span that traces it."""

    def __init__(self, environ: "WSGIEnvironment", app: Flask, *, plain: bool = False) -> None:
        """A request to `app`; a `plain` one is to an address and by a method that need no decoding."""
        if plain:
            self.method, self.scheme = environ["REQUEST_METHOD"], environ["wsgi.url_scheme"]
            self.path, self.root_path = environ["PATH_INFO"], ""
            self.environ, self.shallow = environ, False
        else:
            super().__init__(environ, populate_request=False)
        self.app = app
        self.json_module = app.json

    @cached_property
    def headers(self) -> Headers:
        """Every header, under any spelling."""
        return EnvironHeaders(self.environ)

    @cached_property
    def query_string(self) -> bytes:
        """As it was sent."""
        sent: str = self.environ.get("QUERY_STRING", "")
        return sent.encode("latin-1")

    @cached_property
    def server(self) -> tuple[str, int | None] | None:
        """Where the server listens."""
        return _get_server(self.environ)

    @cached_property
    def remote_addr(self) -> str | None:
        """Who called; nginx, where it is in front."""
        caller: str | None = self.environ.get("REMOTE_ADDR")
        return caller

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The parameters in the address. What is not UTF-8 shows as such, instead of failing whoever looks."""
        sent = self.query_string.decode(errors="replace")
        return ImmutableMultiDict(parse_qsl(sent, keep_blank_values=True, errors="werkzeug.url_quote"))

    @cached_property
    def _plain_cookies(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for part in self.environ.get("HTTP_COOKIE", "").split(";"):
            name, _, value = part.partition("=")
            found.setdefault(name.strip(), value.strip())
        return found

    def cookie(self, name: str) -> str:
        """The first cookie of a name of ours, or nothing. Ours are never quoted (RFC 6265 §4.1.1)."""
        return self._plain_cookies.get(name, "")

    def asked_for(self, name: str) -> str | None:
        """The first value of a parameter in the address, looked for only where its name stands there."""
        return self.args.get(name) if name in self.environ.get("QUERY_STRING", "") else None


AT_HAND: ContextVar[CurrentRequest] = ContextVar("current request")
"""Set by the application for as long as a request's context lasts."""


def current_request() -> CurrentRequest:
    """The request that is being answered. Raises LookupError outside of one."""
    return AT_HAND.get()
