"""The byte formats of a WebAuthn ceremony, as an authenticator and a browser write them.

Client data (WebAuthn Level 3 §5.8.1), authenticator data (§6.1), attested credential data (§6.5.1),
attestation objects (§6.5.4) and the COSE form of an ES256 key (RFC 9052 §7, RFC 9053 §2.1). Nothing here
checks anything: hostile tests build malformed ceremonies from the same functions.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec

ES256 = -7
"""The COSE algorithm number of ECDSA with P-256 and SHA-256 (RFC 9053 §2.1)."""

USER_PRESENT = 0x01
USER_VERIFIED = 0x04
BACKUP_ELIGIBLE = 0x08
BACKED_UP = 0x10
ATTESTED_CREDENTIAL = 0x40
EXTENSION_DATA = 0x80

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


def to_base64url(data: bytes) -> str:
    """`data` in base64url without padding, the form of every byte string in WebAuthn's JSON (§5.1.8)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes of an unpadded base64url text. Raises ValueError when it is none."""
    if not _BASE64URL.fullmatch(text):  # the standard library skips characters that it does not know
        raise ValueError("not base64url without padding")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def client_data(
    *, ceremony: str, challenge: str, origin: str, cross_origin: bool = False, top_origin: str | None = None
) -> bytes:
    """CollectedClientData in the member order that §5.8.1.1 prescribes; `ceremony` is its `type`."""
    members: dict[str, Any] = {
        "type": ceremony,
        "challenge": challenge,
        "origin": origin,
        "crossOrigin": cross_origin,
    }
    if top_origin is not None:
        members["topOrigin"] = top_origin
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


def authenticator_data(*, rp_id: str, flags: int, sign_count: int, attested: bytes = b"") -> bytes:
    """Authenticator data (§6.1): rp id hash, flags, counter, and when registering the attested credential."""
    return sha256(rp_id.encode()).digest() + bytes([flags]) + sign_count.to_bytes(4, "big") + attested


def attested_credential(*, aaguid: bytes, credential_id: bytes, cose_key: bytes) -> bytes:
    """Attested credential data (§6.5.1): model of the authenticator, credential id, public key."""
    return aaguid + len(credential_id).to_bytes(2, "big") + credential_id + cose_key


def cose_key(public_key: ec.EllipticCurvePublicKey, algorithm: int = ES256) -> bytes:
    """The P-256 public key as a CBOR map with `kty` EC2, `alg`, `crv` P-256, `x` and `y`."""
    point = public_key.public_numbers()
    coordinates = {-2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
    encoded: bytes = cbor2.dumps({1: 2, 3: algorithm, -1: 1, **coordinates})
    return encoded


def attestation_object(*, authenticator: bytes, fmt: str, statement: dict[str, Any]) -> bytes:
    """An attestation object (§6.5.4) around authenticator data."""
    encoded: bytes = cbor2.dumps({"fmt": fmt, "attStmt": statement, "authData": authenticator})
    return encoded
