"""The answer to an authorization request: a redirect URI with parameters added (RFC 6749 §4.1.2, RFC 9207)."""

from urllib.parse import quote, urlsplit, urlunsplit

from idp.protocol.authorization_request import ReturnAddress
from idp.protocol.errors import OAuthError


def success_uri(address: ReturnAddress, *, code: str, issuer: str) -> str:
    """Where the browser goes with a code. `iss` tells the client who answered (RFC 9207 §2)."""
    return with_query(address.redirect_uri, {"code": code, "state": address.state, "iss": issuer})


def error_uri(address: ReturnAddress, error: OAuthError, *, issuer: str) -> str:
    """Where the browser goes with an error (RFC 6749 §4.1.2.1)."""
    parameters = {
        "error": error.code,
        "error_description": error.description,
        "state": address.state,
        "iss": issuer,
    }
    return with_query(address.redirect_uri, parameters)


def with_query(uri: str, parameters: dict[str, str | None]) -> str:
    """`uri` with parameters added; a query that it already has is kept as it is (RFC 6749 §3.1.2)."""
    added = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in parameters.items() if v is not None)
    parts = urlsplit(uri)
    query = f"{parts.query}&{added}" if parts.query and added else parts.query or added
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))
