"""Rules between fields, judged on the effective metadata: defaults applied, all fields together.

A change of one field can break a rule about another, so an update is judged as a whole as well.
"""

from collections.abc import Callable, Mapping
from typing import Any

from idp.keys.jose import SIGNING_ALGS
from idp.protocol.client import MOBILE_ID_ACR, AuthMethod
from idp.protocol.client_certificate import SUBJECTS
from idp.protocol.client_policy import FAPI_ALGS, FAPI_AUTH_METHODS
from idp.protocol.device_flow import DEVICE_CODE_GRANT
from idp.protocol.encrypted_response import encryption_keys
from idp.registration import redirect_uris
from idp.registration.administration import BEGINNING, SCOPES
from idp.registration.client_keys import usable_algorithms
from idp.registration.errors import BrokenRule
from idp.registration.fields import ENCRYPTED, Offer
from idp.registration.logout_uris import origin

Effective = Mapping[str, Any]
PRIVATE_KEY_JWT: AuthMethod = "private_key_jwt"
PUBLIC: AuthMethod = "none"
TLS_CLIENT_AUTH: AuthMethod = "tls_client_auth"
SELF_SIGNED: AuthMethod = "self_signed_tls_client_auth"
MACHINE = "client_credentials"
SECTOR_FIELDS = frozenset({"sector", "sector_identifier_uri"})
CHOSEN_ALGS = (
    "authorization_signed_response_alg",
    "id_token_signed_response_alg",
    "introspection_signed_response_alg",
    "request_object_signing_alg",
    "userinfo_signed_response_alg",
    "token_endpoint_auth_signing_alg",
)


def redirect_schemes(metadata: Effective, offer: Offer) -> None:
    """Plain http only where it cannot leave the machine (RFC 8252 §7.3, RFC 9700 §2.6)."""
    _schemes(metadata, offer, "redirect_uris")


def post_logout_schemes(metadata: Effective, offer: Offer) -> None:
    """As redirect_uris (OpenID Connect RP-Initiated Logout 1.0 §3.1)."""
    _schemes(metadata, offer, "post_logout_redirect_uris")


def _schemes(metadata: Effective, offer: Offer, name: str) -> None:
    native = metadata["application_type"] == "native"
    # A test citizen has nothing to lose, and an engineer's first service runs on their own machine.
    loopback = offer.development or metadata["environment"] == "sandbox"
    redirect_uris.check_schemes(metadata.get(name, ()), development=loopback, native=native)


def grants(metadata: Effective, _offer: Offer) -> None:
    """Every sign-in begins with a code (RFC 7591 §2.1); a machine that acts for itself needs none."""
    if not _signs_people_in(metadata) and metadata["grant_types"] != [MACHINE]:
        raise BrokenRule("must contain authorization_code, or client_credentials alone")


def machine(metadata: Effective, _offer: Offer) -> None:
    """RFC 6749 §4.4: only a confidential client can act for itself."""
    if MACHINE in metadata["grant_types"] and _method(metadata) == PUBLIC:
        raise BrokenRule("must not contain client_credentials for a public client")


def machine_part(metadata: Effective, _offer: Offer) -> None:
    """A machine has its scope, and nobody else has one."""
    if bool(metadata["machine_scope"]) != (MACHINE in metadata["grant_types"]):
        raise BrokenRule("is required with client_credentials, and only with it")


def granted_grounds(metadata: Effective, offer: Offer) -> None:
    """A ground for a scope that is not granted would mislead whoever reads it."""
    if (metadata.get("legal_grounds", {}).keys() & set(offer.scopes)) - set(metadata["scope"].split()):
        raise BrokenRule("must name granted scope values only, and claims")


def administration(metadata: Effective, _offer: Offer) -> None:
    """Whoever may administer is known by a key, not by a secret that can be copied, and somebody answers for it."""
    asked = {value for value in metadata["machine_scope"].split() if value.startswith(BEGINNING)}
    wanted = bool(asked)
    if not asked <= SCOPES:
        raise BrokenRule(f"knows {', '.join(sorted(SCOPES))} only")
    if wanted != ("administers_for" in metadata):
        raise BrokenRule(f"is required with {BEGINNING} values in machine_scope, and only with them")
    if not wanted:
        return
    if _signs_people_in(metadata):
        raise BrokenRule("is for clients that only act for themselves")
    if _method(metadata) not in {PRIVATE_KEY_JWT, TLS_CLIENT_AUTH, SELF_SIGNED}:
        raise BrokenRule("needs private_key_jwt or mutual TLS")
    if not (metadata["dpop_bound_access_tokens"] or metadata["tls_client_certificate_bound_access_tokens"]):
        raise BrokenRule("needs tokens bound to a key or a certificate")


