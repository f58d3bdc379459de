"""GET the two well-known documents and /jwks: prebuilt bytes, readable from anywhere, cacheable.

OpenID Connect Discovery 1.0 §4, RFC 8414 §3, RFC 7517 §5. The documents are made from the routes that exist.
Whoever asks for one at our own host has it before Flask routes anything; every other case (another host, another
method, keys that cannot be read) takes the way of all requests.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app

from idp.claims.scopes import EVENT_CLAIMS, SCOPES, claims_of
from idp.grants import GRANTS
from idp.pages.rendering import provider
from idp.protocol.device_flow import DEVICE_CODE_GRANT
from idp.protocol.discovery import provider_metadata
from idp.staff.switches import Feature
from idp.storage.away import is_away

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from idp.pages.headers import Headers

endpoint = Blueprint("discovery", __name__)
CACHE_SECONDS = 300
OF_THE_BODY = frozenset({"Content-Type", "Content-Length"})


@endpoint.get("/.well-known/openid-configuration")
def openid_configuration() -> Response:
    """OpenID provider metadata."""
    return _public(current_app.extensions["idp-metadata"]())


@endpoint.get("/.well-known/oauth-authorization-server")
def oauth_authorization_server() -> Response:
    """The same for OAuth clients."""
    return _public(current_app.extensions["idp-metadata"]())


@endpoint.get("/jwks")
def jwks() -> Response:
    """The published keys."""
    return _public(provider().ring.jwks())


def prepare_metadata(app: Flask) -> None:
    """Build the document once for each set of features that is on, when every route is known."""
    wired = app.extensions["idp"]
    made: dict[frozenset[str], bytes] = {}

    def metadata() -> bytes:
        off = wired.switches.off()
        if off not in made:
            made[off] = json.dumps(_document(app, off)).encode()
        return made[off]

    app.extensions["idp-metadata"] = metadata


GONE_WITH = {Feature.DEVICE_FLOW: "/device_authorization", Feature.DYNAMIC_REGISTRATION: "/register"}


def _document(app: Flask, off: frozenset[str]) -> Mapping[str, Any]:
    wired = app.extensions["idp"]
    gone = {path for feature, path in GONE_WITH.items() if feature.value in off}
    return provider_metadata(
        issuer=wired.issuer,
        routes=frozenset(rule.rule for rule in app.url_map.iter_rules()) - gone,
        grant_types=[one for one in GRANTS if one != DEVICE_CODE_GRANT or Feature.DEVICE_FLOW.value not in off],
        scopes=list(SCOPES),
        claims=[*EVENT_CLAIMS[:1], *claims_of(SCOPES), *EVENT_CLAIMS[1:]],
        acr_values=wired.acr_values,
        locales=app.extensions["idp-words"].languages,
        mtls_origin=wired.settings.mtls_origin,
    )


def answer_before_routing(app: Flask) -> None:
    """Put the documents in front of `app`, complete with its security headers."""
    wired = app.extensions["idp"]
    metadata = app.extensions["idp-metadata"]
    described = Kept(metadata, wired.clock)
    documents: dict[str, Callable[[], bytes]] = {
        "/.well-known/openid-configuration": described,
        "/.well-known/oauth-authorization-server": described,
        "/jwks": Kept(wired.ring.jwks, wired.clock),
    }
    origins = [wired.issuer, wired.settings.mtls_origin]
    hosts = frozenset(urlsplit(origin).netloc for origin in origins if origin)
    app.wsgi_app = Documents(app.wsgi_app, documents, hosts, app.extensions["idp-headers"])  # type: ignore[method-assign]


class Kept:
    """A document; while the database is away the last one, for as long as services may keep it themselves.

    They verify with these keys what was signed before, and need nothing else of us for that.
    """

    def __init__(self, make: Callable[[], bytes], clock: Callable[[], int]) -> None:
        """Makes nothing yet."""
        self._make = make
        self._clock = clock
        self._last: tuple[bytes, int] = (b"", 0)

    def __call__(self) -> bytes:
        """The document. Raises whatever making it raises."""
        try:
            body = self._make()
        except Exception as error:
            body, made_at = self._last
            if not is_away(error) or self._clock() - made_at >= CACHE_SECONDS:
                raise
        else:
            self._last = (body, self._clock())
        return body


class Documents:
    """The WSGI layer that answers GET and HEAD for the documents; whatever else is asked goes on."""

    def __init__(
        self,
        application: "WSGIApplication",
        documents: Mapping[str, Callable[[], bytes]],
        hosts: frozenset[str],
        complete: Callable[["Headers"], "Headers"],
    ) -> None:
        """`complete` adds the security headers."""
        self._application = application
        self._documents = documents
        self._hosts = hosts
        self._complete = complete
        self._headers: dict[bytes, Headers] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """The document, or what the application answers."""
        make = self._documents.get(environ["PATH_INFO"])
        method = environ["REQUEST_METHOD"]
        if make is None or method not in {"GET", "HEAD"} or environ.get("HTTP_HOST") not in self._hosts:
            return self._application(environ, start_response)
        try:
            body = make()
        except Exception:  # noqa: BLE001 - the application meets it too, and says it as it says every fault
            return self._application(environ, start_response)
        headers = self._headers_of(body)
        if environ.get("HTTP_IF_NONE_MATCH") == _tag(headers):
            start_response("304 Not Modified", [header for header in headers if header[0] not in OF_THE_BODY])
            return []
        start_response("200 OK", headers)
        return [body] if method == "GET" else []

    def _headers_of(self, body: bytes) -> "Headers":
        found = self._headers.get(body)
        if found is None:
            found = self._complete([*_headers(body).items(), ("Content-Length", str(len(body)))])
            self._headers = {**dict(list(self._headers.items())[-1:]), body: found}  # one of each document
        return found


def _tag(headers: "Headers") -> str:
    return next(value for name, value in headers if name == "ETag")


def _headers(body: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Cache-Control": f"public, max-age={CACHE_SECONDS}",
        "Access-Control-Allow-Origin": "*",  # public documents, read without credentials
        "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": f'"{sha256(body).hexdigest()[:32]}"',
    }


def _public(body: bytes) -> Response:
    return Response(body, headers=_headers(body))
