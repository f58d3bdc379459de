"""What every endpoint that clients call does alike: the form, the client, errors as JSON, no caching."""

import logging
from collections.abc import Mapping

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from idp.endpoints.call import Call
from idp.endpoints.client_certificate import presented_certificate
from idp.pages.integration_check import is_checked, named_client, note_client, note_error
from idp.protocol.client import Client
from idp.protocol.client_authentication import AuthenticatedClient, authenticate
from idp.protocol.errors import InvalidClient, InvalidRequest, OAuthError
from idp.protocol.parameters import single_valued
from idp.storage import Transaction, once

log = logging.getLogger(__name__)


def read_client_form(call: Call) -> Mapping[str, str]:
    """The form of a client's POST. Raises InvalidRequest for parameters in the query (RFC 6749 §3.2)."""
    if not call.has_form():
        raise UnsupportedMediaType
    if call.query():
        raise InvalidRequest("parameters in the query", public="Send parameters in the request body only.")
    return single_valued(call.form())


def authenticate_client(call: Call, form: Mapping[str, str], *, remembered: bool = False) -> AuthenticatedClient:
    """The client of this call, as it is or, `remembered`, as this worker last saw it. Raises InvalidClient."""
    wired = call.wired
    try:
        authenticated = authenticate(
            form,
            call.header("AUTHORIZATION"),
            find_client=wired.clients.remembered if remembered else wired.clients.find,
            issuer=wired.issuer,
            token_endpoint=f"{wired.issuer}/token",
            now=wired.clock(),
            certificate=presented_certificate(call),
            more_audiences=[f"{wired.settings.mtls_origin}/token"] if wired.settings.mtls_origin else (),
            with_current_keys=wired.remote_keys.current,
        )
    except InvalidClient:
        note(call, named_client(wired, call.header("AUTHORIZATION"), form))
        raise
    note(call, authenticated.client)
    return authenticated


def note(call: Call, client: Client | None) -> None:
    """This call is of this client, for its integration check. Raises OnlyByFlask where nothing could be kept."""
    if is_checked(call.wired, client):
        call.by_flask()
        note_client(client)


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
