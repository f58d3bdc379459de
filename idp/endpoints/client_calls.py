"""What every endpoint that clients call does alike: the form, the client, errors as JSON, no caching."""

import logging
from collections.abc import Mapping
from urllib.parse import parse_qsl

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from idp.endpoints.client_certificate import presented_certificate
from idp.pages.integration_check import note_client, note_error, note_presented
from idp.pages.rendering import provider
from idp.protocol.client_authentication import AuthenticatedClient, authenticate
from idp.protocol.errors import InvalidClient, InvalidRequest, OAuthError
from idp.protocol.parameters import single_valued
from idp.storage import Transaction, once

log = logging.getLogger(__name__)
FORM = "application/x-www-form-urlencoded"


def read_client_form() -> Mapping[str, str]:
    """The form of a client's POST. Raises InvalidRequest for parameters in the query (RFC 6749 §3.2)."""
    as_usual = request.environ.get("CONTENT_TYPE") == FORM
    if not as_usual and (
        request.mimetype != FORM or request.mimetype_params.get("charset", "utf-8").lower() != "utf-8"
    ):
        raise UnsupportedMediaType
    if request.query_string and request.args:
        raise InvalidRequest("parameters in the query", public="Send parameters in the request body only.")
    return single_valued(_posted())


def _posted() -> list[tuple[str, str]]:
    """The body's pairs, as Werkzeug would read them, without the structures that it puts them in."""
    try:
        return parse_qsl(request.get_data().decode(), keep_blank_values=True, errors="werkzeug.url_quote")
    except ValueError:  # not UTF-8: nothing that could be a parameter
        return []


def authenticate_client(form: Mapping[str, str]) -> AuthenticatedClient:
    """The client of this request. Raises InvalidClient."""
    wired = provider()
    try:
        authenticated = authenticate(
            form,
            request.headers.get("Authorization"),
            find_client=wired.clients.find,
            issuer=wired.issuer,
            token_endpoint=f"{wired.issuer}/token",
            now=wired.clock(),
            certificate=presented_certificate(),
            more_audiences=[f"{wired.settings.mtls_origin}/token"] if wired.settings.mtls_origin else (),
            with_current_keys=wired.remote_keys.current,
        )
    except InvalidClient:
        note_presented(form)
        raise
    note_client(authenticated.client)
    return authenticated


def take_assertion(transaction: Transaction, client: AuthenticatedClient) -> None:
    """Accept the assertion's `jti`, once. Raises InvalidClient for a replay (RFC 7523 §3)."""
    if client.used_once is not None and not once.take(transaction, client.used_once, client.used_once_until):
        raise InvalidClient("assertion replayed")


def answer_errors(endpoint: Blueprint) -> None:
    """Errors of `endpoint` as OAuth JSON, and never a cached answer (RFC 6749 §5.1, §5.2)."""

    @endpoint.errorhandler(OAuthError)
    def _refuse(error: OAuthError) -> Response:
        log.info("refused", extra={"error": error.code, "why": error.detail, "path": request.path})
        note_error(error.code, error.detail)
        response = jsonify(error=error.code, error_description=error.description)
        response.status_code = error.status
        if isinstance(error, InvalidClient):  # RFC 6749 §5.2, RFC 9110 §11.6.1: a 401 names a scheme
            response.headers["WWW-Authenticate"] = 'Basic realm="client"'
        return response

    @endpoint.after_request
    def _never_cache(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Pragma"] = "no-cache"
        return response
