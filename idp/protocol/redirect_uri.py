"""Which redirect URI an answer may go to: exactly a registered one (RFC 9700 §2.1, §4.1.3).

One exception, for native clients: the port of a loopback IP literal is free (RFC 8252 §7.3).
"""

import re
from collections.abc import Iterable

from idp.protocol.client import Client

LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([1-9][0-9]{0,4}))?((?:[/?].*)?)", re.ASCII)
MAX_PORT = 65_535


def is_registered(uri: str, client: Client) -> bool:
    """Whether an authorization response of `client` may go to `uri`: compared character by character."""
    if uri in client.redirect_uris:
        return True
    return client.application_type == "native" and _loopback_match(uri, client.redirect_uris)


def is_registered_after_logout(uri: str, client: Client) -> bool:
    """The same for `post_logout_redirect_uri` (OpenID Connect RP-Initiated Logout 1.0 §3)."""
    return uri in client.post_logout_redirect_uris


def _loopback_match(uri: str, registered: Iterable[str]) -> bool:
    without_port = _without_loopback_port(uri)
    return without_port is not None and any(without_port == _without_loopback_port(one) for one in registered)


def _without_loopback_port(uri: str) -> tuple[str, str] | None:
    """What stands before and after the port of an http URI on a loopback IP literal, else None.

    Cut out of the text, never taken apart and put together: a parser would forgive tabs, line ends, upper case
    and an empty query, and two different URIs would be one.
    """
    match = LOOPBACK.fullmatch(uri)
    if match is None or int(match[2] or 0) > MAX_PORT:
        return None
    return match[1], match[3]
