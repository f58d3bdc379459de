"""Makers of authenticators, and a metadata service that lists them: certificates, a signed file, a vouched passkey."""

import json
import os
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from idp.authenticators.attestation import AAGUID_EXTENSION, AAGUID_HEADER
from idp.demo.authenticator import SoftAuthenticator
from idp.demo.ceremony_encoding import attestation_object, from_base64url, to_base64url

MODEL = "0b5f2a31-6a35-4f0e-9a3b-52a7a1c0de01"
ES256 = -7


@dataclass(frozen=True)
class Authority:
    """A key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(self, name: str, *, aaguid: str | None = None, ca: bool = False) -> "Authority":
        return certify(name, self, aaguid=aaguid, ca=ca)


def certify(
    name: str, by: Authority | None, *, aaguid: str | None = None, ca: bool = False, public: Any = None
) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    yesterday = datetime.now(UTC) - timedelta(days=1)  # the chain is judged by OpenSSL's own clock
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(public or key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(yesterday)
        .not_valid_after(yesterday + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if aaguid:
        value = AAGUID_HEADER + UUID(aaguid).bytes
        builder = builder.add_extension(x509.UnrecognizedExtension(AAGUID_EXTENSION, value), critical=False)
    return Authority(key, builder.sign(by.key if by else key, SHA256()))


@cache
def root(name: str) -> Authority:
    return certify(name, None, ca=True)


@dataclass
class Service:
    """A metadata service: what it lists, and the file it would publish."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    next_update: str = "2027-03-01"

    def list(self, aaguid: str = MODEL, *roots: bytes, reports: tuple[dict[str, Any], ...] = ()) -> None:
        statement = {
            "description": "A model",
            "authenticatorVersion": 1,
            "schema": 3,
            "upv": [{"major": 1, "minor": 0}],
            "attestationTypes": ["basic_full"],
            "userVerificationDetails": [],
            "keyProtection": ["hardware"],
            "matcherProtection": ["on_chip"],
            "attachmentHint": ["internal"],
            "tcDisplay": [],
            "attestationRootCertificates": [b64encode(one).decode() for one in roots],
        }
        self.entries.append(
            {
                "aaguid": aaguid,
                "metadataStatement": statement,
                "statusReports": [*reports] or [{"status": "FIDO_CERTIFIED_L1"}],
                "timeOfLastStatusChange": "2026-01-01",
            }
        )

    def blob(self) -> bytes:
        """Signed with RSA, as FIDO's own file is."""
        signer, certificate = rsa_signer()
        head = {"alg": "RS256", "typ": "JWT", "x5c": [b64encode(certificate).decode()]}
        payload = {"legalHeader": "x", "no": 1, "nextUpdate": self.next_update, "entries": self.entries}
        message = ".".join(to_base64url(json.dumps(part).encode()) for part in (head, payload)).encode()
        return message + b"." + to_base64url(signer.sign(message, PKCS1v15(), SHA256())).encode()


@cache
def rsa_signer() -> tuple[rsa.RSAPrivateKey, bytes]:
    """The key of a metadata service, and its certificate by that service's root."""
    key = rsa.generate_private_key(65537, 2048)
    return key, certify("signer", root("metadata"), public=key.public_key()).der


def vouched(options: dict[str, Any], origin: str, maker: Authority, chain: list[bytes], aaguid: str = MODEL) -> str:
    """The answer of an authenticator whose maker vouches for it (WebAuthn Level 3 §8.2)."""
    return json.dumps(vouched_by(SoftAuthenticator(os.urandom), options, origin, maker, chain, aaguid))


def vouched_by(
    phone: SoftAuthenticator, options: dict[str, Any], origin: str, maker: Authority, chain: list[bytes], aaguid: str
) -> dict[str, Any]:
    answer = phone.create(options, origin, attestation="packed", aaguid=UUID(aaguid).bytes)
    response = answer["response"]
    data, collected = from_base64url(response["authenticatorData"]), from_base64url(response["clientDataJSON"])
    signature = maker.key.sign(data + sha256(collected).digest(), ec.ECDSA(SHA256()))
    statement = {"alg": ES256, "sig": signature, "x5c": chain}
    response["attestationObject"] = to_base64url(
        attestation_object(authenticator=data, fmt="packed", statement=statement)
    )
    return answer
