"""Request objects: an authorization request that its client signed (RFC 9101; OpenID Connect Core 1.0 §6.1).

By value only; a `request_uri` leads to a pushed request or nowhere, so nothing is ever fetched. What is read here
is a plain mapping of parameters, checked later like any other.
"""

import json
from collections.abc import Mapping
from typing import Any

from idp.keys.jose import InvalidJwt, verify_jwt
from idp.protocol.client import Client
from idp.protocol.client_authentication import keys_for
from idp.protocol.client_policy import policy_of
from idp.protocol.errors import InvalidRequestObject
from idp.protocol.parameters import MAX_LENGTH, MAX_PARAMETERS
from idp.protocol.resource_indicators import join

SKEW_SECONDS = 30
LONGEST_SECONDS = 3600  # FAPI 2.0 Message Signing §5.3.1: exp and nbf are at most an hour away
LATEST_DATE = 10**12
TYPES = ("oauth-authz-req+jwt", "JWT", None)  # RFC 9101 §10.8; OpenID Connect Core 1.0 §6.1 names none
OF_THE_JWT = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
NOT_INSIDE = frozenset({"request", "request_uri", "sub"})  # RFC 9101 §4; a sub would make it a client assertion
STRUCTURED = frozenset({"claims", "authorization_details", "registration"})
TEXTS = frozenset(
    {
        *(
            "client_id",
            "response_type",
            "redirect_uri",
            "scope",
            "state",
            "nonce",
            "prompt",
            "display",
            "response_mode",
        ),
        *("acr_values", "ui_locales", "claims_locales", "login_hint", "id_token_hint", "dpop_jkt"),
        *("code_challenge", "code_challenge_method"),
    }
)
"""Parameters that are text (RFC 9101 §4)."""
KNOWN = TEXTS | STRUCTURED | {"max_age", "resource"}


def read_request_object(token: str, client: Client, *, issuer: str, now: int) -> dict[str, str]:
    """The parameters inside, from this client, for us, now. Raises InvalidRequestObject."""
    policy = policy_of(client)
    try:
        claims = verify_jwt(token, keys_for(client, client.request_object_signing_alg), typ=TYPES)
    except InvalidJwt as error:
        raise InvalidRequestObject(str(error)) from error
    if claims.get("iss") != client.id or claims.get("client_id", client.id) != client.id:
        raise InvalidRequestObject("iss or client_id is another client")
    audience = claims.get("aud")
    if issuer not in (audience if isinstance(audience, list) else [audience]):
        raise InvalidRequestObject("for another audience")
    _check_times(claims, now, required=policy.dated_requests)
    if claims.keys() & NOT_INSIDE or len(claims) > MAX_PARAMETERS:
        raise InvalidRequestObject("members that do not belong inside, or too many")
    return {n: text for n, v in claims.items() if n not in OF_THE_JWT and (text := _parameter(n, v)) is not None}


def merged(inside: Mapping[str, str], outside: Mapping[str, str], client: Client) -> dict[str, str]:
    """The parameters that count. Raises InvalidRequestObject when the two contradict each other.

    RFC 9101 §6.3: those inside alone. OpenID Connect Core 1.0 §6.1 lets the others come from outside, which is
    possible for clients that do not have to sign; and what stands twice of response_type must be the same.
    """
    if policy_of(client).only_signed_parameters:
        return {**inside, "client_id": client.id}
    if len({said["response_type"] for said in (inside, outside) if "response_type" in said}) > 1:
        raise InvalidRequestObject("response_type differs inside and outside")
    return {**{n: v for n, v in outside.items() if n != "request"}, **inside, "client_id": client.id}


def _check_times(claims: Mapping[str, Any], now: int, *, required: bool) -> None:
    """Raise InvalidRequestObject unless exp, nbf and iat fit `now`; OpenID Connect Core 1.0 demands none of them."""
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name)
        if name not in claims:
            if required and name != "iat":
                raise InvalidRequestObject(f"no {name}")
        elif isinstance(value, bool) or not isinstance(value, int) or abs(value) > LATEST_DATE:
            raise InvalidRequestObject(f"{name} is no date")
    begins, ends = claims.get("nbf", now), claims.get("exp", now + 1)
    if max(begins, claims.get("iat", now)) > now + SKEW_SECONDS:
        raise InvalidRequestObject("from the future")
    if begins < now - LONGEST_SECONDS - SKEW_SECONDS:
        raise InvalidRequestObject("nbf is more than an hour ago")
    if ends <= now - SKEW_SECONDS:
        raise InvalidRequestObject("expired")
    if ends > min(begins, now) + LONGEST_SECONDS + SKEW_SECONDS:
        raise InvalidRequestObject("lives for more than an hour")


def _parameter(name: str, value: Any) -> str | None:
    """A member as the text that the parameter would be; None for one that nobody here knows, which is ignored.

    Raises InvalidRequestObject for a known one of another shape: what was signed must not be overlooked in silence.
    """
    text: str | None = None
    if isinstance(value, str):
        text = value
    elif name == "max_age" and isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    elif name in STRUCTURED and isinstance(value, dict | list):
        text = _json(name, value)
    elif name == "resource" and isinstance(value, list) and all(isinstance(one, str) for one in value):
        text = join(value)
    if text is None and name in KNOWN:
        raise InvalidRequestObject(f"{name} is of another type than the parameter")
    if text is not None and not (0 < len(text) <= MAX_LENGTH and _is_unicode(text)):
        raise InvalidRequestObject(f"{name[:40]!r} is empty, too long or no text")
    if isinstance(value, str) and name == "resource":
        return join([value])
    return text


def _json(name: str, value: Any) -> str:
    try:
        return json.dumps(value, separators=(",", ":"))
    except (ValueError, RecursionError):
        raise InvalidRequestObject(f"{name} cannot be written") from None


def _is_unicode(text: str) -> bool:
    """Whether `text` can be stored: JSON may hold half a surrogate pair, which UTF-8 cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
