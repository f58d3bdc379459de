"""The one place that speaks JOSE: signing and verifying compact JWS (RFC 7515, RFC 7519, RFC 8725).

The caller fixes algorithm, type, audience and key; nothing is taken from a token's header but the `kid` that
selects among the caller's own keys. joserfc does the cryptography; strictness about form is ours.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OctKey, OKPKey, RSAKey

SigningKey = ECKey | RSAKey | OKPKey
MAX_TOKEN_LENGTH = 16_384
COMPACT = re.compile(r"[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}", re.ASCII)
KNOWN_HEADERS = frozenset({"alg", "kid", "typ", "cty"})
SigningAlg = Literal["ES256", "RS256", "PS256", "Ed25519"]
SIGNING_ALGS: tuple[SigningAlg, ...] = ("ES256", "RS256", "PS256", "Ed25519")
PROOF_HEADERS = KNOWN_HEADERS | {"jwk"}
PROOF_NUMBERS = {"EC": ("x", "y"), "RSA": ("e", "n"), "OKP": ("x",)}
PROOF_CURVES = {"ES256": "P-256", "Ed25519": "Ed25519"}
PROOF_MODULUS = range(2048, 4097)  # bits; a longer one would only cost time
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
KEY_TYPES = {"ES256": "EC", "RS256": "RSA", "PS256": "RSA", "Ed25519": "OKP"}


class _ProofRegistry(jws.JWSRegistry):
    """A proof's header holds its key: up to 4096 bits of RSA."""

    max_header_length = 2_048


class InvalidJwt(Exception):
    """The token is not one that the caller may trust. The message is for the log only."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key that the caller trusts, for one algorithm only (RFC 8725 §3.1)."""

    kid: str | None
    alg: str
    key: SigningKey


def sign_jwt(key: SigningKey, *, alg: str, kid: str, typ: str | None, claims: Mapping[str, Any]) -> str:
    """`claims` as a signed compact JWT."""
    header = {"alg": alg, "kid": kid} | ({"typ": typ} if typ else {})
    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":"))
    return jws.serialize_compact(header, payload, key, algorithms=[alg])


def verify_jwt(token: str, keys: Iterable[VerificationKey], *, typ: Sequence[str | None]) -> dict[str, Any]:
    """The claims of a token signed by one of `keys`. Raises InvalidJwt.

    `typ` lists the header types the caller accepts (RFC 8725 §3.11); None stands for an absent one. Dates,
    issuer and audience are the caller's to check: only it knows what it expects.
    """
    header = read_header(token)
    if header.get("typ") not in typ:
        raise InvalidJwt("wrong typ")
    for candidate in _candidates(header, keys):
        try:
            verified = jws.deserialize_compact(token, candidate.key, algorithms=[candidate.alg])
        except (JoseError, ValueError, TypeError):
            continue
        return _json_object(verified.payload)
    raise InvalidJwt("no trusted key verifies it")


def verify_mac_jwt(token: str, secret: str, *, typ: Sequence[str | None]) -> dict[str, Any]:
    """The claims of a token under a shared secret (HS256, RFC 7518 §3.2), as vendors sign their notices with.

    Raises InvalidJwt. Never for tokens of clients or of ours: whoever can verify one can make one.
    """
    header = read_header(token)
    if header.get("typ") not in typ or header.get("alg") != "HS256":
        raise InvalidJwt("wrong typ or alg")
    try:
        verified = jws.deserialize_compact(token, OctKey.import_key(secret), algorithms=["HS256"])
    except (JoseError, ValueError, TypeError):
        raise InvalidJwt("the signature does not verify") from None
    return _json_object(verified.payload)


