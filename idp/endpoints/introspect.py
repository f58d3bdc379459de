"""POST /introspect: whether a token is good now (RFC 7662), for the client it was issued to."""

import json

from flask import Blueprint, Response, jsonify

from idp.endpoints.client_calls import answer_errors, authenticate_client, read_client_form, take_assertion
from idp.grants.tokens import still_allowed
from idp.keys.handles import read_handle
from idp.pages.rendering import provider
from idp.protocol.errors import InvalidClient
from idp.protocol.parameters import require
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
    presented = read_handle(require(form, "token"))
    if authenticated.used_once is not None:
        with wired.database.begin() as transaction:
            take_assertion(transaction, authenticated)
    with wired.database.read() as reading:
        access = find_access(reading, presented, wired.clock()) if presented else None
    if access is None or access.grant.client_id != client.id:
        return jsonify(active=False)
    details = access.grant.details
    return jsonify(
        active=True,
        scope=" ".join(still_allowed(access.scopes, client)),
        client_id=client.id,
        token_type="Bearer",  # noqa: S106 (RFC 6749 §7.1 name, not a secret)
        exp=access.expires_at,
        iat=access.issued_at,
        sub=wired.subject(client, access.grant.person_id),
        aud=list(access.audience) or client.id,
        iss=wired.issuer,
        acr=access.grant.acr,
        auth_time=access.grant.auth_time,
        **({} if details is None else {"authorization_details": json.loads(details)}),  # RFC 9396 §9.2
    )
