"""The access token of a request to a protected resource (RFC 6750 §2): header or form body, never the query."""

from collections.abc import Mapping

from idp.protocol.errors import InvalidRequest, InvalidToken


def bearer_token(authorization: str | None, form: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """The token presented, or None when there is none at all.

    Raises InvalidRequest for two at once or one in the query (RFC 6750 §2.3 is not supported: URLs are logged),
    InvalidToken for another scheme.
    """
    if "access_token" in query:
        raise InvalidRequest("token in query", public="Send the access token in the Authorization header.")
    in_body = form.get("access_token")
    if authorization is None:
        return in_body
    if in_body is not None:
        raise InvalidRequest("token sent twice", public="Send the access token once.")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":  # RFC 9110 §11.1: scheme names are case-insensitive
        raise InvalidToken("another authentication scheme")
    return token.strip(" ")


def challenge(error: str | None, description: str | None) -> str:
    """The WWW-Authenticate value (RFC 6750 §3); without error when no token was sent (§3.1)."""
    parts = ['realm="userinfo"']
    if error is not None:
        parts.append(f'error="{error}"')
    if description is not None:
        parts.append(f'error_description="{description}"')
    return "Bearer " + ", ".join(parts)
