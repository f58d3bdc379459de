"""What a client asks of a person: the authorization request, parsed and checked.

RFC 6749 §4.1.1, OpenID Connect Core 1.0 §3.1.2.1 and §3.1.2.2. The order matters: client and redirect URI
first, because before they are known to be right an error is a page on our origin, and only after that an
answer to the client (RFC 6749 §4.1.2.1).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from idp.protocol.authorization_details import TYPES, Detail, details_text, parse_details
from idp.protocol.claims_request import NO_CLAIMS, ClaimsRequest, parse_claims
from idp.protocol.client import Client
from idp.protocol.errors import (
    InvalidRequest,
    InvalidScope,
    RegistrationNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from idp.protocol.parameters import has_controls
from idp.protocol.pkce import challenge_of
from idp.protocol.redirect_uri import is_registered
from idp.protocol.resource_indicators import resources_of
from idp.protocol.response_mode import error_mode_of, response_mode_of

MAX_AGE_LIMIT = 31_536_000  # seconds; a year
MAX_STATE = 4_096
MAX_LIST = 20
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
DISPLAYS = frozenset({"page", "popup", "touch", "wap"})
THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # RFC 7638 with SHA-256
SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+", re.ASCII)  # RFC 6749 §3.3


class Unredirectable(Exception):
    """The request's client or redirect URI is wrong: the person gets a page, the client gets nothing.

    `page` names the refusal page; `client` is set when at least the client is known.
    """

    def __init__(self, page: str, detail: str, client: Client | None = None) -> None:
        """`detail` is for the log."""
        super().__init__(detail)
        self.page = page
        self.client = client


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where an answer to the client may go: known to be right before anything else is looked at."""

    client_id: str
    redirect_uri: str
    state: str | None
    response_mode: str = "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A checked authorization request. Scopes are already those that this client may have."""

    client_id: str
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    code_challenge: str | None
    nonce: str | None
    prompts: frozenset[str]
    max_age: int | None
    acr_values: tuple[str, ...]
    login_hint: str | None
    id_token_hint: str | None
    ui_locales: tuple[str, ...]
    claims: str | None  # the claims parameter as sent; `claims_request` reads it
    display: str
    response_mode: str = "query"
    resources: tuple[str, ...] = ()
    details: str | None = None  # authorization_details in canonical form; `authorization_details` reads it
    pushed: str | None = None  # the row of the pushed request that it is, to be completed once
    signed: bool = False  # came as a request object
    device: str | None = None  # the row of the device flow that it is for (RFC 8628): no code, no redirect
    dpop_jkt: str | None = None  # thumbprint of the key that the code is bound to (RFC 9449 §10)

    @property
    def return_address(self) -> ReturnAddress:
        """Where the answer goes."""
        return ReturnAddress(self.client_id, self.redirect_uri, self.state, self.response_mode)

    @property
    def authorization_details(self) -> tuple[Detail, ...]:
        """What exactly the person is asked to allow (RFC 9396; already checked)."""
        return parse_details(self.details, TYPES)

    @property
    def claims_request(self) -> ClaimsRequest:
        """The claims parameter's meaning (already checked)."""
        return NO_CLAIMS if self.claims is None else parse_claims(self.claims)

    @property
    def is_silent(self) -> bool:
        """Whether no page may be shown (prompt=none)."""
        return "none" in self.prompts


def return_address(
    parameters: Mapping[str, str], find_client: Callable[[str], Client | None]
) -> tuple[Client, ReturnAddress]:
    """The client and where its answer goes. Raises Unredirectable."""
    client_id = parameters.get("client_id")
    client = find_client(client_id) if client_id is not None else None
    if client is None:  # RFC 6749 §4.1.2.1: inform the person, do not redirect
        raise Unredirectable("unknown_client", "unknown client_id")
    redirect_uri = parameters.get("redirect_uri")
    if redirect_uri is None or not is_registered(redirect_uri, client):
        raise Unredirectable("bad_redirect_uri", "redirect_uri is not registered", client)
    if not client.enabled:  # the address is right, but a suspended service gets no answers
        raise Unredirectable("service_disabled", "client is disabled", client)
    state = parameters.get("state")
    if state is not None and (len(state) > MAX_STATE or has_controls(state)):
        raise Unredirectable("invalid_request", "state cannot be echoed safely", client)
    return client, ReturnAddress(client.id, redirect_uri, state, error_mode_of(parameters, client))


