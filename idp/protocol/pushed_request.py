"""Pushed authorization requests: the request_uri, and what a client may push (RFC 9126)."""

from collections.abc import Mapping

from idp.keys.handles import Handle, Presented, read_handle
from idp.protocol.client import Client
from idp.protocol.errors import InvalidRequest, UnauthorizedClient

PREFIX = "urn:ietf:params:oauth:request_uri:"  # RFC 9126 §2.2
LIFETIME_SECONDS = 90
CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


def request_uri_of(handle: Handle) -> str:
    """What the client sends the person's browser with."""
    return PREFIX + handle.text


def read_request_uri(text: str) -> Presented | None:
    """Which pushed request is meant, or None when it is no request_uri of ours."""
    return read_handle(text.removeprefix(PREFIX)) if text.startswith(PREFIX) else None


def pushed_parameters(form: Mapping[str, str], client: Client) -> dict[str, str]:
    """The authorization request within a form that authenticated `client`. Raises OAuthError (RFC 9126 §2.1)."""
    if client.is_public:
        # Anybody could fill our database in its name (DIVERGENCES.md); its requests go to /authorize.
        raise UnauthorizedClient("a public client pushed a request")
    if "request_uri" in form:
        raise InvalidRequest("request_uri was pushed", public="A pushed request must not contain request_uri.")
    return {**{n: v for n, v in form.items() if n not in CREDENTIALS}, "client_id": client.id}
