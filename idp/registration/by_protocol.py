"""What a service may say about itself over the protocol: the same rules as for an administrator's file, and less.

RFC 7591 §2 and §3, RFC 7592 §2.2. Policy is not the service's to choose: it stays as it is, or as it is for
every new service. A service may tighten its own registration, and only an administrator loosens it (G-10).
"""

from collections.abc import Mapping
from typing import Any

from idp.keys.jose import InvalidJwt
from idp.protocol.errors import InvalidSoftwareStatement
from idp.registration.errors import RefusedMetadata
from idp.registration.fields import FIELDS, POLICY, Offer
from idp.registration.metadata import LOCALIZED_NAME, MOST_FIELDS, check_metadata
from idp.registration.register import holds_secret
from idp.registration.registration import Metadata, Registration
from idp.registration.software_statement import MEMBER, issuer_of
from idp.registration.unknown_fields import NOT_OFFERED

POLICY_DEFAULTS: Mapping[str, Any] = {field.name: field.default for field in POLICY}
IGNORED = frozenset({"request_uris"})
"""Understood, and without a meaning here: nothing is ever fetched from a request_uri."""

HARDENING = (
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "dpop_bound_access_tokens",
    "tls_client_certificate_bound_access_tokens",
)
"""Flags of the standards that a service may set for itself and not take back."""

WEAK_METHODS = {"none": 0, "client_secret_post": 1, "client_secret_basic": 1}
STRONG_METHOD = 2


def new_metadata(given: object, offer: Offer, *, vouched: Mapping[str, Any], lab: bool) -> Metadata:
    """The effective metadata of a new registration. Raises RegistrationRefused.

    `vouched` comes from a verified software statement and takes precedence (RFC 7591 §2.3). `lab` is for
    conformance suites, in development alone: PKCE, which they do not send, is waived.
    """
    asked = _understood(given, vouched)
    if not (lab and offer.development):
        return check_metadata(_without_policy(asked, {}), offer)
    waived = {} if asked.get("token_endpoint_auth_method") == "none" else {"pkce_required": False}
    # What suites expect of a provider when they leave it open (Registration 1.0 §2: RS256).
    open_fields = {"scope": " ".join(offer.scopes), "id_token_signed_response_alg": "RS256"}
    return check_metadata(open_fields | _without_policy(asked, waived) | waived, offer)


def without_identity(given: object, existing: Registration) -> dict[str, Any]:
    """The metadata of a change, whose sender must name itself rightly (RFC 7592 §2.2). Raises RefusedMetadata."""
    if not isinstance(given, Mapping):
        raise RefusedMetadata(["metadata: must be a JSON object"])
    rest = dict(given)
    if rest.pop("client_id", None) != existing.client_id:
        raise RefusedMetadata(["client_id: must be the registered one"])
    secret = rest.pop("client_secret", None)
    if secret is not None and not holds_secret(existing, secret):
        raise RefusedMetadata(["client_secret: must be the registered one, and cannot be chosen"])
    return rest


def refuse_other_issuer(given: Mapping[str, Any], existing: Registration) -> None:
    """What an issuer vouched for stays vouched for, by the same issuer. Raises OAuthError."""
    before, after = existing.metadata.get(MEMBER), given.get(MEMBER)
    if before is None:
        return
    try:
        same = isinstance(after, str) and issuer_of(after) == issuer_of(before)
    except InvalidJwt as error:
        raise InvalidSoftwareStatement(str(error)) from error
    if not same:
        raise RefusedMetadata([f"{MEMBER}: must be given again, by the same issuer"])


def changed_metadata(given: object, existing: Registration, offer: Offer, *, vouched: Mapping[str, Any]) -> Metadata:
    """The effective metadata of a change, which replaces the old as a whole. Raises RegistrationRefused."""
    before = existing.metadata
    kept = {name: before[name] for name in POLICY_DEFAULTS if name in before}
    after = check_metadata(_without_policy(_understood(given, vouched), kept) | kept, offer)
    _refuse_loosening(before, after)
    return after


def _understood(given: object, vouched: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7591 §2: "MUST ignore any client metadata sent by the client that it does not understand"."""
    if not isinstance(given, Mapping) or len(given) > MOST_FIELDS:
        raise RefusedMetadata([f"metadata: must be a JSON object with at most {MOST_FIELDS} members"])
    asked = {name: value for name, value in given.items() if name != MEMBER} | dict(vouched)
    return {name: value for name, value in asked.items() if value is not None and _is_known(name)}


def _is_known(name: str) -> bool:
    return name in FIELDS or name.startswith(LOCALIZED_NAME) or (name in NOT_OFFERED and name not in IGNORED)


def _without_policy(asked: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """What is the service's to say. Policy may be repeated, as an answer of ours showed it, but not chosen."""
    chosen = [
        name for name, default in POLICY_DEFAULTS.items() if name in asked and asked[name] != kept.get(name, default)
    ]
    if chosen:
        raise RefusedMetadata([f"{name}: is set by an administrator only" for name in chosen])
    return {name: value for name, value in asked.items() if name not in POLICY_DEFAULTS}


def _refuse_loosening(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    given_up = [name for name in HARDENING if before.get(name) and not after.get(name)]
    problems = [f"{name}: only an administrator takes this back" for name in given_up]
    if _strength(after) < _strength(before):
        problems.append("token_endpoint_auth_method: only an administrator chooses a weaker method")
    if problems:
        raise RefusedMetadata(problems)


def _strength(metadata: Mapping[str, Any]) -> int:
    return WEAK_METHODS.get(metadata["token_endpoint_auth_method"], STRONG_METHOD)
