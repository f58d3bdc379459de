"""The calls of machines answered before Flask: a fifth of their time is the work, the rest was the way to it.

The same rule as Flask's view runs here, on the bytes of the request, and only what it answers leaves from here. A
refusal, a fault and whatever is unusual about a request (another host, another method, a body without a length, a
script of another origin, a client whose requests are being noted) goes on to Flask, so that each error is made, worded
and logged in one place. Its counts, its request id and its security headers are those of every request.
tests/endpoints/test_direct.py holds both ways equal.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask

from idp.endpoints import introspect, revoke, token, userinfo
from idp.endpoints.call import FAILED, Call, OnlyByFlask, Reply, Rule
from idp.pages.forms import whole_body
from idp.pages.headers import Headers
from idp.provider import Provider

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

RULES: Mapping[tuple[str, str], Rule] = {
    ("POST", "/token"): token.token,
    ("GET", "/userinfo"): userinfo.userinfo,
    ("POST", "/userinfo"): userinfo.userinfo,
    ("POST", "/introspect"): introspect.introspect,
    ("POST", "/revoke"): revoke.revoke,
}
Answered = Callable[[str, str, int, float], None]


def answer_before_flask(app: Flask, name_request: Callable[[str | None], str], answered: Answered | None) -> None:
    """Put the calls in front of `app`.

    `name_request` names the request, and is given the name that a proxy gave it; `answered` counts it: route, method,
    status, seconds.
    """
    wired: Provider = app.extensions["idp"]
    complete = app.extensions["idp-headers"]
    longest = app.config["MAX_CONTENT_LENGTH"]
    app.wsgi_app = Calls(app.wsgi_app, wired, complete, longest, name_request, answered)  # type: ignore[method-assign]


class Calls:
    """The WSGI layer that answers what a rule answers; whatever else is asked or happens goes on."""

    def __init__(
        self,
        application: "WSGIApplication",
        wired: Provider,
        complete: Callable[[Headers], Headers],
        longest: int,
        name_request: Callable[[str | None], str],
        answered: Answered | None,
    ) -> None:
        """`complete` adds the security headers, `longest` is the most bytes of a body."""
        origins = [wired.issuer, wired.settings.mtls_origin]
        self._hosts = frozenset(urlsplit(origin).netloc for origin in origins if origin)
        self._application = application
        self._wired = wired
        self._complete = complete
        self._longest = longest
        self._name_request = name_request
        self._answered = answered

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """The rule's answer, or the application's."""
        rule = RULES.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if rule is None or environ.get("HTTP_HOST") not in self._hosts or "HTTP_ORIGIN" in environ:
            return self._application(environ, start_response)
        if self._wired.database.traced is not None:  # each request has a span, which Flask's hooks make
            return self._application(environ, start_response)
        body = whole_body(environ, self._longest)
        if body is None:
            return self._application(environ, start_response)
        name = self._name_request(environ.get("HTTP_X_REQUEST_ID"))
        try:
            reply = self._reply(rule, environ, body)
        except OnlyByFlask:
            return self._application(environ, start_response)
        except Exception as failed:  # noqa: BLE001 - raised again where Flask handles refusals and faults
            environ[FAILED] = failed
            return self._application(environ, start_response)
        start_response("200 OK", self._complete([*reply.headers, _length(reply), ("X-Request-Id", name)]))
        return [reply.body]

    def _reply(self, rule: Rule, environ: "WSGIEnvironment", body: bytes) -> Reply:
        wired = self._wired
        seconds = wired.world.network.clock
        began = seconds() if self._answered else 0.0
        wired.database.open_request()
        try:
            reply = rule(Call(wired, environ, body, direct=True))
        finally:
            wired.database.close_request()
        if self._answered:
            self._answered(environ["PATH_INFO"], environ["REQUEST_METHOD"], 200, seconds() - began)
        return reply


def _length(reply: Reply) -> tuple[str, str]:
    return "Content-Length", str(len(reply.body))
