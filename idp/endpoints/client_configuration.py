"""GET, PUT, DELETE /register/<client_id>: a service reads, changes or removes its own registration (RFC 7592).

Only with the registration access token of that very registration. Every change gives a new one; the old one
ends with it. A token, an id or a service that is not good now reads alike: 401 (§2.1).
"""

from flask import Blueprint, Response, make_response

from idp.endpoints.registration_calls import (
    answer,
    answer_registration_errors,
    presented_token,
    read_document,
    read_vouched,
    refuse_look_alike,
    with_statement,
)
from idp.pages.rendering import provider
from idp.protocol.errors import InvalidToken
from idp.provider import Provider
from idp.registration.by_protocol import changed_metadata, refuse_other_issuer, without_identity
from idp.registration.changes import Change, Conflict, changed_itself, removed_itself
from idp.registration.documents import confirm_documents
from idp.registration.register import Outcome, change, holds_access, with_access
from idp.registration.registration import Registration

endpoint = Blueprint("client_configuration", __name__)
answer_registration_errors(endpoint)


@endpoint.get("/register/<client_id>")
def read(client_id: str) -> Response:
    """The registration as it is (§2.1). Its secret is not kept and cannot be told again."""
    wired = provider()
    registration, access = _own(wired, client_id)
    return answer(wired, registration, access, None, 200)


@endpoint.put("/register/<client_id>")
def replace_(client_id: str) -> Response:
    """The registration with other metadata, all of it (§2.2)."""
    wired = provider()
    existing, _ = _own(wired, client_id)
    document = without_identity(read_document(), existing)
    refuse_other_issuer(document, existing)
    vouched = read_vouched(wired, document)
    metadata = with_statement(changed_metadata(document, existing, wired.offer, vouched=vouched), document)
    outcome = change(existing, metadata, now=wired.clock(), random_bytes=wired.random_bytes)
    if outcome.diff:
        confirm_documents(metadata, wired.outbound)
    if "client_name" in outcome.diff:
        refuse_look_alike(wired, outcome.registration)
    registration, access = with_access(outcome.registration, now=wired.clock(), random_bytes=wired.random_bytes)
    kept = Outcome(registration, outcome.secret, outcome.diff)
    _save(wired, changed_itself(existing, kept, now=wired.clock()))
    return answer(wired, registration, access, outcome.secret, 200)


@endpoint.delete("/register/<client_id>")
def remove(client_id: str) -> Response:
    """The registration ends (§2.3), and with it everything issued to it: every use of a token looks for its client."""
    wired = provider()
    existing, _ = _own(wired, client_id)
    _save(wired, removed_itself(existing, now=wired.clock()))
    return make_response("", 204)


def _own(wired: Provider, client_id: str) -> tuple[Registration, str]:
    """The registration that the token of this request belongs to, and the token. Raises InvalidToken (G-08)."""
    access = presented_token()
    registration = wired.clients.get(client_id)
    if registration is None or registration.status != "enabled" or not holds_access(registration, access):
        raise InvalidToken("not the registration access token of an enabled client")
    return registration, access


def _save(wired: Provider, made: Change) -> None:
    """Store it. Raises InvalidToken when another change was faster: that one gave a new token."""
    try:
        wired.clients.save([made])
    except Conflict as conflict:
        raise InvalidToken("changed at the same moment") from conflict
