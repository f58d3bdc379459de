"""POST /revoke: a client gives a token back (RFC 7009)."""

from flask import Blueprint

from idp.audit.catalogue import AuditRow, Event
from idp.endpoints.call import NEVER_CACHED, Call, Reply, by_way_of_flask
from idp.endpoints.client_calls import answer_errors, authenticate_client, read_client_form, take_assertion
from idp.endpoints.cross_origin import readable_by_public_clients
from idp.keys.handles import Presented
from idp.protocol.client import Client
from idp.protocol.parameters import require
from idp.storage import Transaction
from idp.storage.grants import Grants, grant_of

endpoint = Blueprint("revoke", __name__)
answer_errors(endpoint)
readable_by_public_clients(endpoint)


def revoke(call: Call) -> Reply:
    """The revocation endpoint: 200 whether or not the token was known (§2.2), another client's token stays alive."""
    wired = call.wired
    form = read_client_form(call)
    authenticated = authenticate_client(call, form)
    presented = wired.read_token(require(form, "token"))
    with wired.database.begin() as transaction:
        take_assertion(transaction, authenticated)
        if presented is not None:
            _end(transaction, presented, authenticated.client, wired.clock())
    return Reply(b"", NEVER_CACHED)  # of no type (RFC 9110 §8.3), for clients that refuse every type but JSON


endpoint.post("/revoke")(by_way_of_flask(revoke))


def _end(transaction: Transaction, token: Presented, client: Client, now: int) -> None:
    """An access token ends alone; a refresh token ends its grant with every token of it (§2.1)."""
    grants = Grants(transaction)
    access = grants.find_access_token(token)
    if access is not None and access.client_id == client.id:
        grants.revoke_access_token(token, now)
        grant = grant_of(access)
    else:
        refresh = grants.find_refresh(token, client.id)
        if refresh is None:
            return
        grant = refresh.grant
        grants.revoke(grant.id, now)
    detail = {"grant": grant.id, "why": "revoked by the client"}
    transaction.record(AuditRow(Event.GRANT_REVOKED, now, grant.person_id, client.id, detail))
