"""Certificates of services and of the authorities that vouch for them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey


@dataclass(frozen=True)
class Certified:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def private_pem(self) -> str:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def escaped(self) -> str:
        """As nginx's $ssl_client_escaped_cert has it."""
        return quote(self.pem, safe="")

    @property
    def jwk(self) -> dict[str, Any]:
        return dict(ECKey.import_key(self.private_pem).as_dict(private=False))


def certify(
    name: str = "CN=service,O=Ministry,C=KR",
    *,
    now: int,
    sans: tuple[x509.GeneralName, ...] = (),
    by: Certified | None = None,
    key: Any = None,
    days: int = 30,
    authority: bool = False,
) -> Certified:
    """A certificate that began an hour ago, signed by its own key or by an authority's."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name.from_rfc4514_string(name)
    begins = datetime.fromtimestamp(now, UTC) - timedelta(hours=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), critical=False)
    return Certified(builder.sign(by.key if by else key, SHA256()), key)
