"""Provider metadata: OpenID Connect Discovery 1.0 §3 and RFC 8414 §2, made from what is routed and enabled.

An endpoint appears only if its route exists (design law 10); no vendor field appears at all.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from idp.keys.jose import SIGNING_ALGS
from idp.protocol.authorization_details import TYPES
from idp.protocol.client import AUTH_METHODS, TLS_AUTH_METHODS
from idp.protocol.dpop import PROOF_ALGS
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

CERTIFIED = (
    "token_endpoint",
    "userinfo_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "pushed_authorization_request_endpoint",
    "device_authorization_endpoint",
)
"""Endpoints that services call themselves, and so can show a certificate at."""


def provider_metadata(
    *,
    issuer: str,
    routes: Collection[str],
    grant_types: Sequence[str],
    scopes: Sequence[str],
    claims: Sequence[str],
    acr_values: Sequence[str],
    locales: Sequence[str],
    mtls_origin: str = "",
) -> Mapping[str, Any]:
    """The document of both well-known addresses; they must agree (RFC 8414 §5)."""
    methods = [*AUTH_METHODS, *(TLS_AUTH_METHODS if mtls_origin else ())]
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
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGS),
        **_protected(endpoints, methods),
        **_with_certificates(endpoints, issuer, mtls_origin),
        **_logout(endpoints),
        "dpop_signing_alg_values_supported": list(PROOF_ALGS),
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


def _protected(endpoints: Mapping[str, str], known: Sequence[str]) -> dict[str, Any]:
    """Authentication methods of the endpoints that only clients with a credential may call."""
    found: dict[str, Any] = {}
    for name in ("introspection_endpoint", "revocation_endpoint"):
        if name in endpoints:
            methods = [m for m in known if m != "none" or name == "revocation_endpoint"]
            found[f"{name}_auth_methods_supported"] = methods
            found[f"{name}_auth_signing_alg_values_supported"] = list(SIGNING_ALGS)
    if "introspection_endpoint" in endpoints:
        found["introspection_signing_alg_values_supported"] = list(SIGNING_ALGS)  # RFC 9701 §7
    return found


def _with_certificates(endpoints: Mapping[str, str], issuer: str, mtls_origin: str) -> dict[str, Any]:
    """RFC 8705 §3.3 and §5: the same endpoints where client certificates are asked for."""
    if not mtls_origin:
        return {}
    aliases = {name: endpoints[name].replace(issuer, mtls_origin, 1) for name in CERTIFIED if name in endpoints}
    return {"tls_client_certificate_bound_access_tokens": True, "mtls_endpoint_aliases": aliases}
