"""Which pages may read an answer that their browser asked for: those of a public client, which runs in the browser.

RFC 9700 §2.6, by the rules of the Fetch Standard §3.2 (CORS). An origin is no credential and opens nothing: it only
lets the script of a registered service see what its own request was answered. Cookies never count here.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from idp.protocol.client import Client

METHODS = "GET, POST"
REQUEST_HEADERS = "Authorization, Content-Type, DPoP"
READABLE_HEADERS = "DPoP-Nonce, WWW-Authenticate"
PREFLIGHT_SECONDS = 600  # how long a browser need not ask again


def origins_of(clients: Iterable[Client]) -> frozenset[str]:
    """The origins of the pages that enabled public clients are sent back to, as browsers write them."""
    return frozenset(
        origin(uri)
        for client in clients
        if client.is_public and client.enabled and client.application_type == "web"
        for uri in client.redirect_uris
    )


def origin(uri: str) -> str:
    """Scheme, host and port of a registered URI (RFC 6454 §6.2: in lower case, without the scheme's own port)."""
    parts = urlsplit(uri)
    own = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(own)}"
