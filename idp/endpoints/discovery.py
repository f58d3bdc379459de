"""GET the two well-known documents and /jwks: prebuilt bytes, readable from anywhere, cacheable.

OpenID Connect Discovery 1.0 §4, RFC 8414 §3, RFC 7517 §5. The documents are made from the routes that exist.
"""

import json

from flask import Blueprint, Flask, Response, current_app

from idp.claims.scopes import EVENT_CLAIMS, SCOPES, claims_of
from idp.grants import GRANTS
from idp.pages.rendering import provider
from idp.protocol.discovery import provider_metadata

endpoint = Blueprint("discovery", __name__)
CACHE_SECONDS = 300


@endpoint.get("/.well-known/openid-configuration")
def openid_configuration() -> Response:
    """OpenID provider metadata."""
    return _public(current_app.extensions["idp-metadata"])


@endpoint.get("/.well-known/oauth-authorization-server")
def oauth_authorization_server() -> Response:
    """The same for OAuth clients."""
    return _public(current_app.extensions["idp-metadata"])


@endpoint.get("/jwks")
def jwks() -> Response:
    """The published keys."""
    return _public(provider().ring.jwks())


def prepare_metadata(app: Flask) -> None:
    """Build the document once, when every route is known."""
    wired = app.extensions["idp"]
    document = provider_metadata(
        issuer=wired.issuer,
        routes=frozenset(rule.rule for rule in app.url_map.iter_rules()),
        grant_types=list(GRANTS),
        scopes=list(SCOPES),
        claims=[*EVENT_CLAIMS[:1], *claims_of(SCOPES), *EVENT_CLAIMS[1:]],
        acr_values=wired.acr_values,
        locales=app.extensions["idp-words"].languages,
        mtls_origin=wired.settings.mtls_origin,
    )
    app.extensions["idp-metadata"] = json.dumps(document).encode()


def _public(body: bytes) -> Response:
    response = Response(body, mimetype="application/json")
    response.headers["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"  # public documents, read without credentials
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
