"""Refusal pages: what happened and what to do next, in the person's language, with a way back to the service."""

import logging
from collections.abc import Mapping
from pathlib import Path
from traceback import extract_tb

from flask import Blueprint, Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, SecurityError

from idp.pages.answers import error_answer
from idp.pages.headers import allow_form_target
from idp.pages.integration_check import note_client, note_error
from idp.pages.rendering import page, provider, say, service_of
from idp.protocol.authorization_request import ReturnAddress, Unredirectable
from idp.protocol.authorization_response import Answer
from idp.protocol.client import Client
from idp.protocol.errors import AccessDenied, OAuthError
from idp.storage.away import is_away

log = logging.getLogger(__name__)
refusals = Blueprint("refusals", __name__)
MACHINE_PATHS = (
    "/token",
    "/par",
    "/device_authorization",
    "/userinfo",
    "/introspect",
    "/revoke",
    "/register",
    "/receipts",
    "/audit/head",
    "/jwks",
    "/.well-known/",
    "/admin/v1/",
)
RETRY_SECONDS = 5  # after which a database that was restarted is usually back
PAGES_BY_STATUS = {
    400: "invalid_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media",
}
DESCRIPTIONS = {
    405: "This endpoint does not take the method; the header Allow names those that it takes.",
    413: "The request is too large.",
    415: "The body must be application/x-www-form-urlencoded in UTF-8; at /register it is application/json.",
}
"""What a client reads of an error that no endpoint raised (RFC 6749 §5.2: ASCII)."""


class PageRefused(Exception):
    """A person's step cannot go on; `name` is the refusal in the words files."""

    def __init__(
        self,
        name: str,
        status: int,
        detail: str,
        *,
        client: Client | None = None,
        address: ReturnAddress | None = None,
        error: OAuthError | None = None,
        values: Mapping[str, str] | None = None,
        here: str | None = None,
        onward: tuple[str, str] | None = None,
    ) -> None:
        """With an `address` the page leads back to the service, which then gets `error` (access_denied).

        `here` is an address that shows the same refusal, where there is one; `onward` an address of ours to go on
        at, with the key of its label.
        """
        super().__init__(detail)
        self.name = name
        self.status = status
        self.client = client
        self.address = address
        self.error = error or AccessDenied()
        self.values = values or {}
        self.here = here
        self.onward = onward


def refusal_page(refused: PageRefused, reference: str | None = None) -> Response:
    """The page for a refusal; its reference stands in the log beside the reason."""
    reference = reference or _new_reference()
    log.info("page refused", extra={"refusal": refused.name, "reference": reference, "why": str(refused)})
    note_client(refused.client)
    note_error(refused.name, str(refused))
    return page(
        "refusals/refusal.html",
        client=refused.client,
        here=refused.here,
        status=refused.status,
        heading=say(f"refusal.{refused.name}.heading"),
        what=say(f"refusal.{refused.name}.what"),
        next_step=say(f"refusal.{refused.name}.next", **refused.values),
        back=_way_back(refused),
        reference=reference,
    )


def _way_back(refused: PageRefused) -> dict[str, str | Answer | None] | None:
    if refused.onward is not None:
        return {"url": refused.onward[0], "label": say(refused.onward[1])}
    service = service_of(refused.client)
    if service is None or refused.client is None:
        return None
    label = say("refusal.back_to_service", service=service.name)
    if refused.address is not None:
        allow_form_target(refused.address.redirect_uri)
        answer = error_answer(refused.address, refused.client, refused.error)
        return {"url": answer.location, "label": label, "answer": answer if answer.as_form else None}
    return {"url": service.uri, "label": label} if service.uri else None


def handle_refusals(app: Flask) -> None:
    """Turn every error that leaves a view into a page for people or JSON for clients."""

    @app.errorhandler(PageRefused)
    def _refused(refused: PageRefused) -> Response:
        return refusal_page(refused)

    @app.errorhandler(Unredirectable)
    def _unredirectable(error: Unredirectable) -> Response:
        return refusal_page(PageRefused(error.page, 400, str(error), client=error.client))

    @app.errorhandler(SecurityError)
    def _wrong_host(_error: SecurityError) -> Response:
        return _answer(400, "host_unknown", "invalid_request")

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        status = error.code or 500
        response = _answer(status, PAGES_BY_STATUS.get(status, "invalid_request"), "invalid_request")
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Response:
        if app.config["PROPAGATE_EXCEPTIONS"]:  # for tests: the fault itself, not its page
            raise error
        # The text of a foreign exception may quote data: its type and place are what a developer needs.
        reference = _new_reference()
        extra = {"kind": type(error).__name__, "at": _place(error), "reference": reference}
        if is_away(error):
            log.error("database away", extra=extra)
            response = _answer(503, "unavailable", "temporarily_unavailable", reference)
            response.headers["Retry-After"] = str(RETRY_SECONDS)
            return response
        log.error("unexpected error", extra=extra)
        return _answer(500, "internal_error", "server_error", reference)


def _answer(status: int, name: str, code: str, reference: str | None = None) -> Response:
    if request.path.startswith(MACHINE_PATHS):
        text = f"Reference {reference}." if reference else DESCRIPTIONS.get(status)
        said = {"error_description": text} if text else {}
        response = jsonify(error=code, **said)
        response.status_code = status
        return response
    return refusal_page(PageRefused(name, status, f"{status}"), reference)


def _new_reference() -> str:
    """What a person reads out to find the line in the log."""
    return provider().random_bytes(4).hex()


def _place(error: Exception) -> str:
    frames = extract_tb(error.__traceback__)[-4:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
