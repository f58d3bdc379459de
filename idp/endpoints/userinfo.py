"""GET and POST /userinfo: the claims that a person agreed to give (OpenID Connect Core 1.0 §5.3, RFC 6750)."""

import logging

from flask import Blueprint, Response, jsonify, request

from idp.claims.userinfo import person_claims, released
from idp.grants.tokens import still_allowed
from idp.keys.handles import read_handle
from idp.keys.sealing import row_context
from idp.pages.consent_view import open_record
from idp.pages.rendering import provider
from idp.protocol.bearer import bearer_token, challenge
from idp.protocol.claims_request import parse_claims
from idp.protocol.client import Client
from idp.protocol.errors import InsufficientScope, InvalidToken, OAuthError
from idp.protocol.parameters import single_valued
from idp.provider import Provider
from idp.storage.access import Access, find_access
from idp.storage.sessions import Sessions

log = logging.getLogger(__name__)
endpoint = Blueprint("userinfo", __name__)


@endpoint.route("/userinfo", methods=["GET", "POST"])
def userinfo() -> Response:
    """The UserInfo endpoint."""
    wired = provider()
    form = single_valued(request.form.items(multi=True)) if request.method == "POST" else {}
    token = bearer_token(request.headers.get("Authorization"), form, request.args)
    if token is None:
        return _challenge(401, None)
    presented = read_handle(token)
    with wired.database.read() as reading:
        access = find_access(reading, presented, wired.clock()) if presented else None
        phone = Sessions(reading).phone_of(access.grant.person_id) if access and _wants_phone(access) else None
    client = wired.clients.find(access.grant.client_id) if access else None
    if access is None or client is None or not client.enabled:
        raise InvalidToken("token is not good now")
    if access.audience and f"{wired.issuer}/userinfo" not in access.audience:
        raise InvalidToken("token is meant for another resource")  # RFC 8707 §2: it may come from there
    if "openid" not in still_allowed(access.scopes, client):
        raise InsufficientScope("token without openid")
    number = None
    if phone is not None:
        number = wired.sealers.phone.open(phone[1], row_context("phones", "number", phone[0])).decode()
    return jsonify(_answer(wired, access, client, number))


def _answer(wired: Provider, access: Access, client: Client, phone: str | None) -> dict[str, object]:
    """The claims; `sub` is the one of the ID token (Core §5.3.2)."""
    claims = person_claims(open_record(wired, access.record, access.grant.person_id), phone)
    wanted = parse_claims(access.claims).userinfo
    consented = client.scopes.intersection(access.consented)
    out = released(claims, still_allowed(access.scopes, client), wanted, consented)
    return {"sub": wired.subject(client, access.grant.person_id), **out}


def _wants_phone(access: Access) -> bool:
    return "phone" in access.scopes or "phone_number" in (access.claims or "")


@endpoint.errorhandler(OAuthError)
def _refuse(error: OAuthError) -> Response:
    log.info("refused", extra={"error": error.code, "why": error.detail, "path": request.path})
    return _challenge(error.status, error)


def _challenge(status: int, error: OAuthError | None) -> Response:
    """RFC 6750 §3: the challenge names the error, unless no token was sent at all (§3.1)."""
    response = jsonify({"error": error.code, "error_description": error.description} if error else {})
    response.status_code = status
    response.headers["WWW-Authenticate"] = challenge(
        error.code if error else None, error.description if error else None
    )
    return response
