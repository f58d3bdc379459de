"""Which redirect URI an answer may go to: exactly a registered one (RFC 9700 §2.1, §4.1.3).

One exception, for native clients: the port of a loopback IP literal is free (RFC 8252 §7.3).
"""

from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from idp.protocol.client import Client

LOOPBACK_LITERALS = frozenset({"127.0.0.1", "::1"})


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


def _without_loopback_port(uri: str) -> str | None:
    """`uri` with its port cut out if it is http on a loopback IP literal, else None."""
    try:
        parts = urlsplit(uri)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    host = parts.hostname
    if parts.scheme != "http" or host not in LOOPBACK_LITERALS or "@" in parts.netloc:
        return None
    literal = f"[{host}]" if ":" in str(host) else host
    if parts.netloc not in {literal, f"{literal}:{parts.port}"}:
        return None
    return urlunsplit(("http", str(literal), parts.path, parts.query, parts.fragment))
