"""One software passkey: the key pair and what a discoverable credential remembers beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from idp.demo.ceremony_encoding import cose_key, from_base64url, to_base64url

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CREDENTIAL_ID_BYTES = 32


@dataclass(slots=True, kw_only=True)
class Passkey:
    """A discoverable ES256 credential (WebAuthn Level 3 §4, public key credential source)."""

    credential_id: bytes
    private_key: ec.EllipticCurvePrivateKey
    rp_id: str
    user_handle: bytes
    user_name: str = ""
    display_name: str = ""
    sign_count: int = 0

    @classmethod
    def new(
        cls,
        *,
        rp_id: str,
        user_handle: bytes,
        user_name: str,
        display_name: str,
        random_bytes: Callable[[int], bytes],
    ) -> Self:
        """A fresh passkey whose id and key both come from `random_bytes`."""
        # 48 bytes modulo the order: the bias is below 2^-128 (FIPS 186-5 A.2.1).
        secret = int.from_bytes(random_bytes(48), "big") % (P256_ORDER - 1) + 1
        return cls(
            credential_id=random_bytes(CREDENTIAL_ID_BYTES),
            private_key=ec.derive_private_key(secret, ec.SECP256R1()),
            rp_id=rp_id,
            user_handle=user_handle,
            user_name=user_name,
            display_name=display_name,
        )

    @property
    def cose_public_key(self) -> bytes:
        """The public key as the provider stores it (COSE, CBOR)."""
        return cose_key(self.private_key.public_key())

    @property
    def spki(self) -> bytes:
        """The public key as SubjectPublicKeyInfo: `publicKey` of a registration answer (§5.2.1)."""
        return self.private_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def pkcs8(self) -> bytes:
        """The private key as unencrypted PKCS#8 DER: for test drivers and the demo phone's file."""
        return self.private_key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, data: bytes) -> bytes:
        """An ES256 signature in ASN.1 form (§6.5.5); deterministic (RFC 6979), so that tests repeat."""
        return self.private_key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))

    def to_json(self) -> dict[str, Any]:
        """Everything, private key included, as JSON values."""
        return {
            "credential_id": to_base64url(self.credential_id),
            "private_key": to_base64url(self.pkcs8),
            "rp_id": self.rp_id,
            "user_handle": to_base64url(self.user_handle),
            "user_name": self.user_name,
            "display_name": self.display_name,
            "sign_count": self.sign_count,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The passkey that `to_json` wrote. Raises ValueError or KeyError on anything else."""
        key = serialization.load_der_private_key(from_base64url(value["private_key"]), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("a software passkey has a P-256 key")  # noqa: TRY004 - wrong content of a file
        return cls(
            credential_id=from_base64url(value["credential_id"]),
            private_key=key,
            rp_id=str(value["rp_id"]),
            user_handle=from_base64url(value["user_handle"]),
            user_name=str(value["user_name"]),
            display_name=str(value["display_name"]),
            sign_count=int(value["sign_count"]),
        )
