"""`private_key_jwt`: a service proves itself at the token endpoint with its own key (RFC 7523 §3).

Authlib can sign assertions too, but fixes their life at one hour and their audience at the token endpoint.
Here one lives a minute and is meant for the issuer alone, so that it is of no use anywhere else
(FAPI 2.0 Security Profile §5.3.3).
"""

from collections.abc import Callable
from typing import Any

from authlib.common.urls import add_params_to_qs
from joserfc import jwt
from joserfc.jwk import ECKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME_SECONDS = 60


def client_assertion(client_id: str, issuer: str, key: ECKey, *, now: int, random_bytes: Callable[[int], bytes]) -> str:
    """A signed, one-time statement that this is `client_id`, for `issuer` alone."""
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "jti": random_bytes(16).hex(),
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
    }
    key.ensure_kid()
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])


def client_authentication(sign: Callable[[], str]) -> Callable[..., tuple[str, Any, str]]:
    """The assertion as Authlib wants a client authentication: a function over the token request."""

    def authenticate(_client: Any, _method: str, uri: str, headers: Any, body: str) -> tuple[str, Any, str]:
        signed = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", sign())]
        return uri, headers, add_params_to_qs(body, signed)

    return authenticate
