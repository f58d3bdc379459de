"""POST /introspect: whether a token is good now (RFC 7662), for the client it was issued to.

Answered as JSON, or signed for a client that asks for it by its Accept header (RFC 9701 §4).
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from idp.endpoints.call import NEVER_CACHED, Call, Reply, by_way_of_flask, json_reply
from idp.endpoints.client_calls import answer_errors, authenticate_client, read_client_form, take_assertion
from idp.grants.tokens import obstacle, still_allowed
from idp.keys.handles import Presented, read_handle
from idp.protocol.client import Client
from idp.protocol.encrypted_response import encrypted
from idp.protocol.errors import InvalidClient
from idp.protocol.introspection import (
    INACTIVE,
    MEDIA_TYPE,
    TYP,
    ActiveToken,
    introspection_claims,
    signed_answer_claims,
)
from idp.protocol.parameters import require
from idp.protocol.sender import token_type
from idp.provider import Provider
from idp.storage import Transaction
from idp.storage.access import Access, find_access
from idp.storage.grants import Grants

endpoint = Blueprint("introspect", __name__)
answer_errors(endpoint)


def introspect(call: Call) -> Reply:
    """The introspection endpoint. Anything but a good token of this very client reads the same: inactive (§2.2)."""
    wired = call.wired
    form = read_client_form(call)
    access = _look(wired, form)
    authenticated = authenticate_client(call, form)
    client = authenticated.client
    if client.is_public:  # §2.1: the endpoint must not become a token oracle for anybody
        raise InvalidClient("a public client may not introspect")
    presented = wired.read_token(require(form, "token"))
    if authenticated.used_once is not None:
        with wired.database.begin() as transaction:
            take_assertion(transaction, authenticated)
    found = _access_token(access, wired, client) if access else None
    if presented is not None and found is None:
        with wired.database.read() as reading:
            found = _find(reading, wired, presented, client)
    return _answer(call, introspection_claims(found, issuer=wired.issuer) if found else INACTIVE, client)


endpoint.post("/introspect")(by_way_of_flask(introspect))


def _look(wired: Provider, form: Mapping[str, str]) -> Access | None:
    """What an opaque token stands for, before its caller is known: one look-up also tells how its client stands.

    Nothing of it is said to anybody who then does not authenticate as that client.
    """
    token = read_handle(form.get("token"))
    if token is None:
        return None
    with wired.database.read() as reading:
        access = find_access(reading, token, wired.clock())
    if access is not None:
        wired.clients.told(access.client_row)
    return access


def _find(reading: Transaction, wired: Provider, token: Presented, client: Client) -> ActiveToken | None:
    """An access or a refresh token; `token_type_hint` need not be heeded (§2.1), both are found by their key."""
    access = find_access(reading, token, wired.clock())
    found = _access_token(access, wired, client) if access else None
    return found or _refresh_token(reading, wired, token, client)


def _access_token(access: Access, wired: Provider, client: Client) -> ActiveToken | None:
    scopes = still_allowed(access.scopes, client)
    if access.grant.client_id != client.id or not scopes:
        return None
    if not access.is_for(client) or not wired.suffices(client, access.grant):
        return None
    return ActiveToken(
        client_id=client.id,
        subject=wired.subject(client, access.grant.person_id),
        scopes=scopes,
        audience=access.audience,
        token_type=token_type(access.binding),
        binding=access.binding,
        issued_at=access.issued_at,
        expires_at=access.expires_at,
        acr=access.grant.acr,
        auth_time=access.grant.auth_time,
        details=access.grant.details,
    )


def _refresh_token(reading: Transaction, wired: Provider, token: Presented, client: Client) -> ActiveToken | None:
    """What the token endpoint would still exchange."""
    grants, now = Grants(reading), wired.clock()
    found = grants.find_refresh(token, client.id)
    if found is None or found.spent_at is not None or found.grant.revoked or now >= found.expires_at:
        return None
    scopes = still_allowed(found.grant.scopes, client)
    may_refresh = "offline_access" in scopes and "refresh_token" in client.grant_types
    if not may_refresh or obstacle(found.grant, client, grants, wired.mint, now, offline=True) is not None:
        return None
    return ActiveToken(
        client_id=client.id,
        subject=wired.subject(client, found.grant.person_id),
        scopes=scopes,
        audience=found.grant.resources,
        token_type=None,
        binding=found.grant.binding if client.is_public else None,
        issued_at=found.issued_at,
        expires_at=found.expires_at,
        acr=found.grant.acr,
        auth_time=found.grant.auth_time,
        details=found.grant.details,
    )


def _answer(call: Call, answer: Mapping[str, Any], client: Client) -> Reply:
    """JSON, unless the client prefers the signed form, or registered that nobody else may read it (RFC 9701 §6)."""
    if not _wants_signed(call.header("ACCEPT")) and client.introspection_encryption is None:
        return json_reply(answer, NEVER_CACHED)
    wired = call.wired
    claims = signed_answer_claims(dict(answer), issuer=wired.issuer, client_id=client.id, now=wired.clock())
    signed = wired.sign(client.introspection_alg, claims, TYP)
    text = encrypted(signed, client, client.introspection_encryption)
    return Reply(text.encode(), [("Content-Type", MEDIA_TYPE), *NEVER_CACHED])


def _wants_signed(accept: str | None) -> bool:
    """Whether the signed form is preferred, by the quality that each is given (RFC 9110 §12.5.1)."""
    if accept is None or accept == "*/*":
        return False
    accepted = parse_accept_header(accept, MIMEAccept)
    return accepted[MEDIA_TYPE] > accepted["application/json"]
