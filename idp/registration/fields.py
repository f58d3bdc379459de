"""Every metadata field: its name, its default, its rule in words, and its reader.

RFC 7591 §2 and OpenID Connect Dynamic Client Registration 1.0 §2 define the first group; POLICY is ours and
only an administrator sets it. README.md prints this table, and a test keeps the two equal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from idp.keys.jose import SIGNING_ALGS
from idp.keys.jwe import ENCRYPTION_ALGS, ENCRYPTION_ENCS
from idp.protocol.authorization_details import TYPES
from idp.protocol.client import (
    ACCESS_TOKEN_SECONDS,
    AUTH_METHODS,
    DEFAULT_SCOPE,
    ENVIRONMENTS,
    LONGEST_ACCESS_TOKEN_SECONDS,
    MOBILE_ID_ACR,
    PROFILES,
    SHORTEST_ACCESS_TOKEN_SECONDS,
    TLS_AUTH_METHODS,
)
from idp.protocol.client_certificate import SUBJECTS, UnusableSubject, check_subject
from idp.protocol.device_flow import DEVICE_CODE_GRANT
from idp.registration import values
from idp.registration.client_keys import key_set
from idp.registration.errors import BrokenRule
from idp.registration.hosts import check_host
from idp.registration.legal_grounds import legal_grounds
from idp.registration.logout_uris import backchannel_logout_uri, frontchannel_logout_uri
from idp.registration.names import display_name, one_line
from idp.registration.outbound_address import outbound_address
from idp.registration.redirect_uris import post_logout_redirect_uris, redirect_uris
from idp.registration.uris import LONGEST_URI, web_address

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", DEVICE_CODE_GRANT)
ENCRYPTED = ("id_token", "userinfo", "introspection")
"""What can be encrypted for a client that asks for it."""
RESPONSE_TYPES = ("code",)
SUBJECT_TYPES = ("pairwise", "public")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What this provider offers to every service; metadata may choose from it and not go beyond."""

    development: bool
    scopes: tuple[str, ...]
    acr_values: tuple[str, ...]  # weakest first
    mtls: bool = False  # whether the provider sees client certificates
    test_hosts: frozenset[str] = frozenset()  # that may be fetched from although they are this machine
    claims: tuple[str, ...] = ()  # of people, beside the scope values that release them

    def __post_init__(self) -> None:
        """Refuse an offer without the level that every client needs by default."""
        if MOBILE_ID_ACR not in self.acr_values:
            raise ValueError(f"the assurance levels must contain {MOBILE_ID_ACR}")


@dataclass(frozen=True, slots=True)
class Field:
    """One member of the metadata. A `default` of None means: absent unless given."""

    name: str
    default: Any
    rule: str
    read: Callable[[Any, Offer], Any]


def _plain(read: Callable[[Any], Any]) -> Callable[[Any, Offer], Any]:
    """A reader whose rule is the same at every provider."""
    return lambda value, _offer: read(value)


def _address(value: Any, offer: Offer) -> str:
    return web_address(value, development=offer.development)


def _https_address(value: Any) -> str:
    """Registration 1.0 §2 demands https here, also on loopback in development."""
    return web_address(value, development=False)


def _fetched(value: Any, offer: Offer) -> str:
    return outbound_address(value, offer.test_hosts).text


def _frontchannel_logout(value: Any, offer: Offer) -> str:
    return frontchannel_logout_uri(value, development=offer.development)


def _backchannel_logout(value: Any, offer: Offer) -> str:
    return backchannel_logout_uri(value, development=offer.development, test_hosts=offer.test_hosts)


def _contacts(value: Any) -> tuple[str, ...]:
    return values.texts(value, most=10, longest=254)


def _software(value: Any) -> str:
    return one_line(value, longest=200)


def _grant_types(value: Any) -> tuple[str, ...]:
    return values.choices(value, GRANT_TYPES)


def _response_types(value: Any) -> tuple[str, ...]:
    return values.choices(value, RESPONSE_TYPES)


def _scope(value: Any, offer: Offer) -> str:
    return values.scope(value, offer.scopes)


def _machine_scope(value: Any, offer: Offer) -> str:
    return values.machine_scope(value, offer.scopes)


def _grounds(value: Any, offer: Offer) -> dict[str, str]:
    return legal_grounds(value, (*offer.scopes, *offer.claims))


def _member(value: Any) -> str:
    try:
        return str(UUID(value))
    except (ValueError, TypeError, AttributeError):
        raise BrokenRule("must be the key of a member of staff") from None


def _lifetime(value: Any) -> int:
    return values.seconds(value, SHORTEST_ACCESS_TOKEN_SECONDS, LONGEST_ACCESS_TOKEN_SECONDS)


