"""POST /par: a client pushes an authorization request before it sends a person (RFC 9126).

The request is judged here as at /authorize, so that its errors reach the client itself and no person sees them.
"""

from dataclasses import replace

from flask import Blueprint, Response, jsonify, request

from idp.claims.scopes import SCOPES
from idp.endpoints.call import Call
from idp.endpoints.client_calls import answer_errors, authenticate_client, read_client_form, take_assertion
from idp.endpoints.hinted import pushed_hint_read
from idp.endpoints.proof_of_possession import check_nonce, offer_nonces, read_sender, take_proof
from idp.keys.handles import new_handle
from idp.pages.rendering import provider
from idp.protocol.authorization_request import Unredirectable, parse, return_address
from idp.protocol.client import Client
from idp.protocol.client_policy import check_route
from idp.protocol.errors import InvalidDpopProof, InvalidRequest
from idp.protocol.pushed_request import LIFETIME_SECONDS, pushed_parameters, request_uri_of
from idp.protocol.request_source import Source, unwrap
from idp.protocol.sender import Sender
from idp.storage.pushed_requests import PushedRequests

endpoint = Blueprint("push", __name__)
answer_errors(endpoint)
offer_nonces(endpoint)


@endpoint.post("/par")
def push() -> Response:
    """The pushed authorization request endpoint."""
    wired = provider()
    call = Call(wired, request.environ, request.get_data())
    form = read_client_form(call)
    authenticated = authenticate_client(call, form)
    client, now = authenticated.client, wired.clock()
    source = unwrap(
        pushed_parameters(form, client),
        client,
        issuer=wired.issuer,
        now=now,
        with_current_keys=wired.remote_keys.current,
    )
    sender = read_sender(call)
    check_nonce(wired, sender.proof, client)
    source = _bound(source, sender)
    _judge(source, client)
    source = pushed_hint_read(wired, source, client.id)
    handle = new_handle(wired.world.new_id(), wired.random_bytes)
    with wired.database.begin() as transaction:
        take_assertion(transaction, authenticated)
        take_proof(transaction, sender)
        PushedRequests(transaction).add(
            handle, client.id, source, now=now, expires_at=now + LIFETIME_SECONDS, confirmation=sender.key
        )
    response = jsonify(request_uri=request_uri_of(handle), expires_in=LIFETIME_SECONDS)
    response.status_code = 201
    return response


def _bound(source: Source, sender: Sender) -> Source:
    """A proof at this endpoint binds the code like `dpop_jkt`, and must not contradict it (RFC 9449 §10.1)."""
    if sender.proof is None:
        return source
    jkt = sender.proof.jkt
    if source.parameters.get("dpop_jkt", jkt) != jkt:
        raise InvalidDpopProof("dpop_jkt of another key")
    return replace(source, parameters={**source.parameters, "dpop_jkt": jkt})


def _judge(source: Source, client: Client) -> None:
    """Raise OAuthError unless /authorize would accept the request (§2.1 step 3)."""
    try:
        _, address = return_address(source.parameters, lambda _client_id: client)
    except Unredirectable as error:
        public = "redirect_uri is missing or not registered, or state is malformed."
        raise InvalidRequest(str(error), public=public) from error
    check_route(client, pushed=True, signed=source.signed)
    parse(source.parameters, client, address, frozenset(SCOPES), signed=source.signed)
