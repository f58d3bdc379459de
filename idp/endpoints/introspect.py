"""POST /introspect: whether a token is good now (RFC 7662), for the client it was issued to."""

import json

from flask import Blueprint, Response, jsonify

from idp.endpoints.client_calls import answer_errors, authenticate_client, read_client_form, take_assertion
from idp.grants.tokens import still_allowed
from idp.pages.rendering import provider
from idp.protocol.errors import InvalidClient
from idp.protocol.parameters import require
from idp.protocol.sender import confirmation_claim, token_type
from idp.storage.access import find_access

endpoint = Blueprint("introspect", __name__)
answer_errors(endpoint)


@endpoint.post("/introspect")
def introspect() -> Response:
    """The introspection endpoint. Anything but a good token of this very client reads the same: inactive (§2.2)."""
    wired = provider()
    form = read_client_form()
    authenticated = authenticate_client(form)
    client = authenticated.client
    if client.is_public:  # §2.1: the endpoint must not become a token oracle for anybody
        raise InvalidClient("a public client may not introspect")
    presented = wired.read_token(require(form, "token"))
    if authenticated.used_once is not None:
        with wired.database.begin() as transaction:
            take_assertion(transaction, authenticated)
    with wired.database.read() as reading:
        access = find_access(reading, presented, wired.clock()) if presented else None
    scopes = still_allowed(access.scopes, client) if access else ()
    if access is None or access.grant.client_id != client.id or not scopes:
        return jsonify(active=False)
    details = access.grant.details
    answer = {
        "active": True,
        "scope": " ".join(scopes),
        "client_id": client.id,
        "token_type": token_type(access.binding),
        "cnf": confirmation_claim(access.binding) if access.binding else None,
        "exp": access.expires_at,
        "iat": access.issued_at,
        "sub": wired.subject(client, access.grant.person_id),
        "aud": list(access.audience) or wired.issuer,
        "iss": wired.issuer,
        "acr": access.grant.acr,
        "auth_time": access.grant.auth_time,
        "authorization_details": json.loads(details) if details else None,  # RFC 9396 §9.2
    }
    return jsonify({name: value for name, value in answer.items() if value is not None})
