"""POST /token: a relying service exchanges a grant for tokens.

RFC 6749 §3.2 (the endpoint), §5.1 (answer), §5.2 (errors); OpenID Connect Core 1.0 §3.1.3. The rules live in
idp/grants; client authentication and grant share one transaction, so a replayed assertion spends no code.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from flask import Blueprint

from idp.endpoints.call import NEVER_CACHED, Call, Reply, by_way_of_flask, json_reply
from idp.endpoints.client_calls import answer_errors, authenticate_client, read_client_form, take_assertion
from idp.endpoints.cross_origin import readable_by_public_clients
from idp.endpoints.proof_of_possession import check_nonce, nonce_header, offer_nonces, read_sender, take_proof
from idp.grants import GRANTS, Issued, Refused
from idp.protocol.client import Client
from idp.protocol.device_flow import DEVICE_CODE_GRANT
from idp.protocol.errors import OAuthError, UnauthorizedClient, UnsupportedGrantType
from idp.protocol.parameters import require
from idp.protocol.sender import binding_of
from idp.staff.switches import Feature
from idp.storage import Outdated, Transaction
from idp.storage.clients import Clients
from idp.storage.exchanges import one_statement
from idp.storage.grants import Grants

MACHINE = "client_credentials"
endpoint = Blueprint("token", __name__)
answer_errors(endpoint)
offer_nonces(endpoint)
readable_by_public_clients(endpoint)


def token(call: Call) -> Reply:
    """The token endpoint."""
    form = read_client_form(call)
    outcome = None
    if _tells_of_its_client(call, form):
        with suppress(OAuthError, Outdated):  # nothing of it holds; the client may have changed: all is judged anew
            outcome = _redeem(call, form, remembered=True)
    if outcome is None:
        outcome = _redeem(call, form, remembered=False)
    if isinstance(outcome, Refused):
        raise outcome.error
    return json_reply(outcome.answer, [*NEVER_CACHED, *nonce_header(call)])


def _tells_of_its_client(call: Call, form: Mapping[str, str]) -> bool:
    """Whether the step itself finds out that its client is still as this worker remembers it.

    Where all that a call writes are new rows, they depend on it; where it presents something of a grant, the look-up
    of that tells. What is accepted once besides (an assertion, a proof) would have to be undone each time.
    """
    tells = form.get("grant_type") in {MACHINE, "authorization_code", "refresh_token"}
    return tells and "client_assertion" not in form and call.header("DPOP") is None


def _redeem(call: Call, form: Mapping[str, str], *, remembered: bool) -> Issued | Refused:
    """Tokens for a grant. `remembered`: of a client as this worker last saw it. Raises OAuthError, Outdated."""
    wired = call.wired
    authenticated = authenticate_client(call, form, remembered=remembered)
    client = authenticated.client
    grant_type = require(form, "grant_type")
    redeem = GRANTS.get(grant_type)
    if redeem is None or (grant_type == DEVICE_CODE_GRANT and not wired.switches.is_on(Feature.DEVICE_FLOW)):
        raise UnsupportedGrantType(f"grant_type {grant_type[:60]!r}")
    if grant_type not in client.grant_types:
        raise UnauthorizedClient(f"client may not use {grant_type}")
    sender = read_sender(call)
    check_nonce(wired, sender.proof, client)
    binding = binding_of(sender, client)
    with wired.database.begin() as transaction:
        take_assertion(transaction, authenticated)
        stores = Grants(transaction)
        if remembered:
            stores = _stores_of_remembered(wired.clients, transaction, client, grant_type)
        outcome = redeem(form, client, stores, wired.mint, wired.clock(), binding)
        if not isinstance(outcome, Refused):
            # Only now: a proof costs nothing to make, and whoever has no grant must not cause a row (design law 1).
            # A replayed one undoes all that was done here.
            take_proof(transaction, sender)
    return outcome


def _stores_of_remembered(clients: Clients, transaction: Transaction, client: Client, grant_type: str) -> Grants:
    """The stores of a step that finds out whether its client is still the remembered one. Raises Outdated."""
    if grant_type == MACHINE:
        clients.unchanged(transaction, client)
        return Grants(transaction)
    exchanges = one_statement(transaction, clients.version_of(client))
    return Grants(transaction, partial(clients.is_still, client), exchanges)


endpoint.post("/token")(by_way_of_flask(token))