def verify_proof_jwt(token: str, *, typ: str, algs: Sequence[str]) -> tuple[dict[str, Any], SigningKey]:
    """The claims of a proof of possession, and the key that its own header carries and that verifies it.

    For RFC 9449 only: such a key says who holds it and nothing else. Raises InvalidJwt.
    """
    header = read_header(token, PROOF_HEADERS)
    alg, jwk = header.get("alg"), header.get("jwk")
    if header.get("typ") != typ or not isinstance(alg, str) or alg not in algs or not isinstance(jwk, dict):
        raise InvalidJwt("wrong typ or alg, or no jwk")
    key = _proof_key(alg, jwk)
    try:
        verified = jws.deserialize_compact(token, key, registry=_ProofRegistry(algorithms=[alg]))
    except (JoseError, ValueError, TypeError):
        raise InvalidJwt("the signature does not verify") from None
    return _json_object(verified.payload), key


def _proof_key(alg: str, jwk: Mapping[str, Any]) -> SigningKey:
    """The public key in a proof's header: whole, for this algorithm, and not its private half (RFC 9449 §4.3)."""
    if PRIVATE_MEMBERS & jwk.keys():
        raise InvalidJwt("a private or symmetric key in the header")
    if jwk.get("kty") != KEY_TYPES[alg] or jwk.get("crv") != PROOF_CURVES.get(alg) or jwk.get("alg", alg) != alg:
        raise InvalidJwt("the key is not for this algorithm")
    numbers = {name: jwk.get(name) for name in PROOF_NUMBERS[KEY_TYPES[alg]]}
    if not all(isinstance(value, str) and _canonical(value) for value in numbers.values()):
        raise InvalidJwt("a number of the key is not base64url")
    curve = {"crv": PROOF_CURVES[alg]} if alg in PROOF_CURVES else {}
    if "n" in numbers and int.from_bytes(_decoded(str(numbers["n"]))).bit_length() not in PROOF_MODULUS:
        raise InvalidJwt("RSA key of an unusable size")
    return import_key({"kty": KEY_TYPES[alg], **curve, **numbers})


def read_header(token: str, allowed: frozenset[str] = KNOWN_HEADERS) -> dict[str, Any]:
    """The header of a well-formed compact JWS, not yet verified. Raises InvalidJwt."""
    if len(token) > MAX_TOKEN_LENGTH or COMPACT.fullmatch(token) is None:
        raise InvalidJwt("not a compact JWS")
    if any(not _canonical(segment) for segment in token.split(".")):
        raise InvalidJwt("not canonical base64url")
    try:
        header = _json_object(jws.extract_compact(token.encode(), registry=_ProofRegistry()).headers())
    except (JoseError, ValueError, TypeError, RecursionError):
        raise InvalidJwt("unreadable header") from None
    if header.keys() - allowed:  # jwk, jku, x5u, x5c, crit, b64, zip: none of them is ours to follow
        raise InvalidJwt("unexpected header parameter")
    return header


def import_key(jwk: Mapping[str, Any]) -> SigningKey:
    """A JWK as a key object. Raises InvalidJwt for one that is not an asymmetric key."""
    try:
        key = JWKRegistry.import_key(dict(jwk))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise InvalidJwt("unusable key") from error
    if not isinstance(key, ECKey | RSAKey | OKPKey):
        raise InvalidJwt("symmetric key")
    return key


def import_pem(pem: str) -> SigningKey:
    """A private RSA key in PEM, as vendors hand them out. Raises InvalidJwt."""
    try:
        return RSAKey.import_key(pem)
    except (JoseError, ValueError, TypeError) as error:
        raise InvalidJwt("unusable key") from error


def _canonical(segment: str) -> bool:
    """Whether exactly these characters encode these bytes: no padding, no stray trailing bits (RFC 4648 §3.5)."""
    try:
        raw = _decoded(segment)
    except ValueError:
        return False
    return urlsafe_b64encode(raw).rstrip(b"=").decode() == segment


def _decoded(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _candidates(header: Mapping[str, Any], keys: Iterable[VerificationKey]) -> Iterable[VerificationKey]:
    kid, alg = header.get("kid"), header.get("alg")
    return (k for k in keys if k.alg == alg and (kid is None or k.kid is None or k.kid == kid))


def _json_object(raw: Any) -> dict[str, Any]:
    if isinstance(raw, bytes | str):
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError):
            raise InvalidJwt("not JSON") from None
    if not isinstance(raw, dict):
        raise InvalidJwt("not a JSON object")
    return raw
