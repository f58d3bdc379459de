"""Which authorization request a visit to /authorize means: a plain, a signed or a pushed one, or one seen before."""

from collections.abc import Mapping
from uuid import UUID

from idp.interaction.sealed_request import LIFETIME_SECONDS
from idp.pages.reload import is_reload
from idp.protocol.authorization_request import Unredirectable
from idp.protocol.client import Client
from idp.protocol.errors import RequestUriNotSupported
from idp.protocol.pushed_request import PREFIX, read_request_uri
from idp.protocol.request_source import Source, unwrap
from idp.provider import Provider
from idp.storage.pushed_requests import PushedRequests


def requested(wired: Provider, parameters: Mapping[str, str]) -> Source:
    """The parameters that count. Raises Unredirectable, InvalidRequestObject or RequestUriNotSupported."""
    if not parameters.keys() & {"request", "request_uri", "again"}:
        return Source(parameters)
    client = wired.clients.find(parameters.get("client_id", ""))
    if client is None:
        raise Unredirectable("unknown_client", "unknown client_id")
    if "again" in parameters:
        return _seen_before(wired, parameters, client)
    if "request_uri" not in parameters:
        return unwrap(
            parameters, client, issuer=wired.issuer, now=wired.clock(), with_current_keys=wired.remote_keys.current
        )
    if "request" in parameters:  # RFC 9101 §5
        raise Unredirectable("invalid_request", "both request and request_uri", client)
    if not parameters["request_uri"].startswith(PREFIX):  # nothing is ever fetched (abuse case Q-10)
        raise RequestUriNotSupported("request_uri is not one of ours")
    return _pushed(wired, parameters["request_uri"], client)


def _pushed(wired: Provider, request_uri: str, client: Client) -> Source:
    """What the client pushed: nothing that stands beside the request_uri counts (RFC 9126 §4)."""
    secret = read_request_uri(request_uri)
    with wired.database.read() as reading:
        found = PushedRequests(reading).find(secret) if secret is not None else None
    if found is None or found.used or found.client_id != client.id or wired.clock() >= found.expires_at:
        raise Unredirectable("invalid_request_uri", "request_uri is unknown, used, expired or another client's", client)
    return found.source


def _seen_before(wired: Provider, parameters: Mapping[str, str], client: Client) -> Source:
    """A reload: this browser was shown the request while it was fresh."""
    if not is_reload(wired):
        if "pushed" in parameters:
            raise Unredirectable("expired_page", "address of another browser, or too old", client)
        return Source(parameters)
    if "pushed" not in parameters:
        return Source(parameters, signed=True)
    with wired.database.read() as reading:
        found = PushedRequests(reading).of_row(UUID(parameters["pushed"]))
    if found is None or found.used or wired.clock() >= found.created_at + LIFETIME_SECONDS:
        raise Unredirectable("expired_page", "pushed request is over", client)
    return found.source
