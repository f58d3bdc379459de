"""An authorization request as it came: plain, signed, or pushed before; unwrapped, but not yet checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from idp.keys.jose import InvalidJwt, read_header
from idp.protocol.client import Client
from idp.protocol.request_object import merged, read_request_object


@dataclass(frozen=True, slots=True)
class Source:
    """The parameters that count, and which way they came."""

    parameters: Mapping[str, str]
    pushed: str | None = None  # the row of the pushed request
    signed: bool = False


def unwrap(
    parameters: Mapping[str, str],
    client: Client,
    *,
    issuer: str,
    now: int,
    with_current_keys: Callable[[Client, str | None], Client] = lambda client, _kid: client,
) -> Source:
    """The request of `client` by value, signed or plain. Raises InvalidRequestObject.

    `with_current_keys` gives a client that publishes its keys those that it publishes now.
    """
    token = parameters.get("request")
    if token is None:
        return Source(parameters)
    signer = with_current_keys(client, _kid(token))
    inside = read_request_object(token, signer, issuer=issuer, now=now)
    return Source(merged(inside, parameters, client), signed=True)


def _kid(token: str) -> str | None:
    """The key that the request object names, only to look among the client's own."""
    try:
        kid = read_header(token).get("kid")
    except InvalidJwt:
        return None
    return kid if isinstance(kid, str) else None