def parse(
    parameters: Mapping[str, str],
    client: Client,
    address: ReturnAddress,
    scopes: frozenset[str],
    *,
    pushed: str | None = None,
    signed: bool = False,
) -> AuthorizationRequest:
    """The request of `client`, checked; `scopes` are those the provider has. Raises OAuthError.

    `pushed` names the row of a pushed request, `signed` says that it came as a request object.
    """
    for check in CHECKS:
        check(parameters, client)
    prompts = _prompts(parameters)
    granted = scopes_of(parameters, client, scopes)
    parse_claims(parameters.get("claims"))
    details = parse_details(parameters.get("authorization_details"), client.authorization_details_types)
    return AuthorizationRequest(
        client_id=client.id,
        redirect_uri=address.redirect_uri,
        state=address.state,
        scopes=granted,
        code_challenge=challenge_of(parameters, client),
        nonce=parameters.get("nonce"),
        prompts=prompts,
        max_age=_max_age(parameters, client),
        acr_values=_list(parameters, "acr_values") or client.default_acr_values,
        login_hint=parameters.get("login_hint"),
        id_token_hint=parameters.get("id_token_hint"),
        ui_locales=_list(parameters, "ui_locales"),
        claims=parameters.get("claims"),
        display=_display(parameters),
        response_mode=response_mode_of(parameters, client),
        resources=resources_of(parameters, client.resources),
        details=details_text(details),
        pushed=pushed,
        signed=signed,
        dpop_jkt=_dpop_jkt(parameters),
    )


def _refuse_unsupported(parameters: Mapping[str, str], _client: Client) -> None:
    if "registration" in parameters:
        raise RegistrationNotSupported("registration was sent")


def _response_type(parameters: Mapping[str, str], client: Client) -> None:
    wanted = parameters.get("response_type")
    if wanted is None:
        raise InvalidRequest("no response_type", public="The parameter response_type is missing.")
    if wanted != "code":  # RFC 9700 §2.1.2: no token ever travels through a front channel
        raise UnsupportedResponseType(f"response_type {wanted[:40]!r}")
    if "code" not in client.response_types or "authorization_code" not in client.grant_types:
        raise UnauthorizedClient("client may not use the code flow")


def _texts(parameters: Mapping[str, str], _client: Client) -> None:
    """What is kept as it was sent must be keepable: no control characters (a NUL upsets PostgreSQL), no end."""
    if len(parameters.get("nonce", "")) > MAX_STATE:
        raise InvalidRequest("nonce too long", public="The nonce is longer than 4096 characters.")
    for name in ("nonce", "login_hint", "id_token_hint", "acr_values", "ui_locales"):
        if has_controls(parameters.get(name, "")):
            raise InvalidRequest(f"{name} holds a control character", public=f"The parameter {name} is malformed.")


CHECKS: tuple[Callable[[Mapping[str, str], Client], None], ...] = (
    _response_type,
    _refuse_unsupported,
    _texts,
)
"""Checks that yield nothing, in their order; what yields a value is read in `parse`."""


def _prompts(parameters: Mapping[str, str]) -> frozenset[str]:
    wanted = frozenset(_list(parameters, "prompt"))
    if wanted - PROMPTS:
        raise InvalidRequest("unknown prompt", public="The prompt parameter has an unknown value.")
    if "none" in wanted and len(wanted) > 1:  # OpenID Connect Core 1.0 §3.1.2.1
        raise InvalidRequest("prompt=none with another", public="prompt=none excludes other values.")
    return wanted


def scopes_of(parameters: Mapping[str, str], client: Client, known: frozenset[str]) -> tuple[str, ...]:
    """The requested scopes that exist and that this client may have; the others are dropped (RFC 6749 §3.3)."""
    wanted = parameters.get("scope", "").split(" ")
    if len(wanted) > MAX_LIST * 2 or any(s and SCOPE_TOKEN.fullmatch(s) is None for s in wanted):
        raise InvalidScope("malformed scope", public="The scope parameter is malformed.")
    kept = tuple(dict.fromkeys(s for s in wanted if s in known and s in client.scopes))
    if not kept:
        raise InvalidScope("no scope is left for this client")
    return kept


def _max_age(parameters: Mapping[str, str], client: Client) -> int | None:
    text = parameters.get("max_age")
    if text is None:
        return client.default_max_age
    if not (text.isascii() and text.isdigit() and len(text) <= 9) or int(text) > MAX_AGE_LIMIT:
        raise InvalidRequest(
            "max_age is no number of seconds", public="max_age is not a number of seconds up to a year."
        )
    return int(text)


def _display(parameters: Mapping[str, str]) -> str:
    display = parameters.get("display", "page")
    if display not in DISPLAYS:
        raise InvalidRequest("unknown display", public="The display parameter has an unknown value.")
    return display


def _dpop_jkt(parameters: Mapping[str, str]) -> str | None:
    jkt = parameters.get("dpop_jkt")
    if jkt is not None and THUMBPRINT.fullmatch(jkt) is None:
        raise InvalidRequest("malformed dpop_jkt", public="dpop_jkt is no SHA-256 thumbprint in base64url.")
    return jkt


def _list(parameters: Mapping[str, str], name: str) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(parameters.get(name, "").split()))
    if len(values) > MAX_LIST:
        raise InvalidRequest(f"{name} is too long", public=f"The parameter {name} has too many values.")
    return values
