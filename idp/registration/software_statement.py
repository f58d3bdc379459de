"""Software statements: metadata that somebody we know has signed (RFC 7591 §2.3, §3.1.1).

The issuers and their keys are the operator's choice; nothing in a statement says which key verifies it.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from idp.keys.jose import SIGNING_ALGS, InvalidJwt, VerificationKey, import_key, read_header, verify_jwt
from idp.protocol.errors import InvalidSoftwareStatement, UnapprovedSoftwareStatement
from idp.registration.client_keys import key_set, usable_algorithms
from idp.registration.errors import BrokenRule
from idp.registration.folders import Unreadable, read_json, read_text
from idp.settings import SettingsError

MEMBER = "software_statement"
JWT_CLAIMS = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
SKEW_SECONDS = 30

Issuers = Mapping[str, tuple[VerificationKey, ...]]
"""Issuer -> the keys of its statements."""


def load_issuers(path: Path | None) -> Issuers:
    """The issuers that the operator approved, none without a file. Raises SettingsError."""
    if path is None:
        return {}
    try:
        return _approved(read_json(read_text(path)))
    except (Unreadable, BrokenRule) as problem:
        raise SettingsError(f"software_statement_issuers: {problem}") from None


def read_statement(statement: object, issuers: Issuers, *, audience: str, now: int) -> dict[str, Any]:
    """The metadata that a statement vouches for. Raises InvalidSoftwareStatement, UnapprovedSoftwareStatement."""
    if not isinstance(statement, str):
        raise InvalidSoftwareStatement("not a text")
    try:
        keys = issuers.get(issuer_of(statement))
        if keys is None:
            raise UnapprovedSoftwareStatement("unknown issuer")
        claims = verify_jwt(statement, keys, typ=[None, "JWT"])
    except InvalidJwt as error:
        raise InvalidSoftwareStatement(str(error)) from error
    if claims.get("aud", audience) not in (audience, [audience]):
        raise InvalidSoftwareStatement("for another audience")
    _check_times(claims, now)
    return {name: value for name, value in claims.items() if name not in JWT_CLAIMS | {MEMBER}}


def issuer_of(statement: str) -> str:
    """Who a statement says it is by, not yet verified. Raises InvalidJwt."""
    read_header(statement)
    payload = statement.split(".")[1]
    try:
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        raise InvalidJwt("payload is not JSON") from None
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    if not isinstance(issuer, str) or not issuer:
        raise InvalidJwt("no iss")  # RFC 7591 §2.3: it MUST contain one
    return issuer


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
            raise InvalidSoftwareStatement(f"{name} is no date")
        if value <= now - SKEW_SECONDS if name == "exp" else value > now + SKEW_SECONDS:
            raise InvalidSoftwareStatement(f"{name} is not now")


def _approved(given: object) -> Issuers:
    if not isinstance(given, dict):
        raise BrokenRule("must be a JSON object of issuers and their JWK Sets")
    return {issuer: _verification_keys(keys) for issuer, keys in given.items()}


def _verification_keys(value: object) -> tuple[VerificationKey, ...]:
    return tuple(
        VerificationKey(kid=jwk.get("kid"), alg=alg, key=import_key(jwk))
        for jwk in key_set(value)["keys"]
        for alg in sorted(usable_algorithms([jwk]) & set(SIGNING_ALGS))
    )
