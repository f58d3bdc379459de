"""How a relying service proves who it is: exactly one method, the one it registered.

RFC 6749 §2.3, RFC 7523 §3 (private_key_jwt), RFC 8705 §2 (certificates), OpenID Connect Core 1.0 §9. Unknown
client, wrong secret and disabled client read alike to the outside: one error, one text.
"""

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from typing import Any
from urllib.parse import unquote_plus

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.keys.jose import (
    InvalidJwt,
    SigningAlg,
    SigningKey,
    VerificationKey,
    import_key,
    read_header,
    verify_jwt,
)
from idp.protocol.client import TLS_AUTH_METHODS, Client
from idp.protocol.client_certificate import ClientCertificate, is_subject
from idp.protocol.client_policy import policy_of
from idp.protocol.errors import InvalidClient, InvalidRequest

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_SECONDS = 3600  # how far ahead an assertion may expire; common client libraries choose an hour
SKEW_SECONDS = 30
MAX_JTI = 256
LATEST_DATE = 10**12  # no date beyond it means anything
BASIC = re.compile(r"[A-Za-z0-9+/]+={0,2}", re.ASCII)
KEY_ALGS = {"EC": ("ES256",), "RSA": ("PS256", "RS256"), "OKP": ("Ed25519",)}


@dataclass(frozen=True, slots=True)
class Presented:
    """The credential a request carries, before anything of it is believed."""

    method: str  # client_secret_basic, client_secret_post, private_key_jwt or none
    client_id: str
    secret: str | None = None
    assertion: str | None = None


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client that proved itself, and the assertion that must be taken once with what the request does."""

    client: Client
    used_once: bytes | None = None  # digest of (client, jti)
    used_once_until: int = 0


def authenticate(
    form: Mapping[str, str],
    authorization: str | None,
    *,
    find_client: Callable[[str], Client | None],
    issuer: str,
    token_endpoint: str,
    now: int,
    certificate: ClientCertificate | None = None,
    more_audiences: Iterable[str] = (),
    with_current_keys: Callable[[Client, str | None], Client] = lambda client, _kid: client,
) -> AuthenticatedClient:
    """The client of a request to a protected endpoint. Raises InvalidClient or InvalidRequest.

    `with_current_keys` gives a client that publishes its keys those that it publishes now.
    """
    presented = read_credential(form, authorization)
    client = find_client(presented.client_id)
    if client is None or not client.enabled:
        raise InvalidClient("unknown or disabled client")
    if presented.method == "none" and client.token_endpoint_auth_method in TLS_AUTH_METHODS:
        _check_certificate(certificate, with_current_keys(client, None))
        return AuthenticatedClient(client)
    if presented.method != client.token_endpoint_auth_method:
        # The registered method only: a leaked old secret must not open a client that moved to keys.
        raise InvalidClient(f"{presented.method} used, {client.token_endpoint_auth_method} registered")
    if presented.assertion is not None:
        audiences = {issuer}
        if client.assertion_audience == "issuer_or_token_endpoint" and not policy_of(client).issuer_alone_as_audience:
            audiences |= {token_endpoint, *more_audiences}
        kid = read_header(presented.assertion).get("kid")
        client = with_current_keys(client, kid if isinstance(kid, str) else None)
        return _check_assertion(presented.assertion, client, audiences, now)
    if presented.secret is not None:
        _check_secret(presented.secret, client, now)
    return AuthenticatedClient(client)


def read_credential(form: Mapping[str, str], authorization: str | None) -> Presented:
    """The one credential that the request carries. Raises InvalidRequest for several (RFC 6749 §2.3)."""
    has_assertion = "client_assertion" in form or "client_assertion_type" in form
    ways = (authorization is not None, "client_secret" in form, has_assertion)
    if sum(ways) > 1:
        raise InvalidRequest("several credentials", public="Use exactly one client authentication method.")
    if authorization is not None:
        client_id, secret = _read_basic(authorization)
        if form.get("client_id", client_id) != client_id:
            raise InvalidRequest("client_id differs from Basic", public="client_id contradicts the credential.")
        return Presented("client_secret_basic", client_id, secret=secret)
    if has_assertion:
        return _read_assertion(form)
    client_id = form.get("client_id", "")
    if not client_id:
        raise InvalidClient("no client credential")
    if "client_secret" in form:
        return Presented("client_secret_post", client_id, secret=form["client_secret"])
    return Presented("none", client_id)


def _read_basic(header: str) -> tuple[str, str]:
    """RFC 6749 §2.3.1: both parts form-encoded, then Basic (RFC 7617); strictly one spelling."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or BASIC.fullmatch(encoded) is None or len(encoded) > 2048:
        raise InvalidClient("malformed Authorization header")
    try:
        raw = b64decode(encoded, validate=True)
        text = raw.decode("ascii")
    except (NotBase64, UnicodeDecodeError):
        raise InvalidClient("malformed Basic credential") from None
    if b64encode(raw).decode() != encoded:  # the decoder forgives padding and stray bits that we do not
        raise InvalidClient("Basic credential is not canonical base64")
    client_id, colon, secret = text.partition(":")
    if not colon or not client_id:
        raise InvalidClient("Basic credential without colon or id")
    return unquote_plus(client_id), unquote_plus(secret)