def _acr_list(value: Any, offer: Offer) -> tuple[str, ...]:
    return values.choices(value, offer.acr_values)


def _minimum_acr(value: Any, offer: Offer) -> str:
    """MOBILE_ID_ACR or stronger: a new client may not ask for less (design, Assurance)."""
    known = offer.acr_values
    return values.choice(known[known.index(MOBILE_ID_ACR) :])(value)


def _auth_method(value: Any, offer: Offer) -> str:
    return values.choice((*AUTH_METHODS, *(TLS_AUTH_METHODS if offer.mtls else ())))(value)


def _certified(value: Any, offer: Offer) -> bool:
    if values.flag(value) and not offer.mtls:
        raise BrokenRule("is not offered: the setting mtls_origin is empty")
    return bool(value)


def _subject(kind: str) -> Callable[[Any, Offer], str]:
    def read(value: Any, _offer: Offer) -> str:
        try:
            return check_subject(kind, one_line(value, longest=500))
        except UnusableSubject:
            raise BrokenRule("must be a subject as a certificate has it (RFC 8705 section 2.1.2)") from None

    return read


def _detail_types(value: Any) -> tuple[str, ...]:
    return values.choices(value, tuple(TYPES))


def _resources(value: Any, offer: Offer) -> tuple[str, ...]:
    """Absolute URIs without fragment (RFC 8707 §2): those of services that take our access tokens."""
    listed = values.texts(value, most=20, longest=LONGEST_URI)
    return tuple(web_address(one, development=offer.development) for one in listed)


def _sector(value: Any) -> str:
    if not isinstance(value, str):
        raise BrokenRule("must be a host name")
    check_host(value)
    return value


STANDARD = (
    Field(
        "redirect_uris",
        None,
        "required with authorization_code; 1 to 20 exact https URIs; see Redirect URIs",
        _plain(redirect_uris),
    ),
    Field(
        "post_logout_redirect_uris",
        (),
        "at most 20 URIs, as redirect_uris",
        _plain(post_logout_redirect_uris),
    ),
    Field("application_type", "web", "web or native", _plain(values.choice(("web", "native")))),
    Field("client_name", None, "one line, at most 100 characters; see Names", _plain(display_name)),
    Field("client_uri", None, "https address of the service", _address),
    Field("logo_uri", None, "https address of its logo", _address),
    Field("policy_uri", None, "https address of its privacy policy", _address),
    Field("tos_uri", None, "https address of its terms", _address),
    Field("contacts", (), "at most 10 lines of at most 254 characters", _plain(_contacts)),
    Field(
        "grant_types",
        ("authorization_code",),
        "authorization_code, also refresh_token, client_credentials (see Machines) and, with device_flow_approval, "
        "device_code",
        _plain(_grant_types),
    ),
    Field("response_types", ("code",), "code alone", _plain(_response_types)),
    Field("scope", DEFAULT_SCOPE, "supported values with openid among them", _scope),
    Field(
        "token_endpoint_auth_method",
        "client_secret_basic",
        "private_key_jwt, client_secret_basic, client_secret_post or none; see Certificates for two more",
        _auth_method,
    ),
    Field(
        "token_endpoint_auth_signing_alg",
        None,
        "ES256, RS256, PS256 or Ed25519; only with private_key_jwt and a key for it",
        _plain(values.choice(SIGNING_ALGS)),
    ),
    *(Field(kind, None, "subject of the certificate; see Certificates", _subject(kind)) for kind in SUBJECTS),
    Field(
        "tls_client_certificate_bound_access_tokens",
        False,
        "true or false; true: every token is bound to the certificate",
        _certified,
    ),
    Field("jwks", None, "JWK Set of 1 to 20 public keys; see Keys", _plain(key_set)),
    Field("jwks_uri", None, "https address of the JWK Set, instead of jwks; see Documents", _fetched),
    Field(
        "id_token_signed_response_alg",
        "ES256",
        "ES256, RS256, PS256 or Ed25519",
        _plain(values.choice(SIGNING_ALGS)),
    ),
    Field(
        "userinfo_signed_response_alg",
        None,
        "ES256, RS256, PS256 or Ed25519; plain JSON unless given",
        _plain(values.choice(SIGNING_ALGS)),
    ),
    Field(
        "introspection_signed_response_alg",
        None,
        "ES256, RS256, PS256 or Ed25519; of signed introspection answers, unless given that of ID tokens",
        _plain(values.choice(SIGNING_ALGS)),
    ),
    *(
        Field(f"{kind}_encrypted_response_{part}", None, rule, _plain(values.choice(known)))
        for kind in ENCRYPTED
        for part, rule, known in (
            ("alg", "ECDH-ES or RSA-OAEP-256, with a key for it in jwks; see Encryption", ENCRYPTION_ALGS),
            ("enc", "A128GCM or A256GCM; only with the alg", ENCRYPTION_ENCS),
        )
    ),
    Field(
        "dpop_bound_access_tokens",
        False,
        "true or false; true: every token is bound to a key (DPoP)",
        _plain(values.flag),
    ),
    Field(
        "authorization_signed_response_alg",
        None,
        "ES256, RS256, PS256 or Ed25519; naming one enables signed authorization responses (JARM)",
        _plain(values.choice(SIGNING_ALGS)),
    ),
    Field(
        "request_object_signing_alg",
        None,
        "ES256, RS256, PS256 or Ed25519; the only algorithm of request objects, with a key for it",
        _plain(values.choice(SIGNING_ALGS)),
    ),
    Field("require_signed_request_object", False, "true or false; true needs keys", _plain(values.flag)),
    Field(
        "require_pushed_authorization_requests",
        False,
        "true or false; true is for confidential clients only",
        _plain(values.flag),
    ),
    Field("authorization_details_types", [], "a list of account_opening", _plain(_detail_types)),
    Field(
        "subject_type",
        "pairwise",
        "pairwise, or public together with public_subject_approval",
        _plain(values.choice(SUBJECT_TYPES)),
    ),
    Field(
        "sector_identifier_uri",
        None,
        "https address that lists all redirect_uris; see Documents and Subjects",
        _fetched,
    ),
    Field("default_max_age", None, "seconds, 0 to 31536000", _plain(values.seconds)),
    Field("require_auth_time", False, "true or false", _plain(values.flag)),
    Field("default_acr_values", (), "supported assurance levels", _acr_list),
    Field("initiate_login_uri", None, "https address that starts a sign-in", _plain(_https_address)),
    Field(
        "frontchannel_logout_uri",
        None,
        "https address on the origin of a redirect URI; see Logout",
        _frontchannel_logout,
    ),
    Field("frontchannel_logout_session_required", False, "true or false", _plain(values.flag)),
    Field("backchannel_logout_uri", None, "https address of a public host; see Logout", _backchannel_logout),
    Field("backchannel_logout_session_required", False, "true or false", _plain(values.flag)),
    Field("software_id", None, "one line, at most 200 characters", _plain(_software)),
    Field("software_version", None, "one line, at most 200 characters", _plain(_software)),
)

