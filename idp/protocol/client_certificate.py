"""A client's TLS certificate: what it is, whose it is, and which tokens it opens (RFC 8705).

The TLS handshake, in front of the provider, has proven that the caller holds its key; here it is read and compared.
"""

import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MAX_ESCAPED = 16_384
PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*", re.ASCII)


class UnusableSubject(ValueError):
    """No certificate can have this subject."""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate that is valid now, and whose key the caller holds."""

    certificate: x509.Certificate
    is_trusted: bool  # it chains to an authority that the operator trusts

    @property
    def thumbprint(self) -> str:
        """`x5t#S256` (§3.1)."""
        der = self.certificate.public_bytes(Encoding.DER)
        return urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode()

    @property
    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo, to compare with."""
        return self.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def read_certificate(escaped: str | None, *, is_trusted: bool, now: int) -> ClientCertificate | None:
    """The certificate that a proxy hands on as escaped PEM; None for none, a malformed or an expired one (§7.3)."""
    if not escaped or len(escaped) > MAX_ESCAPED:
        return None
    match = PEM.fullmatch(unquote(escaped))
    if match is None:
        return None
    try:
        found = x509.load_der_x509_certificate(b64decode("".join(match[1].split()), validate=True))
        found.public_key()
        begins, ends = found.not_valid_before_utc, found.not_valid_after_utc
    except Exception:  # noqa: BLE001 (a parser of foreign bytes: whatever it dislikes, there is no certificate)
        return None
    if not begins <= datetime.fromtimestamp(now, UTC) <= ends:
        return None
    return ClientCertificate(found, is_trusted)


def is_subject(certificate: x509.Certificate, kind: str, value: str) -> bool:
    """Whether the certificate names this very subject: `kind` is a metadata field of §2.1.2."""
    return SUBJECTS[kind](certificate, value)


def check_subject(kind: str, value: str) -> str:
    """`value` itself. Raises UnusableSubject unless it can stand for a subject of this kind."""
    try:
        if kind == "tls_client_auth_subject_dn":
            usable = bool(list(x509.Name.from_rfc4514_string(value)))
        elif kind == "tls_client_auth_san_ip":
            usable = bool(str(ip_address(value)))
        else:
            usable = bool(value) and value.isascii() and value.isprintable()
    except ValueError:
        usable = False
    if not usable:
        raise UnusableSubject(kind)
    return value


def _has_dn(certificate: x509.Certificate, value: str) -> bool:
    """The whole distinguished name, part by part: not its text, which has several spellings (RFC 4514)."""
    return certificate.subject == x509.Name.from_rfc4514_string(value)


def _has_ip(certificate: x509.Certificate, value: str) -> bool:
    return ip_address(value) in _names(certificate, x509.IPAddress)


def _has_dns(certificate: x509.Certificate, value: str) -> bool:
    return value.lower() in {str(name).lower() for name in _names(certificate, x509.DNSName)}


def _has(kind: type[x509.GeneralName]) -> Callable[[x509.Certificate, str], bool]:
    return lambda certificate, value: value in _names(certificate, kind)


def _names(certificate: x509.Certificate, kind: type[x509.GeneralName]) -> Iterable[Any]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return ()
    values: Any = extension.value.get_values_for_type
    return tuple(values(kind))


SUBJECTS: dict[str, Callable[[x509.Certificate, str], bool]] = {
    "tls_client_auth_subject_dn": _has_dn,
    "tls_client_auth_san_dns": _has_dns,
    "tls_client_auth_san_uri": _has(x509.UniformResourceIdentifier),
    "tls_client_auth_san_ip": _has_ip,
    "tls_client_auth_san_email": _has(x509.RFC822Name),
}
"""Metadata field to comparison (§2.1.2)."""
