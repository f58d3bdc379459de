"""Security headers on every answer, errors and static files included (OWASP ASVS 5.0 §3.4).

They are put on outside of Flask, in one go: setting them one by one through Werkzeug's headers costs a sixth of a
whole request.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask

from idp.current_request import CurrentRequest, current_request

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
NAME = itemgetter(0)
SELF, NONE = frozenset({"'self'"}), frozenset[str]()

COMMON = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": with it browsers send `Origin: null` even with our own forms (Fetch Standard §3.2).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "publickey-credentials-get=(self), publickey-credentials-create=(self), otp-credentials=(self), "
        "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
    ),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action"
)
READABLE_ANYWHERE = frozenset({"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"})


def allow_form_target(uri: str) -> None:
    """Let forms of this answer's page end, after our redirect, at a service's registered URI, and wherever it goes on.

    Chromium applies `form-action` to the whole chain of redirects that answers a form (CSP Level 3 §6.4.1): ours to
    the registered URI, and those by which the service leads the person from its callback to its pages, on whichever
    origin they live. Were only the registered origin named, who agreed would be left on a page that does not move.
    What remains kept out is everything unencrypted, and every scheme that is no page.
    """
    asked = current_request()
    asked.form_targets = (asked.form_targets or SELF) | _onward(uri)


def only_form_target(uri: str) -> None:
    """Let the form of this answer's page go to the origin of a registered URI, and nowhere else (abuse case X-02)."""
    current_request().form_targets = frozenset({_origin(uri)})


def allow_frame(uri: str) -> None:
    """Let this answer's page load a frame from the origin of a registered URI, and from nowhere else."""
    asked = current_request()
    asked.frame_sources = (asked.frame_sources or frozenset()) | {_origin(uri)}


@lru_cache(maxsize=1024)
def _onward(uri: str) -> frozenset[str]:
    parts = urlsplit(uri)
    if parts.scheme == "http":  # a service on its developer's machine, beside others of the kind
        return frozenset({_origin(uri), _origin(f"http://{parts.hostname}:*")})
    return frozenset({"https:"})


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
    return "'none'" if set(origin) & set(" ;,'\"") else origin


def add_security_headers(app: Flask, own: Callable[[CurrentRequest], Headers], *, secure: bool) -> None:
    """Put the headers on every answer of `app`, whoever gives it, and `own`, which its request has led to."""
    layer = SecurityHeaders(app.wsgi_app, own, secure=secure)
    app.wsgi_app = layer  # type: ignore[method-assign]  # where Flask wants it
    app.extensions["idp-headers"] = layer.complete  # for answers that are given before Flask


def policy_said(asked: CurrentRequest) -> Headers:
    """The policy of a page that leads somewhere; every other answer has the same one."""
    if asked.form_targets is None and asked.frame_sources is None:
        return []
    return [("Content-Security-Policy", policy(asked.form_targets or SELF, asked.frame_sources or NONE))]


@lru_cache(maxsize=1024)
def policy(targets: frozenset[str], frames: frozenset[str] = NONE) -> str:
    """The Content-Security-Policy of a page whose forms may end at `targets`."""
    said = " ".join([POLICY, *sorted(targets)])
    return f"{said}; frame-src {' '.join(sorted(frames))}" if frames else said


class SecurityHeaders:
    """The WSGI layer around the application. What an answer says for itself is kept."""

    def __init__(
        self, application: "WSGIApplication", own: Callable[[CurrentRequest], Headers], *, secure: bool
    ) -> None:
        """`secure`: the issuer is https, and stays so for browsers that were here."""
        self._application = application
        self._own = own
        said = COMMON | {"Content-Security-Policy": policy(SELF), "Cache-Control": "no-store"}
        if secure:
            said["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        self._said = [(name.lower(), (name, value)) for name, value in said.items()]
        self._missing: dict[tuple[str, ...], Headers] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer as the application does, with the headers."""

        def start(status: str, headers: Headers, *error: Any) -> Any:
            return start_response(status, self.complete([*headers, *self._own(current_request())]), *error)

        return self._application(environ, start)

    def complete(self, headers: Sequence[tuple[str, str]]) -> Headers:
        """`headers` and those that are not among them. Which these are is remembered: the names are all ours."""
        names = tuple(map(NAME, headers))
        missing = self._missing.get(names)
        if missing is None:
            missing = self._missing[names] = self._those_beside(names)
        return [*headers, *missing]

    def _those_beside(self, names: Sequence[str]) -> Headers:
        given = {name.lower() for name in names}
        onward = []
        if "location" in given:  # the way back to a service tells it nothing of our address (RFC 9700 §4.2.4)
            given.add("referrer-policy")
            onward = [("Referrer-Policy", "no-referrer")]
        return onward + [header for name, header in self._said if name not in given]
