"""A stored registration as the protocol sees it: `idp.protocol.client.Client`.

Metadata was checked before it was stored, so nothing is judged here. Fields that older registrations do not
have yet fall back to the defaults of `Client`.
"""

from collections.abc import Mapping
from typing import Any

from idp.keys.jwe import DEFAULT_ENC, Encryption
from idp.protocol.client import Client
from idp.protocol.client_certificate import SUBJECTS
from idp.registration.registration import Registration
from idp.registration.uris import parse_uri

SAME_NAME = (
    "application_type",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "id_token_signed_response_alg",
    "access_token_format",
    "access_token_seconds",
    "userinfo_signed_response_alg",
    "introspection_signed_response_alg",
    "dpop_bound_access_tokens",
    "dpop_nonce_required",
    "tls_client_certificate_bound_access_tokens",
    "authorization_signed_response_alg",
    "request_object_signing_alg",
    "require_signed_request_object",
    "require_pushed_authorization_requests",
    "profile",
    "environment",
    "subject_type",
    "minimum_acr",
    "default_max_age",
    "require_auth_time",
    "pkce_required",
    "consent",
    "assertion_audience",
    "client_uri",
    "policy_uri",
    "tos_uri",
    "logo_uri",
    "initiate_login_uri",
    "jwks_uri",
    "frontchannel_logout_uri",
    "frontchannel_logout_session_required",
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
)
LISTS = ("redirect_uris", "post_logout_redirect_uris", "default_acr_values", "contacts", "resources")
SETS = ("grant_types", "response_types", "authorization_details_types")
EXTRAS = ("software_id", "software_version", "public_subject_approval", "device_flow_approval", "administers_for")


def effective_client(registration: Registration) -> Client:
    """The frozen form that the protocol works with."""
    metadata = registration.metadata
    return Client(
        id=registration.client_id,
        enabled=registration.status == "enabled",
        names=_names(metadata),
        secret_digests=() if registration.secret_digest is None else (registration.secret_digest,),
        former_digest=registration.former_digest,
        former_until=registration.former_until or 0,
        checked_until=registration.checked_until or 0,
        jwks=tuple(metadata.get("jwks", {}).get("keys", ())),
        scopes=frozenset(metadata["scope"].split()),
        machine_scopes=frozenset(metadata.get("machine_scope", "").split()),
        optional_scopes=frozenset(metadata.get("optional_scope", "").split()),
        sector=_sector(metadata),
        id_token_encryption=_encryption(metadata, "id_token"),
        userinfo_encryption=_encryption(metadata, "userinfo"),
        introspection_encryption=_encryption(metadata, "introspection"),
        tls_subject=next(((kind, metadata[kind]) for kind in SUBJECTS if kind in metadata), None),
        extras={name: metadata[name] for name in EXTRAS if name in metadata} | _picture(registration),
        **_as_they_are(metadata),
    )


def _picture(registration: Registration) -> dict[str, str]:
    """The logo that people are shown, if there is one: the name under which we serve it."""
    return {} if registration.logo is None else {"logo": registration.logo}


def _as_they_are(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Fields whose names are the same on both sides, with lists in the form that cannot change."""
    return (
        {name: metadata[name] for name in SAME_NAME if name in metadata}
        | {name: tuple(metadata[name]) for name in LISTS if name in metadata}
        | {name: frozenset(metadata[name]) for name in SETS if name in metadata}
    )


def _names(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Language tag to name; the untagged one under the empty tag (RFC 7591 §2.2)."""
    return {
        tag: value
        for name, _, tag in (field.partition("#") for field in metadata)
        if name == "client_name"
        for value in [metadata[f"{name}#{tag}" if tag else name]]
    }


def _encryption(metadata: Mapping[str, Any], kind: str) -> Encryption | None:
    alg = metadata.get(f"{kind}_encrypted_response_alg")
    return Encryption(alg, metadata.get(f"{kind}_encrypted_response_enc", DEFAULT_ENC)) if alg else None


def _sector(metadata: Mapping[str, Any]) -> str:
    """What an administrator set, or the host of the sector identifier or the redirection URIs (Core 1.0 §8.1).

    None for a machine, which has no person's subject, and for a native application on loopback: every such application
    has this host, and by it they would share subjects. It is then a sector of its own.
    """
    if "sector" in metadata:
        return str(metadata["sector"])
    address = metadata.get("sector_identifier_uri") or next(iter(metadata.get("redirect_uris", ())), None)
    if address is None:
        return ""
    uri = parse_uri(address)
    return "" if metadata.get("application_type") == "native" and uri.is_loopback_address else uri.host