def _read_assertion(form: Mapping[str, str]) -> Presented:
    if form.get("client_assertion_type") != JWT_BEARER:
        raise InvalidClient("unknown client_assertion_type")
    assertion = form.get("client_assertion")
    if assertion is None:
        raise InvalidClient("client_assertion is missing")
    try:
        client_id = _unverified_subject(assertion)
    except InvalidJwt as error:
        raise InvalidClient(f"assertion: {error}") from error
    if form.get("client_id", client_id) != client_id:
        raise InvalidClient("client_id differs from the assertion's subject")
    return Presented("private_key_jwt", client_id, assertion=assertion)


def _unverified_subject(assertion: str) -> str:
    """Whose assertion it claims to be: only to find the keys that must then verify it."""
    read_header(assertion)
    payload = assertion.split(".")[1]
    try:
        claims = json.loads(b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_"))
    except (ValueError, RecursionError):
        raise InvalidJwt("payload is not JSON") from None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    if not isinstance(subject, str) or not subject:
        raise InvalidJwt("no sub")
    return subject


def _check_secret(secret: str, client: Client, now: int) -> None:
    """Compare digests in constant time; a random secret of 256 bits needs no slow hash (design law 7)."""
    digest = sha256(secret.encode()).digest()
    valid = client.secret_digests
    if client.former_digest is not None and now < client.former_until:
        valid = (*valid, client.former_digest)
    if not any([compare_digest(digest, known) for known in valid]):  # noqa: C419 (no early exit)
        raise InvalidClient("wrong secret")


def _check_certificate(certificate: ClientCertificate | None, client: Client) -> None:
    """RFC 8705 §2.1 (a trusted authority vouches for the subject) and §2.2 (the key itself is registered)."""
    if certificate is None:
        raise InvalidClient("no valid client certificate")
    if client.token_endpoint_auth_method == "self_signed_tls_client_auth":  # noqa: S105 (a method's name)
        if certificate.public_key not in {_subject_public_key(key.key) for key in client_keys(client)}:
            raise InvalidClient("the certificate's key is not registered")
        return
    if not certificate.is_trusted:
        raise InvalidClient("no trusted authority vouches for the certificate")
    if client.tls_subject is None or not is_subject(certificate.certificate, *client.tls_subject):
        raise InvalidClient("certificate of another subject")


def _subject_public_key(key: SigningKey) -> bytes:
    return key.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _check_assertion(assertion: str, client: Client, audiences: set[str], now: int) -> AuthenticatedClient:
    """RFC 7523 §3; OpenID Connect Core 1.0 §9: iss, sub, aud, jti and exp are all required."""
    policy = policy_of(client)
    try:
        # Absent or "JWT": other typed tokens (at+jwt, dpop+jwt, logout+jwt) are never assertions (RFC 8725 §3.11).
        claims = verify_jwt(assertion, client_keys(client), typ=[None, "JWT", "client-authentication+jwt"])
    except InvalidJwt as error:
        raise InvalidClient(f"assertion: {error}") from error
    if claims.get("iss") != client.id or claims.get("sub") != client.id:
        raise InvalidClient("assertion iss and sub must both be the client")
    if not _audience_is_ours(claims.get("aud"), audiences, as_list=not policy.issuer_alone_as_audience):
        raise InvalidClient("assertion for another audience")
    expires_at = _check_times(claims, now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI:
        raise InvalidClient("assertion without usable jti")
    # JSON may hold half a surrogate pair, which UTF-8 cannot: it must not end in an internal error.
    once = b"client_assertion\0" + client.id.encode() + b"\0" + jti.encode(errors="surrogatepass")
    digest = sha256(once).digest()
    return AuthenticatedClient(client, used_once=digest, used_once_until=expires_at + SKEW_SECONDS)


def _audience_is_ours(audience: Any, accepted: set[str], *, as_list: bool) -> bool:
    if as_list and isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    return isinstance(audience, str) and audience in accepted


def _check_times(claims: Mapping[str, Any], now: int) -> int:
    """Raise InvalidClient unless exp, nbf and iat fit `now`; returns exp. Whole seconds only (DIVERGENCES.md)."""
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name)
        if name in claims and (isinstance(value, bool) or not isinstance(value, int) or abs(value) > LATEST_DATE):
            raise InvalidClient(f"assertion {name} is no date")
    expires_at: int | None = claims.get("exp")
    if expires_at is None or expires_at <= now - SKEW_SECONDS:
        raise InvalidClient("assertion without exp, or expired")
    if expires_at > now + MAX_ASSERTION_SECONDS + SKEW_SECONDS:
        raise InvalidClient("assertion expires too far ahead")
    if any(claims.get(name, now) > now + SKEW_SECONDS for name in ("nbf", "iat")):
        raise InvalidClient("assertion from the future")
    return expires_at


def client_keys(client: Client) -> list[VerificationKey]:
    """The keys that the client's assertions may be signed with."""
    return keys_for(client, client.token_endpoint_auth_signing_alg)


def keys_for(client: Client, registered: SigningAlg | None) -> list[VerificationKey]:
    """The client's own keys, each for one algorithm (RFC 8725 §3.1): the one registered for this use, if any is."""
    return [
        VerificationKey(kid=jwk.get("kid"), alg=alg, key=_imported(json.dumps(jwk, sort_keys=True)))
        for jwk in client.jwks
        if jwk.get("use", "sig") == "sig"
        for alg in ([jwk["alg"]] if "alg" in jwk else KEY_ALGS.get(str(jwk.get("kty")), ()))
        if alg in policy_of(client).signing_algs and registered in {None, alg}
    ]


@lru_cache(maxsize=1024)
def _imported(jwk: str) -> SigningKey:
    """A key object, kept: importing one costs more than verifying with it."""
    return import_key(json.loads(jwk))
