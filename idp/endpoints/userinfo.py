"""GET and POST /userinfo: the claims that a person agreed to give (OpenID Connect Core 1.0 §5.3, RFC 6750)."""

import json
import logging

from flask import Blueprint, Response, jsonify, request

from idp.claims.userinfo import person_claims, released
from idp.endpoints.call import Call, Reply, by_way_of_flask, json_reply
from idp.endpoints.client_calls import note
from idp.endpoints.client_certificate import presented_certificate
from idp.endpoints.cross_origin import readable_by_public_clients
from idp.endpoints.proof_of_possession import check_nonce, nonce_header, offer_nonces, read_sender, take_proof
from idp.grants.tokens import still_allowed
from idp.keys.sealing import row_context
from idp.pages.consent_view import open_record
from idp.pages.integration_check import note_error
from idp.protocol.bearer import challenge, presented_token
from idp.protocol.claims_request import parse_claims
from idp.protocol.client import Client
from idp.protocol.encrypted_response import encrypted
from idp.protocol.errors import InsufficientScope, InvalidDpopProof, InvalidToken, OAuthError, UseDpopNonce
from idp.protocol.parameters import single_valued
from idp.protocol.sender import Sender, check_holder
from idp.provider import Provider
from idp.storage.access import Access, find_access
from idp.storage.sessions import Sessions

log = logging.getLogger(__name__)
endpoint = Blueprint("userinfo", __name__)
offer_nonces(endpoint)
readable_by_public_clients(endpoint)


class NoToken(Exception):
    """No token was sent at all."""


def userinfo(call: Call) -> Reply:
    """The UserInfo endpoint. Raises NoToken, or the error that the challenge names."""
    wired = call.wired
    form = single_valued(call.form()) if call.method == "POST" and call.has_form() else {}
    token = presented_token(call.header("AUTHORIZATION"), form, dict(call.query()))
    if token is None:
        raise NoToken
    sender = (
        read_sender(call, token.text) if token.scheme == "DPoP" else Sender(certificate=presented_certificate(call))
    )
    presented = wired.read_token(token.text)
    with wired.database.read() as reading:
        access = find_access(reading, presented, wired.clock()) if presented else None
        person = access.grant.person_id if access and _wants_phone(access) else None
        phone = Sessions(reading).phone_of(person) if person else None
    if access is not None:
        wired.clients.told(access.client_row)
    client = wired.clients.find(access.grant.client_id) if access else None
    note(call, client)
    if access is None or client is None or not client.enabled:
        raise InvalidToken("token is not good now")
    if not access.is_for(client):
        raise InvalidToken("the person belongs to another environment")
    if not wired.suffices(client, access.grant):
        raise InvalidToken("token is of a lower level than its client asks for now")
    check_holder(access.binding, sender, scheme=token.scheme)
    check_nonce(wired, sender.proof, client)
    if access.audience and f"{wired.issuer}/userinfo" not in access.audience:
        raise InvalidToken("token is meant for another resource")  # RFC 8707 §2: it may come from there
    if "openid" not in still_allowed(access.scopes, client):
        raise InsufficientScope("token without openid")
    if sender.proof is not None:
        with wired.database.begin() as transaction:
            take_proof(transaction, sender)
    number = None
    if phone is not None:
        number = wired.sealers.phone.open(phone[1], row_context("phones", "number", phone[0])).decode()
    return _respond(call, _claims(wired, access, client, number), client)


endpoint.route("/userinfo", methods=["GET", "POST"])(by_way_of_flask(userinfo))


def _respond(call: Call, claims: dict[str, object], client: Client) -> Reply:
    """As JSON, or signed or encrypted or both as registered (Core §5.3.2). Signed, it names both sides."""
    alg, how = client.userinfo_signed_response_alg, client.userinfo_encryption
    if alg is None and how is None:
        return json_reply(claims, nonce_header(call))
    wired = call.wired
    if alg is None:
        text = json.dumps(claims, ensure_ascii=False)
    else:
        text = wired.sign(alg, {"iss": wired.issuer, "aud": client.id, **claims})
    text = encrypted(text, client, how, signed=alg is not None)
    return Reply(text.encode(), [("Content-Type", "application/jwt"), *nonce_header(call)])


def _claims(wired: Provider, access: Access, client: Client, phone: str | None) -> dict[str, object]:
    """The claims; `sub` is the one of the ID token (Core §5.3.2)."""
    if access.record is None or access.grant.person_id is None:
        raise InsufficientScope("no person stands behind this token")
    claims = person_claims(open_record(wired, access.record, access.grant.person_id), phone)
    wanted = parse_claims(access.claims).userinfo
    consented = client.scopes.intersection(access.consented)
    out = released(claims, still_allowed(access.scopes, client), wanted, consented)
    return {"sub": wired.subject(client, access.grant.person_id), **out}


def _wants_phone(access: Access) -> bool:
    return "phone" in access.scopes or "phone_number" in (access.claims or "")


@endpoint.errorhandler(NoToken)
def _without(_error: NoToken) -> Response:
    return _challenge(401, None)


@endpoint.errorhandler(OAuthError)
def _refuse(error: OAuthError) -> Response:
    log.info("refused", extra={"error": error.code, "why": error.detail, "path": request.path})
    note_error(error.code, error.detail)
    unproven = isinstance(error, InvalidDpopProof | UseDpopNonce)
    return _challenge(401 if unproven else error.status, error)


def _challenge(status: int, error: OAuthError | None) -> Response:
    """RFC 6750 §3: the challenge names the error, unless no token was sent at all (§3.1)."""
    response = jsonify({"error": error.code, "error_description": error.description} if error else {})
    response.status_code = status
    scheme = "DPoP" if request.headers.get("Authorization", "")[:5].lower() == "dpop " else "Bearer"
    response.headers["WWW-Authenticate"] = challenge(
        error.code if error else None, error.description if error else None, scheme
    )
    if scheme == "Bearer":  # RFC 9449 §7.1: the other way to bring a token
        response.headers.add("WWW-Authenticate", challenge(None, None, "DPoP"))
    return response
