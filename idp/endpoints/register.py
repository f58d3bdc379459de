"""POST /register: a service registers itself (RFC 7591 §3.1, OpenID Connect Dynamic Client Registration 1.0 §3.1).

Closed by default: it takes an initial access token, which an administrator makes with `idp client invite`. The
documents that metadata points to are fetched before the one transaction that uses the token up.
"""

from flask import Blueprint, Response

from idp.endpoints.registration_calls import (
    answer,
    answer_registration_errors,
    presented_token,
    read_document,
    read_vouched,
    refuse_look_alike,
    with_statement,
)
from idp.keys.handles import Presented, read_handle
from idp.pages.rendering import provider
from idp.protocol.errors import InvalidToken, TemporarilyUnavailable
from idp.provider import Provider
from idp.registration.by_protocol import new_metadata
from idp.registration.changes import added_itself
from idp.registration.documents import confirm_documents
from idp.registration.invitation import Invitation
from idp.registration.register import Outcome, register, with_access
from idp.staff.switches import Feature
from idp.storage.invitations import take_invitation

endpoint = Blueprint("register", __name__)
answer_registration_errors(endpoint)


@endpoint.post("/register")
def register_() -> Response:
    """The client registration endpoint."""
    wired = provider()
    if not wired.switches.is_on(Feature.DYNAMIC_REGISTRATION):
        raise TemporarilyUnavailable("registration over the protocol is turned off")
    presented, invitation = _invited(wired)
    document = read_document()
    vouched = read_vouched(wired, document)
    lab = invitation.lab and wired.offer.development
    metadata = new_metadata(document, wired.offer, vouched=vouched, lab=lab)
    confirm_documents(metadata, wired.outbound)
    outcome = register(with_statement(metadata, document), now=wired.clock(), random_bytes=wired.random_bytes)
    if not lab:
        refuse_look_alike(wired, outcome.registration)
    return _keep(wired, outcome, presented, invitation)


def _invited(wired: Provider) -> tuple[Presented, Invitation]:
    """Whose invitation this request presents. Raises InvalidToken (abuse case G-01)."""
    presented = read_handle(presented_token())
    invitation = wired.invitations.find(presented, wired.clock()) if presented else None
    if presented is None or invitation is None:
        raise InvalidToken("no usable initial access token")
    return presented, invitation


def _keep(wired: Provider, outcome: Outcome, presented: Presented, invitation: Invitation) -> Response:
    """The one transaction: the token's use, the registration, the audit."""
    now = wired.clock()
    registration, access = with_access(outcome.registration, now=now, random_bytes=wired.random_bytes)
    kept = Outcome(registration, outcome.secret, outcome.diff)
    with wired.database.begin() as transaction:
        if not take_invitation(transaction, presented, now):
            raise InvalidToken("another registration used the token up")
        wired.clients.put(transaction, [added_itself(kept, invitation.id, now=now)])
    return answer(wired, registration, access, outcome.secret, 201)
