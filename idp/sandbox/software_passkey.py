"""The passkey of a test citizen: the provider holds its key, and answers the ceremony as an authenticator would.

WebAuthn Level 3 §5.1.4 and §6.1. Only the challenge of a page that was just shown is ever signed, and what comes out
is verified like everybody's assertion (idp/authenticators/passkey.py).
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
USER_PRESENT, USER_VERIFIED = 0x01, 0x04
ES256 = -7  # RFC 9053 §2.1


@dataclass(frozen=True, slots=True)
class SoftwarePasskey:
    """One key pair with the ids under which the provider knows it."""

    key: ec.EllipticCurvePrivateKey
    webauthn_id: bytes
    user_handle: bytes

    @classmethod
    def new(cls, webauthn_id: bytes, user_handle: bytes, random_bytes: Callable[[int], bytes]) -> "SoftwarePasskey":
        """A fresh one."""
        # 48 bytes modulo the order: the bias is below 2^-128 (FIPS 186-5 A.2.1).
        secret = int.from_bytes(random_bytes(48), "big") % (P256_ORDER - 1) + 1
        return cls(ec.derive_private_key(secret, ec.SECP256R1()), webauthn_id, user_handle)

    @classmethod
    def load(cls, pkcs8: bytes, webauthn_id: bytes, user_handle: bytes) -> "SoftwarePasskey":
        """The one that `pkcs8` was written of."""
        key = serialization.load_der_private_key(pkcs8, password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(key, webauthn_id, user_handle)

    @property
    def pkcs8(self) -> bytes:
        """The private key, to be sealed."""
        return self.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def cose_key(self) -> bytes:
        """The public key as passkeys are stored (RFC 9053 §7.1.1)."""
        point = self.key.public_key().public_numbers()
        made: bytes = cbor2.dumps(
            {1: 2, 3: ES256, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        )
        return made

    def answer(self, challenge: bytes, *, rp_id: str, origin: str, sign_count: int) -> str:
        """AuthenticationResponseJSON over `challenge` (§5.1.8)."""
        members = {"type": "webauthn.get", "challenge": _text(challenge), "origin": origin, "crossOrigin": False}
        collected = json.dumps(members, separators=(",", ":")).encode()
        flags = bytes([USER_PRESENT | USER_VERIFIED])
        data = sha256(rp_id.encode()).digest() + flags + sign_count.to_bytes(4, "big")
        signature = self.key.sign(data + sha256(collected).digest(), ec.ECDSA(hashes.SHA256()))
        answer = {
            "id": _text(self.webauthn_id),
            "rawId": _text(self.webauthn_id),
            "type": "public-key",
            "response": {
                "clientDataJSON": _text(collected),
                "authenticatorData": _text(data),
                "signature": _text(signature),
                "userHandle": _text(self.user_handle),
            },
            "clientExtensionResults": {},
        }
        return json.dumps(answer)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
