"""What the two registration endpoints do alike: bearer tokens, JSON in, JSON out, errors, no caching.

RFC 7591 §3, RFC 7592 §2 and §3, RFC 6750 §3.
"""

import logging
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from idp.protocol import bearer
from idp.protocol.errors import InvalidToken, OAuthError
from idp.provider import Provider
from idp.registration.errors import RefusedMetadata
from idp.registration.folders import Unreadable, read_json
from idp.registration.names import look_alike
from idp.registration.register import information
from idp.registration.registration import Metadata, Registration
from idp.registration.software_statement import MEMBER, read_statement

log = logging.getLogger(__name__)


def presented_token() -> str:
    """The bearer token of this request. Raises InvalidToken also when there is none."""
    token = bearer.presented_token(request.headers.get("Authorization"), {}, request.args)
    if token is None or token.scheme != "Bearer":
        raise InvalidToken("no bearer token")
    return token.text


def read_document() -> Any:
    """The JSON document of this request. Raises RefusedMetadata."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    try:
        return read_json(request.get_data().decode("utf-8"))
    except UnicodeDecodeError:
        raise RefusedMetadata(["metadata: must be UTF-8"]) from None
    except Unreadable:
        raise RefusedMetadata(["metadata: must be valid JSON that names each member once"]) from None


def read_vouched(wired: Provider, document: Any) -> dict[str, Any]:
    """The metadata of the document's software statement, if it has one.

    Raises InvalidSoftwareStatement, UnapprovedSoftwareStatement.
    """
    statement = document.get(MEMBER) if isinstance(document, dict) else None
    if statement is None:
        return {}
    return read_statement(statement, wired.statement_issuers, audience=wired.issuer, now=wired.clock())


def with_statement(metadata: Metadata, document: dict[str, Any]) -> Metadata:
    """RFC 7591 §3.2.1: a software statement is returned unmodified, so it is kept beside what it said."""
    statement = document.get(MEMBER)
    return metadata if statement is None else Metadata({**metadata, MEMBER: statement})


def refuse_look_alike(wired: Provider, registration: Registration) -> None:
    """Raise RefusedMetadata for a name that reads like another service's: an administrator judges that (G-07)."""
    for other in wired.clients.list():
        if other.client_id != registration.client_id and look_alike(registration.metadata, other.metadata):
            raise RefusedMetadata(["client_name: reads like the name of another service; ask an administrator"])


def answer(wired: Provider, registration: Registration, access: str, secret: str | None, status: int) -> Response:
    """The client information response (RFC 7591 §3.2.1, RFC 7592 §3)."""
    response = jsonify(
        information(registration, secret)
        | {
            "registration_client_uri": f"{wired.issuer}/register/{registration.client_id}",
            "registration_access_token": access,
        }
    )
    response.status_code = status
    return response


def answer_registration_errors(endpoint: Blueprint) -> None:
    """Errors of `endpoint` as RFC 7591 §3.2.2 has them, and never a cached answer."""

    @endpoint.errorhandler(OAuthError)
    def _refuse(error: OAuthError) -> Response:
        log.info("refused", extra={"error": error.code, "why": error.detail, "path": request.path})
        response = jsonify(error=error.code, error_description=error.description)
        response.status_code = error.status
        if isinstance(error, InvalidToken):
            sent = "Authorization" in request.headers  # RFC 6750 §3.1: no error code when nothing was presented
            response.headers["WWW-Authenticate"] = 'Bearer realm="registration"' + (
                f', error="{error.code}", error_description="{error.description}"' if sent else ""
            )
        return response

    @endpoint.after_request
    def _never_cache(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Pragma"] = "no-cache"
        return response
