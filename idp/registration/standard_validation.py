"""A second opinion on metadata that our own rules accept: Authlib's validation of the two standards.

Authlib stops at the first objection, expects well-typed values and would apply the standards' defaults; it
is therefore asked last, about the effective form, and only whether it objects.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from authlib.oauth2.rfc7591 import ClientMetadataClaims
from authlib.oidc.registration import ClientMetadataClaims as OpenIdClientMetadataClaims
from joserfc.errors import InvalidClaimError

from idp.keys.jose import SIGNING_ALGS
from idp.protocol.client import AUTH_METHODS, TLS_AUTH_METHODS
from idp.registration.fields import GRANT_TYPES, RESPONSE_TYPES, SUBJECT_TYPES, Offer


def standard_objections(metadata: Mapping[str, Any], offer: Offer) -> Iterator[str]:
    """Names of fields that RFC 7591 or OpenID Connect Registration refuse; normally none."""
    server = {
        "scopes_supported": offer.scopes,
        "response_types_supported": RESPONSE_TYPES,
        "grant_types_supported": GRANT_TYPES,
        "token_endpoint_auth_methods_supported": (*AUTH_METHODS, *(TLS_AUTH_METHODS if offer.mtls else ())),
        "token_endpoint_auth_signing_alg_values_supported": SIGNING_ALGS,
        "id_token_signing_alg_values_supported": SIGNING_ALGS,
        "subject_types_supported": SUBJECT_TYPES,
        "acr_values_supported": offer.acr_values,
    }
    for claims in (ClientMetadataClaims, OpenIdClientMetadataClaims):
        try:
            claims(dict(metadata), {}, claims.get_claims_options(server)).validate()
        except InvalidClaimError as objection:
            yield objection.claim
