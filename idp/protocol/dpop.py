"""Demonstrating Proof of Possession (RFC 9449): a caller proves with each request that it holds its key.

Pure: the caller of these functions knows the request, the time and which nonces are good, and takes
`Proof.used_once` at most once, together with what the request does.
"""

from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from idp.keys.jose import InvalidJwt, verify_proof_jwt
from idp.protocol.errors import InvalidDpopProof

PROOF_ALGS = ("ES256", "PS256", "Ed25519")  # asymmetric, and those that FAPI 2.0 §5.4.1 allows
WINDOW_SECONDS = 60  # how far `iat` may be from our clock, to either side (§11.1)
MAX_JTI = 256
MAX_PROOF = 4_096
DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Proof:
    """A verified proof: whose key, with which nonce, and what must be taken once."""

    jkt: str  # RFC 7638 thumbprint of the key
    nonce: str | None
    used_once: bytes  # digest over key, method, address and jti (§11.1)
    used_once_until: int


def verify_proof(
    header: str | None, *, method: str, uris: Collection[str], now: int, access_token: str | None = None
) -> Proof | None:
    """The proof of a request to one of `uris` (§4.3); None without a header. Raises InvalidDpopProof.

    `header` is all DPoP headers joined as HTTP does, so that two of them are seen. `access_token` is the one that
    the request presents, if any: the proof must then name it (`ath`).
    """
    if header is None:
        return None
    if len(header) > MAX_PROOF or "," in header:
        raise InvalidDpopProof("several proofs, or one too long")
    try:
        claims, key = verify_proof_jwt(header, typ="dpop+jwt", algs=PROOF_ALGS)
    except InvalidJwt as error:
        raise InvalidDpopProof(str(error)) from error
    if claims.get("htm") != method or normal_uri(claims.get("htu")) not in {normal_uri(uri) for uri in uris}:
        raise InvalidDpopProof("proof for another request")
    _check_times(claims, now)
    if access_token is not None:
        _check_access_token(claims.get("ath"), access_token)
    jti, nonce = claims.get("jti"), claims.get("nonce")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI:
        raise InvalidDpopProof("proof without usable jti")
    if not isinstance(nonce, str | None):
        raise InvalidDpopProof("nonce is no text")
    jkt = str(key.thumbprint())
    once = "\0".join(("dpop", jkt, method, str(normal_uri(claims["htu"])), jti)).encode(errors="surrogatepass")
    # A proof from the future stays good until its own time plus the window: it is remembered that long.
    return Proof(jkt, nonce, sha256(once).digest(), max(now, claims["iat"]) + WINDOW_SECONDS + 1)


def normal_uri(uri: Any) -> str | None:
    """`htu` without what does not count: query, fragment, case of scheme and host, default port (§4.3-9).

    None for what is no http(s) address.
    """
    if not isinstance(uri, str) or not uri.isascii() or not uri.isprintable():
        return None
    try:
        parts = urlsplit(uri)
        scheme, host, port = parts.scheme, parts.hostname, parts.port  # scheme and host come in lower case
    except ValueError:
        return None
    if scheme not in DEFAULT_PORTS or not host or "@" in parts.netloc:
        return None
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{port or DEFAULT_PORTS[scheme]}{parts.path or '/'}"


def access_token_hash(access_token: str) -> str:
    """`ath`: the hash of the access token that a proof goes with (§4.2)."""
    return urlsafe_b64encode(sha256(access_token.encode("ascii", "replace")).digest()).rstrip(b"=").decode()


def _check_access_token(ath: Any, access_token: str) -> None:
    expected = access_token_hash(access_token)
    if not isinstance(ath, str) or not compare_digest(ath.encode(errors="surrogatepass"), expected.encode()):
        raise InvalidDpopProof("proof for another access token")


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    """`iat` near now. `exp` and `nbf` are none of a proof's claims, but where they stand they hold."""
    for name in ("iat", "exp", "nbf"):
        value = claims.get(name)
        if name in claims and (isinstance(value, bool) or not isinstance(value, int)):
            raise InvalidDpopProof(f"{name} is no date")
    issued_at = claims.get("iat")
    if issued_at is None or abs(issued_at - now) > WINDOW_SECONDS:
        raise InvalidDpopProof("proof too old, from the future, or without iat")
    if claims.get("exp", now) < now - WINDOW_SECONDS or claims.get("nbf", now) > now + WINDOW_SECONDS:
        raise InvalidDpopProof("proof outside its own time")