def device_flow(metadata: Effective, offer: Offer) -> None:
    """A code can be talked out of a person (RFC 8628 §5.4): off unless approved, and never for the highest level."""
    if DEVICE_CODE_GRANT not in metadata["grant_types"]:
        return
    if "device_flow_approval" not in metadata:
        raise BrokenRule("may contain device_code only if device_flow_approval says who approved it, and why")
    if _method(metadata) == PUBLIC:  # whoever knows a client_id could make us write
        raise BrokenRule("must not contain device_code for a public client")
    if metadata["profile"] != "oidc":
        raise BrokenRule("must not contain device_code with this profile")
    if metadata["minimum_acr"] == offer.acr_values[-1] != MOBILE_ID_ACR:
        raise BrokenRule("must not contain device_code with the highest minimum_acr")


def unneeded_device_approval(metadata: Effective, _offer: Offer) -> None:
    """A waiver that waives nothing would mislead whoever reads the registration."""
    if DEVICE_CODE_GRANT not in metadata["grant_types"] and "device_flow_approval" in metadata:
        raise BrokenRule("is only for the grant type device_code")


def responses(metadata: Effective, _offer: Offer) -> None:
    """An empty list would be a service that can ask for nothing; a machine asks nobody."""
    if _signs_people_in(metadata) and not metadata["response_types"]:
        raise BrokenRule("must be code")
    if not _signs_people_in(metadata) and metadata["response_types"]:
        raise BrokenRule("must be empty without authorization_code")


def openid(metadata: Effective, _offer: Offer) -> None:
    """OpenID Connect Core 1.0 §3.1.2.1: without openid it is not a sign-in. A machine has no person's scope."""
    if _signs_people_in(metadata) and "openid" not in metadata["scope"].split():
        raise BrokenRule("must contain openid")
    if not _signs_people_in(metadata) and metadata["scope"]:
        raise BrokenRule("must be empty without authorization_code; machine_scope is for machines")


def optional_part(metadata: Effective, _offer: Offer) -> None:
    """A person can leave out only what is asked for, and never the sign-in itself."""
    if not set(metadata["optional_scope"].split()) <= set(metadata["scope"].split()) - {"openid"}:
        raise BrokenRule("must contain only values of scope, without openid")


def keys(metadata: Effective, _offer: Offer) -> None:
    """private_key_jwt needs a key that we can verify with (OpenID Connect Core 1.0 §9); so does RFC 8705 §2.2.2."""
    if "jwks_uri" in metadata:  # documents.py judges what is fetched
        return
    if _method(metadata) == SELF_SIGNED and "jwks" not in metadata:
        raise BrokenRule("or jwks_uri is required by self_signed_tls_client_auth")
    if _method(metadata) != PRIVATE_KEY_JWT:
        return
    if "jwks" not in metadata:
        raise BrokenRule("or jwks_uri is required by private_key_jwt")
    if not usable_algorithms(metadata["jwks"]["keys"]) & set(SIGNING_ALGS):
        raise BrokenRule(f"must have a key for {' or '.join(SIGNING_ALGS)}, for private_key_jwt")


def one_key_set(metadata: Effective, _offer: Offer) -> None:
    """RFC 7591 §2: "The jwks_uri and jwks parameters MUST NOT both be present"."""
    if "jwks" in metadata and "jwks_uri" in metadata:
        raise BrokenRule("must not be given together with jwks")


def assertion_algorithm(metadata: Effective, _offer: Offer) -> None:
    """The algorithm that assertions must have is one that a registered key can have."""
    wanted = metadata.get("token_endpoint_auth_signing_alg")
    if wanted is None:
        return
    if _method(metadata) != PRIVATE_KEY_JWT:
        raise BrokenRule("is only for private_key_jwt")
    if wanted not in _key_algorithms(metadata):
        raise BrokenRule("must be the algorithm of a key in jwks")


