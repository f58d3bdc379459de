"""What each endpoint takes and answers, as tables: the OpenAPI document is made of them and of what is routed.

Names only and the shapes that a client can rely on; what a value means stands in the specification that the
endpoint's own file cites.
"""

from collections.abc import Mapping, Sequence

from idp.endpoints import administration_operations
from idp.endpoints.operation import (
    ADDRESS,
    JSON,
    JWT,
    PAGE,
    SECONDS,
    SIGNED_INTROSPECTION,
    TEXT,
    YES,
    Answer,
    Operation,
    Schema,
    ref,
)

ERROR = ref("Error")
BAD = Answer("The request, or what it brings, is not good; see the error code.", {JSON: ERROR})
UNPROVEN = Answer("The client did not prove itself.", {JSON: ERROR})
NO_TOKEN = Answer("The token is missing, or not good now.", {JSON: ref("BearerError")})
TOO_LARGE = Answer("The body is too large.", {JSON: ERROR})
WRONG_KIND = Answer("The body is of another media type.", {JSON: ERROR})
LATER = Answer("Try again later.", {JSON: ERROR})
A_PAGE = Answer("A page for the person.", {PAGE: TEXT})
AWAY = Answer("The browser goes on, or back to the service, with the answer in its address.")

CLIENT_ERRORS = {400: BAD, 401: UNPROVEN, 413: TOO_LARGE, 415: WRONG_KIND, 503: LATER}
PAGE_ERRORS = {400: A_PAGE, 413: A_PAGE, 415: A_PAGE, 503: A_PAGE}
REGISTRATION_ERRORS = {400: BAD, 401: NO_TOKEN, 413: TOO_LARGE, 415: WRONG_KIND, 503: LATER}

RECEIPT = {
    204: Answer("It is noted."),
    403: Answer("The vendor did not sign this."),
    404: Answer("There is no such address.", {JSON: ERROR}),
    413: TOO_LARGE,
}

IN_BODY = ""
CLIENT = ("basic", "certificate", IN_BODY)
"""How a client proves itself: in the header (RFC 6749 §2.3), by its certificate (RFC 8705), or in the body."""

CREDENTIALS = ("client_id", "client_secret", "client_assertion_type", "client_assertion")
REQUEST = (
    "response_type",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "acr_values",
    "login_hint",
    "id_token_hint",
    "ui_locales",
    "claims",
    "display",
    "response_mode",
    "resource",
    "authorization_details",
    "dpop_jkt",
    "request",
)
"""An authorization request: RFC 6749 §4.1.1, OpenID Connect Core 1.0 §3.1.2.1, and the extensions we know."""

TOKEN = ("code", "redirect_uri", "code_verifier", "refresh_token", "device_code", "scope", "resource")