POLICY = (
    Field("profile", "oidc", "oidc, fapi2 or fapi2-message-signing; see Profiles", _plain(values.choice(PROFILES))),
    Field("environment", "live", "live or sandbox, for good; see Sandbox", _plain(values.choice(ENVIRONMENTS))),
    Field("resources", [], "at most 20 https addresses that its access tokens may be meant for", _resources),
    Field("pkce_required", True, "false is a waiver, for confidential clients only", _plain(values.flag)),
    Field("consent", "remembered", "remembered or always", _plain(values.choice(("remembered", "always")))),
    Field("optional_scope", "", "values of scope, without openid, that a person may leave out", _scope),
    Field("legal_grounds", None, "an object: scope value or claim to its legal ground; see Grounds", _grounds),
    Field(
        "administers_for", None, "key of the member of staff who answers for it; see Administration", _plain(_member)
    ),
    Field("machine_scope", "", "values of the service's own for client_credentials; see Machines", _machine_scope),
    Field(
        "access_token_format",
        "opaque",
        "opaque, or jwt (RFC 9068) for resources that verify by themselves",
        _plain(values.choice(("opaque", "jwt"))),
    ),
    Field("access_token_seconds", ACCESS_TOKEN_SECONDS, "seconds, 60 to 3600", _plain(_lifetime)),
    Field(
        "dpop_nonce_required",
        False,
        "true: proofs carry a nonce of ours; so they do with a fapi2 profile",
        _plain(values.flag),
    ),
    Field("minimum_acr", MOBILE_ID_ACR, "an assurance level of at least the default", _minimum_acr),
    Field("sector", None, "host name for pairwise subjects; see Subjects", _plain(_sector)),
    Field("device_flow_approval", None, "who approved the device flow, and why; a waiver", _plain(_software)),
    Field(
        "public_subject_approval",
        None,
        "who approved subject_type public, and why; a waiver",
        _plain(_software),
    ),
    Field(
        "assertion_audience",
        "issuer_or_token_endpoint",
        "issuer or issuer_or_token_endpoint; for a fapi2 profile always issuer",
        _plain(values.choice(("issuer", "issuer_or_token_endpoint"))),
    ),
)

FIELDS: Mapping[str, Field] = {field.name: field for field in (*STANDARD, *POLICY)}
