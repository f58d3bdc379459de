"""What the clients of FAPI plans sign and connect with: a key pair, and a certificate over it.

The suite plays the client, so it gets the private halves; they are made here, printed once and kept nowhere.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from idp.keys.signing import load_key, make_key, public_jwk

CERTIFICATE_DAYS = 30


def signing_key(alg: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A new key as a private and as a public JWK, both with `kid`, `alg` and `use` (RFC 7517 §4)."""
    made = make_key(alg)
    key = load_key(alg, made.private)
    public = public_jwk(key, kid=made.kid, alg=alg)
    return {**key.as_dict(private=True), **public}, public


def certificate(name: str, now: int) -> Mapping[str, str]:
    """A self-signed client certificate from `now` on (seconds), as PEM beside its key.

    For tokens bound to certificates: whoever signed it does not matter (RFC 8705 §3).
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begins = datetime.fromtimestamp(now, UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=CERTIFICATE_DAYS))
        .sign(key, SHA256())
    )
    return {
        "cert": signed.public_bytes(Encoding.PEM).decode(),
        "key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    }