OPERATIONS: Mapping[str, Operation] = {
    "/authorize": Operation(
        {200: A_PAGE, 303: AWAY, **PAGE_ERRORS}, query=("client_id", *REQUEST, "request_uri"), required=("client_id",)
    ),
    "/par": Operation(
        {201: Answer("What to send the person with.", {JSON: ref("Pushed")}), **CLIENT_ERRORS},
        form=(*CREDENTIALS, *REQUEST),
        required=("response_type", "redirect_uri"),
        security=CLIENT,
    ),
    "/token": Operation(
        {200: Answer("Tokens.", {JSON: ref("Tokens")}), **CLIENT_ERRORS},
        form=("grant_type", *CREDENTIALS, *TOKEN, "authorization_details"),
        required=("grant_type",),
        security=CLIENT,
    ),
    "/device_authorization": Operation(
        {200: Answer("What the device shows, and what it asks with.", {JSON: ref("Device")}), **CLIENT_ERRORS},
        form=(*CREDENTIALS, "scope"),
        security=CLIENT,
    ),
    "/userinfo": Operation(
        {
            200: Answer("What the person agreed to give.", {JSON: ref("Claims"), JWT: TEXT}),
            400: Answer("The token came twice, or in the address.", {JSON: ref("BearerError")}),
            401: NO_TOKEN,
            403: Answer("The token was issued without openid.", {JSON: ERROR}),
            413: TOO_LARGE,
            503: LATER,
        },
        security=("bearer", "dpop"),
    ),
    "/introspect": Operation(
        {
            200: Answer("Whether the token is good now.", {JSON: ref("Introspection"), SIGNED_INTROSPECTION: TEXT}),
            **CLIENT_ERRORS,
        },
        form=("token", "token_type_hint", *CREDENTIALS),
        required=("token",),
        security=CLIENT,
    ),
    "/revoke": Operation(
        {200: Answer("The token is not good any more, or never was."), **CLIENT_ERRORS},
        form=("token", "token_type_hint", *CREDENTIALS),
        required=("token",),
        security=CLIENT,
    ),
    "/receipts/<gateway>": Operation(RECEIPT),
    "/receipts/<gateway>/<uuid:message>": Operation(RECEIPT),
    "/inbound/<gateway>": Operation(RECEIPT),
    "/register": Operation(
        {201: Answer("The registration.", {JSON: ref("Registration")}), **REGISTRATION_ERRORS},
        document="Metadata",
        security=("bearer",),
    ),
    "/register/<client_id>": Operation(
        {
            200: Answer("The registration.", {JSON: ref("Registration")}),
            204: Answer("The registration is gone."),
            **REGISTRATION_ERRORS,
        },
        document="Metadata",
        security=("bearer",),
    ),
    "/logout": Operation(
        {200: A_PAGE, 303: AWAY, **PAGE_ERRORS},
        query=("id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"),
    ),
    "/audit/head": Operation(
        {
            200: Answer("The newest statement over the audit.", {JSON: ref("AuditHead")}),
            404: Answer("Nothing is sealed yet.", {JSON: {"type": "object"}}),
        }
    ),
    "/jwks": Operation({200: Answer("The keys.", {JSON: ref("Keys")})}),
    "/.well-known/openid-configuration": Operation({200: Answer("The metadata.", {JSON: ref("Provider")})}),
    "/.well-known/oauth-authorization-server": Operation({200: Answer("The metadata.", {JSON: ref("Provider")})}),
    **administration_operations.OPERATIONS,
}

FOR_PEOPLE = frozenset({"/logout/confirm"})
"""Routed beside an endpoint, but only a page of ours leads there."""

SCHEMAS: Mapping[str, Mapping[str, Schema]] = {
    "Pushed": {"request_uri": TEXT, "expires_in": SECONDS},
    "Tokens": {
        "access_token": TEXT,
        "token_type": {"enum": ["Bearer", "DPoP"]},
        "expires_in": SECONDS,
        "scope": TEXT,
        "refresh_token": TEXT,
        "id_token": TEXT,
        "authorization_details": {"type": "array", "items": {"type": "object"}},
    },
    "Device": {
        "device_code": TEXT,
        "user_code": TEXT,
        "verification_uri": ADDRESS,
        "expires_in": SECONDS,
        "interval": SECONDS,
    },
    "Claims": {"sub": TEXT},
    "Introspection": {
        "active": YES,
        "scope": TEXT,
        "client_id": TEXT,
        "token_type": {"enum": ["Bearer", "DPoP"]},
        "exp": SECONDS,
        "iat": SECONDS,
        "sub": TEXT,
        "aud": {"type": ["string", "array"], "items": TEXT},
        "iss": ADDRESS,
        "cnf": {"type": "object"},
        "acr": TEXT,
        "auth_time": SECONDS,
        "authorization_details": {"type": "array", "items": {"type": "object"}},
    },
    "AuditHead": {"statement": TEXT},
    "Keys": {"keys": {"type": "array", "minItems": 1, "items": {"type": "object"}}},
    **administration_operations.SCHEMAS,
}

ALWAYS: Mapping[str, Sequence[str]] = {
    "Pushed": ("request_uri", "expires_in"),
    "Tokens": ("access_token", "token_type", "expires_in", "scope"),
    "Device": ("device_code", "user_code", "verification_uri", "expires_in", "interval"),
    "Claims": ("sub",),
    "Introspection": ("active",),
    "AuditHead": ("statement",),
    "Keys": ("keys",),
    **administration_operations.ALWAYS,
}
"""The members that an answer never lacks."""