def encryption(metadata: Effective, _offer: Offer) -> None:
    """Who wants answers encrypted has a key for it (OpenID Connect Core 1.0 §10.2)."""
    keys = metadata.get("jwks", {"keys": ()})["keys"]
    for kind in ENCRYPTED:
        alg = metadata.get(f"{kind}_encrypted_response_alg")
        if alg is None and f"{kind}_encrypted_response_enc" in metadata:
            raise BrokenRule(f"{kind}_encrypted_response_enc needs {kind}_encrypted_response_alg")
        if alg is not None and next(encryption_keys(keys, alg), None) is None:
            raise BrokenRule(f"must hold a key with use enc for {kind}_encrypted_response_alg")


def certificate_subject(metadata: Effective, _offer: Offer) -> None:
    """Exactly one subject identifies a client by its certificate (RFC 8705 §2.1.2)."""
    given = [kind for kind in SUBJECTS if kind in metadata]
    wanted = 1 if _method(metadata) == TLS_CLIENT_AUTH else 0
    if len(given) != wanted:
        raise BrokenRule("tls_client_auth needs exactly one tls_client_auth subject, and nothing else has one")


def one_binding(metadata: Effective, _offer: Offer) -> None:
    """A token is bound to one key."""
    if metadata["dpop_bound_access_tokens"] and metadata["tls_client_certificate_bound_access_tokens"]:
        raise BrokenRule("must not be true beside dpop_bound_access_tokens")


def request_object_algorithm(metadata: Effective, _offer: Offer) -> None:
    """The algorithm that request objects must have is one that a registered key can have."""
    wanted = metadata.get("request_object_signing_alg")
    if wanted is not None and wanted not in _key_algorithms(metadata):
        raise BrokenRule("must be the algorithm of a key in jwks")


def signed_requests(metadata: Effective, _offer: Offer) -> None:
    """Who must sign needs a key that we can verify with (RFC 9101 §10.5)."""
    if metadata["require_signed_request_object"] and not _key_algorithms(metadata) & set(SIGNING_ALGS):
        raise BrokenRule(f"needs a key for {' or '.join(SIGNING_ALGS)} in jwks")


def pushed_requests(metadata: Effective, _offer: Offer) -> None:
    """A public client has nothing to authenticate a push with."""
    if metadata["require_pushed_authorization_requests"] and _method(metadata) == PUBLIC:
        raise BrokenRule("must be false for a public client")


def profile(metadata: Effective, _offer: Offer) -> None:
    """What a FAPI profile demands of the registration itself (FAPI 2.0 Security Profile §5.3.2, §5.4.1)."""
    if metadata["profile"] == "oidc":
        return
    if _method(metadata) not in FAPI_AUTH_METHODS:
        raise BrokenRule("fapi2 needs token_endpoint_auth_method private_key_jwt or mutual TLS")
    if not metadata["pkce_required"] or metadata["application_type"] != "web":
        raise BrokenRule("fapi2 needs pkce_required and application_type web")  # exact redirect URIs, port included
    if any(metadata.get(name) not in {None, *FAPI_ALGS} for name in CHOSEN_ALGS):
        raise BrokenRule(f"fapi2 signs with {' or '.join(FAPI_ALGS)} alone")
    keys_needed = _method(metadata) == PRIVATE_KEY_JWT or metadata["profile"] == "fapi2-message-signing"
    if keys_needed and not _key_algorithms(metadata) & set(FAPI_ALGS):
        raise BrokenRule(f"fapi2 needs a key for {' or '.join(FAPI_ALGS)} in jwks")


def pkce(metadata: Effective, _offer: Offer) -> None:
    """Only a service that authenticates itself may go without (RFC 9700 §2.1.1)."""
    if not metadata["pkce_required"] and _method(metadata) == PUBLIC:
        raise BrokenRule("must be true for a public client")


def approved_subject(metadata: Effective, _offer: Offer) -> None:
    """The same subject at several services lets them join their records: somebody answers for it by name."""
    public = metadata["subject_type"] == "public"
    if public and "public_subject_approval" not in metadata:
        raise BrokenRule("must be pairwise unless public_subject_approval says who approved public, and why")


def unneeded_approval(metadata: Effective, _offer: Offer) -> None:
    """A waiver that waives nothing would mislead whoever reads the registration."""
    if metadata["subject_type"] != "public" and "public_subject_approval" in metadata:
        raise BrokenRule("is only for subject_type public")


