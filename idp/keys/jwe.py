"""Encrypting answers to services: compact JWE (RFC 7516), and only ever to them.

The provider decrypts nothing: whatever arrives encrypted is refused by its form (jose.py), before any key is touched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from joserfc import jwe

from idp.keys.jose import import_key

EncryptionAlg = Literal["ECDH-ES", "RSA-OAEP-256"]
EncryptionEnc = Literal["A128GCM", "A256GCM"]
ENCRYPTION_ALGS: tuple[EncryptionAlg, ...] = ("ECDH-ES", "RSA-OAEP-256")
ENCRYPTION_ENCS: tuple[EncryptionEnc, ...] = ("A128GCM", "A256GCM")
DEFAULT_ENC: EncryptionEnc = "A256GCM"
ENCRYPTION_KEY_TYPES: Mapping[str, EncryptionAlg] = {"EC": "ECDH-ES", "RSA": "RSA-OAEP-256"}


@dataclass(frozen=True, slots=True)
class Encryption:
    """How an answer is encrypted: the key's management and the content's cipher (RFC 7518 §4, §5)."""

    alg: EncryptionAlg
    enc: EncryptionEnc


def encrypt(text: str, jwk: Mapping[str, Any], how: Encryption, *, cty: str | None) -> str:
    """`text` for the holder of the private half of `jwk`; `cty` is JWT for a signed token inside (RFC 7519 §5.2)."""
    header: dict[str, Any] = {"alg": how.alg, "enc": how.enc}
    header |= {name: value for name, value in (("kid", jwk.get("kid")), ("cty", cty)) if value is not None}
    return jwe.encrypt_compact(header, text, import_key(jwk), algorithms=[how.alg, how.enc])
