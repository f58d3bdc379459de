"""An authorization request as it came: plain, signed, or pushed before; unwrapped, but not yet checked."""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.protocol.client import Client
from idp.protocol.request_object import merged, read_request_object


@dataclass(frozen=True, slots=True)
class Source:
    """The parameters that count, and which way they came."""

    parameters: Mapping[str, str]
    pushed: str | None = None  # the row of the pushed request
    signed: bool = False


def unwrap(parameters: Mapping[str, str], client: Client, *, issuer: str, now: int) -> Source:
    """The request of `client` by value, signed or plain. Raises InvalidRequestObject."""
    token = parameters.get("request")
    if token is None:
        return Source(parameters)
    inside = read_request_object(token, client, issuer=issuer, now=now)
    return Source(merged(inside, parameters, client), signed=True)
