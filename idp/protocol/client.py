"""The relying service as the protocol sees it: its registration, parsed, checked and frozen.

RFC 7591 §2 and OpenID Connect Dynamic Client Registration 1.0 §2 name the metadata. The rules that a
registration must keep live in idp/registration; whoever holds a `Client` holds a checked one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from idp.keys.jose import SigningAlg
from idp.keys.jwe import Encryption

AuthMethod = Literal[
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "none",
    "tls_client_auth",
    "self_signed_tls_client_auth",
]
AUTH_METHODS: tuple[AuthMethod, ...] = (
    "private_key_jwt",
    "client_secret_basic",
    "client_secret_post",
    "none",
)
TLS_AUTH_METHODS: tuple[AuthMethod, ...] = ("tls_client_auth", "self_signed_tls_client_auth")
"""RFC 8705 §2: where the provider sees client certificates."""

AccessTokenFormat = Literal["opaque", "jwt"]
Environment = Literal["live", "sandbox"]
ENVIRONMENTS: tuple[Environment, ...] = ("live", "sandbox")
Profile = Literal["oidc", "fapi2", "fapi2-message-signing"]
PROFILES: tuple[Profile, ...] = ("oidc", "fapi2", "fapi2-message-signing")

MOBILE_ID_ACR = "urn:kr:overseas-id:acr:2"
"""Passkey and second proof: the default, and the least that a new client may ask for."""

ACCESS_TOKEN_SECONDS = 600  # unless the registration says otherwise
SHORTEST_ACCESS_TOKEN_SECONDS = 60
LONGEST_ACCESS_TOKEN_SECONDS = 3600

# Leaving the choice to the service costs nobody anything: the person sees and agrees to each value. Access
# while they are away must be asked for by name.
DEFAULT_SCOPE = "openid profile email phone address overseas"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One relying service. Every field is the effective value: defaults are already applied."""

    id: str
    names: Mapping[str, str]  # BCP 47 tag -> name shown to people; "" is the untagged one
    redirect_uris: tuple[str, ...] = ()  # none for a machine
    post_logout_redirect_uris: tuple[str, ...] = ()
    application_type: Literal["web", "native"] = "web"
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"
    secret_digests: tuple[bytes, ...] = ()  # SHA-256 of each secret that is valid
    former_digest: bytes | None = None  # SHA-256 of the secret before, valid until `former_until`
    former_until: int = 0
    jwks: tuple[Mapping[str, Any], ...] = ()  # public keys only
    jwks_uri: str | None = None  # where they are fetched from instead
    token_endpoint_auth_signing_alg: SigningAlg | None = None
    grant_types: frozenset[str] = frozenset({"authorization_code"})
    response_types: frozenset[str] = frozenset({"code"})
    scopes: frozenset[str] = frozenset(DEFAULT_SCOPE.split())
    optional_scopes: frozenset[str] = frozenset()  # what the person may leave out on the consent page
    machine_scopes: frozenset[str] = frozenset()  # what it may have for itself (client_credentials)
    id_token_signed_response_alg: SigningAlg = "ES256"
    access_token_format: AccessTokenFormat = "opaque"
    access_token_seconds: int = ACCESS_TOKEN_SECONDS
    dpop_bound_access_tokens: bool = False
    dpop_nonce_required: bool = False
    tls_client_certificate_bound_access_tokens: bool = False
    userinfo_signed_response_alg: SigningAlg | None = None  # None: plain JSON
    id_token_encryption: Encryption | None = None
    userinfo_encryption: Encryption | None = None
    introspection_encryption: Encryption | None = None
    introspection_signed_response_alg: SigningAlg | None = None  # RFC 9701 §6; None: as ID tokens
    tls_subject: tuple[str, str] | None = None  # metadata field and value of RFC 8705 §2.1.2
    authorization_signed_response_alg: SigningAlg | None = None  # JARM §3; naming one enables signed responses
    request_object_signing_alg: SigningAlg | None = None  # None: that of the key
    require_signed_request_object: bool = False
    require_pushed_authorization_requests: bool = False
    authorization_details_types: frozenset[str] = frozenset()  # RFC 9396 §10
    resources: tuple[str, ...] = ()  # RFC 8707: what its tokens may be meant for
    profile: Profile = "oidc"  # idp/protocol/client_policy.py says what each demands
    subject_type: Literal["pairwise", "public"] = "pairwise"
    sector: str = ""  # the sector identifier (OpenID Connect Core 1.0 §8.1)
    minimum_acr: str = MOBILE_ID_ACR
    default_acr_values: tuple[str, ...] = ()
    default_max_age: int | None = None  # seconds
    require_auth_time: bool = False
    pkce_required: bool = True
    consent: Literal["remembered", "always"] = "remembered"
    assertion_audience: Literal["issuer", "issuer_or_token_endpoint"] = "issuer_or_token_endpoint"
    client_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    logo_uri: str | None = None
    initiate_login_uri: str | None = None
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    contacts: tuple[str, ...] = ()
    enabled: bool = True
    environment: Environment = "live"
    checked_until: int = 0  # until when the integration check notes what it sends; sandbox clients only
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tenant(self) -> str | None:
        """Whose people it may see: those of its own sandbox, or (None) everybody real."""
        return self.id if self.environment == "sandbox" else None

    @property
    def is_public(self) -> bool:
        """Whether the client has no credential of its own (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method == "none"

    @property
    def is_told_of_sessions(self) -> bool:
        """Whether its ID tokens carry `sid`. Of FAPI's, only of who takes part in logout: that profile knows none."""
        hears = self.post_logout_redirect_uris or self.frontchannel_logout_uri or self.backchannel_logout_uri
        return self.profile == "oidc" or bool(hears)

    @property
    def introspection_alg(self) -> SigningAlg:
        """How introspection answers are signed for it."""
        return self.introspection_signed_response_alg or self.id_token_signed_response_alg

    def name(self, language: str) -> str:
        """The name to show in `language`, falling back to the untagged one, then to the id."""
        return self.names.get(language) or self.names.get("") or self.id
