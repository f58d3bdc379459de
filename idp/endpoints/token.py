"""POST /token: a relying service exchanges a grant for tokens.

RFC 6749 §3.2 (the endpoint), §5.1 (answer), §5.2 (errors); OpenID Connect Core 1.0 §3.1.3. The rules live in
idp/grants; client authentication and grant share one transaction, so a replayed assertion spends no code.
"""

from collections.abc import Mapping
from contextlib import suppress

from flask import Blueprint

from idp.endpoints.call import NEVER_CACHED, Call, Reply, by_way_of_flask, json_reply
from idp.endpoints.client_calls import answer_errors, authenticate_client, read_client_form, take_assertion
from idp.endpoints.cross_origin import readable_by_public_clients
from idp.endpoints.proof_of_possession import check_nonce, nonce_header, offer_nonces, read_sender, take_proof
from idp.grants import GRANTS, Refused
from idp.protocol.device_flow import DEVICE_CODE_GRANT
from idp.protocol.errors import OAuthError, UnauthorizedClient, UnsupportedGrantType
from idp.protocol.parameters import require
from idp.protocol.sender import binding_of
from idp.staff.switches import Feature
from idp.storage import Outdated
from idp.storage.grants import Grants

endpoint = Blueprint("token", __name__)
answer_errors(endpoint)
offer_nonces(endpoint)
readable_by_public_clients(endpoint)


def token(call: Call) -> Reply:
    """The token endpoint."""
    form = read_client_form(call)
    if _is_one_statement(call, form):
        with suppress(OAuthError, Outdated):  # the client may have changed: everything is judged anew
            return _redeem(call, form, remembered=True)
    return _redeem(call, form, remembered=False)


def _is_one_statement(call: Call, form: Mapping[str, str]) -> bool:
    """Whether all that a call writes are new rows: then they themselves can depend on how its client stands."""
    only_rows = form.get("grant_type") == "client_credentials"
    return only_rows and "client_assertion" not in form and call.header("DPOP") is None


def _redeem(call: Call, form: Mapping[str, str], *, remembered: bool) -> Reply:
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
        if remembered:
            wired.clients.unchanged(transaction, client)
        outcome = redeem(form, client, Grants(transaction), wired.mint, wired.clock(), binding)
        if not isinstance(outcome, Refused):
            # Only now: a proof costs nothing to make, and whoever has no grant must not cause a row (design law 1).
            # A replayed one undoes all that was done here.
            take_proof(transaction, sender)
    if isinstance(outcome, Refused):
        raise outcome.error
    return json_reply(outcome.answer, [*NEVER_CACHED, *nonce_header(call)])


endpoint.post("/token")(by_way_of_flask(token))