def sector(metadata: Effective, _offer: Offer) -> None:
    """One sector for all redirection URIs (OpenID Connect Core 1.0 §8.1)."""
    if metadata["subject_type"] != "pairwise" or not metadata.keys().isdisjoint(SECTOR_FIELDS):
        return
    found = redirect_uris.hosts(metadata.get("redirect_uris", ()))
    if len(found) > 1:
        raise BrokenRule("must share one host, or sector_identifier_uri lists them, or an administrator sets sector")


def _signs_people_in(metadata: Effective) -> bool:
    return "authorization_code" in metadata["grant_types"]


def one_sector(metadata: Effective, _offer: Offer) -> None:
    """Two sectors would leave open which one a person's subject comes from."""
    if metadata.keys() >= SECTOR_FIELDS:
        raise BrokenRule("must not be given together with sector")


def frontchannel_origin(metadata: Effective, _offer: Offer) -> None:
    """A frame of ours shows only what people were sent to before (Front-Channel Logout 1.0 §2)."""
    uri = metadata.get("frontchannel_logout_uri")
    if uri is not None and origin(uri) not in {origin(one) for one in metadata.get("redirect_uris", ())}:
        raise BrokenRule("must have scheme, host and port of a redirect URI")


def _key_algorithms(metadata: Effective) -> frozenset[str]:
    if "jwks_uri" in metadata:  # documents.py judges what is fetched
        return frozenset(SIGNING_ALGS)
    return usable_algorithms(metadata.get("jwks", {"keys": ()})["keys"])


def _method(metadata: Effective) -> str:
    return str(metadata["token_endpoint_auth_method"])


COMBINATIONS: tuple[tuple[str, tuple[str, ...], Callable[[Effective, Offer], None]], ...] = (
    ("redirect_uris", ("application_type", "environment"), redirect_schemes),
    ("post_logout_redirect_uris", ("application_type", "environment"), post_logout_schemes),
    ("grant_types", (), grants),
    ("grant_types", ("token_endpoint_auth_method",), machine),
    ("machine_scope", ("grant_types",), machine_part),
    ("legal_grounds", ("scope",), granted_grounds),
    (
        "administers_for",
        (
            "dpop_bound_access_tokens",
            "grant_types",
            "machine_scope",
            "tls_client_certificate_bound_access_tokens",
            "token_endpoint_auth_method",
        ),
        administration,
    ),
    (
        "grant_types",
        ("device_flow_approval", "minimum_acr", "profile", "token_endpoint_auth_method"),
        device_flow,
    ),
    ("device_flow_approval", ("grant_types",), unneeded_device_approval),
    ("response_types", ("grant_types",), responses),
    ("scope", ("grant_types",), openid),
    ("optional_scope", ("scope",), optional_part),
    ("jwks", ("jwks_uri", "token_endpoint_auth_method"), keys),
    ("jwks_uri", ("jwks",), one_key_set),
    ("token_endpoint_auth_signing_alg", ("jwks", "jwks_uri", "token_endpoint_auth_method"), assertion_algorithm),
    ("request_object_signing_alg", ("jwks",), request_object_algorithm),
    ("require_signed_request_object", ("jwks",), signed_requests),
    ("require_pushed_authorization_requests", ("token_endpoint_auth_method",), pushed_requests),
    ("jwks", tuple(f"{kind}_encrypted_response_{part}" for kind in ENCRYPTED for part in ("alg", "enc")), encryption),
    ("token_endpoint_auth_method", tuple(SUBJECTS), certificate_subject),
    ("tls_client_certificate_bound_access_tokens", ("dpop_bound_access_tokens",), one_binding),
    ("profile", ("application_type", "jwks", "pkce_required", "token_endpoint_auth_method", *CHOSEN_ALGS), profile),
    ("pkce_required", ("token_endpoint_auth_method",), pkce),
    ("frontchannel_logout_uri", ("redirect_uris",), frontchannel_origin),
    ("subject_type", ("public_subject_approval",), approved_subject),
    ("public_subject_approval", ("subject_type",), unneeded_approval),
    ("redirect_uris", ("application_type", "sector", "sector_identifier_uri", "subject_type"), sector),
    ("sector_identifier_uri", ("sector",), one_sector),
)
"""(field that the rule is about, other fields that it reads, rule)."""
