"""Proof Key for Code Exchange, S256 only (RFC 7636; RFC 9700 §2.1.1)."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest

from idp.protocol.client import Client
from idp.protocol.errors import InvalidGrant, InvalidRequest

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # base64url of SHA-256, RFC 7636 §4.2
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)  # RFC 7636 §4.1


def challenge_of(parameters: Mapping[str, str], client: Client) -> str | None:
    """The S256 challenge of an authorization request. Raises InvalidRequest (RFC 7636 §4.4.1)."""
    challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if challenge is None:
        if method is not None:
            raise InvalidRequest("method without challenge", public="code_challenge is missing.")
        if client.pkce_required:  # RFC 9700 §2.1.1; a waiver is a named flag of the registration
            raise InvalidRequest("no PKCE", public="PKCE is required: send code_challenge with S256.")
        return None
    if method != "S256":  # RFC 7636 §4.3: an absent method means plain, which we do not accept
        raise InvalidRequest(f"PKCE method {method!r}", public="code_challenge_method must be S256.")
    if CHALLENGE.fullmatch(challenge) is None:
        raise InvalidRequest("malformed challenge", public="code_challenge is not a SHA-256 in base64url.")
    return challenge


def s256_challenge(verifier: str) -> str:
    """BASE64URL(SHA256(verifier)), RFC 7636 §4.2."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def check_verifier(verifier: str | None, challenge: str | None) -> None:
    """Raise InvalidGrant unless `verifier` opens `challenge` (RFC 7636 §4.6)."""
    if challenge is None:
        if verifier is not None:  # RFC 9700 §4.8.2: a verifier without challenge is a downgrade
            raise InvalidGrant("code_verifier for a code without challenge")
        return
    if verifier is None:
        raise InvalidGrant("code_verifier is missing")
    if VERIFIER.fullmatch(verifier) is None:
        raise InvalidGrant("malformed code_verifier")
    if not compare_digest(s256_challenge(verifier), challenge):
        raise InvalidGrant("code_verifier does not match code_challenge")
