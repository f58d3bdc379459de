"""Provider metadata: OpenID Connect Discovery 1.0 §3 and RFC 8414 §2, made from what is routed and enabled.

An endpoint appears only if its route exists (design law 10); no vendor field appears at all.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from idp.keys.jose import SIGNING_ALGS
from idp.protocol.authorization_details import TYPES
from idp.protocol.client import AUTH_METHODS
from idp.protocol.response_mode import RESPONSE_MODES

ENDPOINTS = {
    "authorization_endpoint": "/authorize",
    "pushed_authorization_request_endpoint": "/par",
    "token_endpoint": "/token",
    "userinfo_endpoint": "/userinfo",
    "jwks_uri": "/jwks",
    "end_session_endpoint": "/logout",
    "device_authorization_endpoint": "/device_authorization",
    "introspection_endpoint": "/introspect",
    "revocation_endpoint": "/revoke",
    "registration_endpoint": "/register",
}


def provider_metadata(
    *,
    issuer: str,
    routes: Collection[str],
    grant_types: Sequence[str],
    scopes: Sequence[str],
    claims: Sequence[str],
    acr_values: Sequence[str],
    locales: Sequence[str],
) -> Mapping[str, Any]:
    """The document of both well-known addresses; they must agree (RFC 8414 §5)."""
    endpoints = {name: issuer + path for name, path in ENDPOINTS.items() if path in routes}
    return {
        "issuer": issuer,
        **endpoints,
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "authorization_signing_alg_values_supported": list(SIGNING_ALGS),
        "grant_types_supported": list(grant_types),
        "subject_types_supported": ["pairwise", "public"],
        "id_token_signing_alg_values_supported": list(SIGNING_ALGS),
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGS),
        **_protected(endpoints),
        **_logout(endpoints),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "scopes_supported": list(scopes),
        "claims_supported": list(claims),
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(SIGNING_ALGS),
        "require_signed_request_object": False,  # of every client; by registration of single ones
        "request_uri_parameter_supported": False,  # only those of pushed requests, which RFC 9126 §5 announces
        "require_request_uri_registration": False,
        "require_pushed_authorization_requests": False,
        "authorization_details_types_supported": list(TYPES),
        "acr_values_supported": list(acr_values),
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "display_values_supported": ["page", "popup", "touch", "wap"],
        "ui_locales_supported": list(locales),
    }


def _logout(endpoints: Mapping[str, str]) -> dict[str, Any]:
    """Front-Channel Logout 1.0 §3, Back-Channel Logout 1.0 §2.1: every service may be told, with its `sid`."""
    if "end_session_endpoint" not in endpoints:
        return {}
    channels = ("frontchannel", "backchannel")
    return {f"{channel}_logout{what}_supported": True for channel in channels for what in ("", "_session")}


def _protected(endpoints: Mapping[str, str]) -> dict[str, Any]:
    """Authentication methods of the endpoints that only clients with a credential may call."""
    found: dict[str, Any] = {}
    for name in ("introspection_endpoint", "revocation_endpoint"):
        if name in endpoints:
            methods = [m for m in AUTH_METHODS if m != "none" or name == "revocation_endpoint"]
            found[f"{name}_auth_methods_supported"] = methods
            found[f"{name}_auth_signing_alg_values_supported"] = list(SIGNING_ALGS)
    return found
