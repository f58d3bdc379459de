"""Whether the maker of an authenticator vouches for a passkey (WebAuthn Level 3 §7.1 steps 22 to 25).

The operator gives a file of FIDO's metadata service (MDS3), which is read once at the start; nothing is fetched. A
model that it lists must prove itself by a chain to the roots it names there, and no report may speak against it: then
the passkey is attested. A model that it does not list may still sign in, below the highest level, unless the policy
file says otherwise. Attestation without a certificate vouches for nothing.
"""

import tomllib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from fido2.attestation.base import InvalidSignature as BrokenChain
from fido2.mds3 import AuthenticatorStatus, MetadataBlobPayload, MetadataBlobPayloadEntry, parse_blob
from webauthn.helpers import parse_attestation_object, validate_certificate_chain
from webauthn.helpers.exceptions import WebAuthnException

from idp.authenticators.ceremony import CeremonyRefused

GRACE_SECONDS = 30 * 86_400  # a file whose next one is overdue for longer vouches for nothing new
AAGUID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")  # WebAuthn Level 3 §8.2.1
AAGUID_HEADER = b"\x04\x10"  # an octet string of sixteen bytes
AGAINST = frozenset(
    {
        AuthenticatorStatus.REVOKED,
        AuthenticatorStatus.USER_VERIFICATION_BYPASS,
        AuthenticatorStatus.USER_KEY_REMOTE_COMPROMISE,
        AuthenticatorStatus.USER_KEY_PHYSICAL_COMPROMISE,
    }
)
"""Reports after which a model may hold no new passkey (FIDO Metadata Service §3.1.4)."""


class AttestationError(Exception):
    """A file that the provider cannot start with; the message is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Model:
    """What the metadata says of one model."""

    roots: tuple[bytes, ...]  # DER
    compromised: frozenset[bytes]  # attestation certificates that are in wrong hands, DER
    refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The operator's word on models."""

    refused: frozenset[str] = frozenset()
    unlisted_allowed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestations:
    """Who vouches for whom. Frozen after loading."""

    policy: Policy = Policy()
    models: Mapping[str, Model] = field(default_factory=dict)  # by AAGUID
    good_until: int = 0

    @property
    def can_vouch(self) -> bool:
        """Whether there is anything to check an attestation with: only then is one asked for."""
        return bool(self.models)

    def judge(self, attestation_object: bytes, aaguid: str, now: int) -> bool:
        """Whether the passkey is attested. Raises CeremonyRefused for a model or a chain that must not be accepted."""
        if aaguid in self.policy.refused:
            raise CeremonyRefused("authenticator is refused by policy")
        model = self.models.get(aaguid)
        if model is None:
            if not self.policy.unlisted_allowed:
                raise CeremonyRefused("authenticator is not listed")
            return False
        if model.refused:
            raise CeremonyRefused("authenticator was reported as unsafe")
        chain = list(parse_attestation_object(attestation_object).att_stmt.x5c or [])
        if not chain:
            return False
        _refuse_chain(chain, model, aaguid)
        return now < self.good_until


NOBODY_VOUCHES = Attestations()


def _refuse_chain(chain: list[bytes], model: Model, aaguid: str) -> None:
    """Refuse what claims to be a listed model and does not prove it (abuse case W-06)."""
    if model.compromised.intersection(chain):
        raise CeremonyRefused("attestation key was reported as compromised")
    if not model.roots or _aaguid_of(chain[0]) not in {None, aaguid}:
        raise CeremonyRefused("attestation certificate is another model's")
    if chain[0] in model.roots:  # the metadata may name the very certificate (FIDO Metadata Statement §4)
        return
    try:
        validate_certificate_chain(x5c=chain, pem_root_certs_bytes=[_pem(root) for root in model.roots])
    except WebAuthnException as error:
        raise CeremonyRefused("attestation chain leads to no root of its model") from error


def _aaguid_of(certificate: bytes) -> str | None:
    """The model that an attestation certificate is for, if it says so."""
    try:
        found = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_oid(AAGUID_EXTENSION)
    except x509.ExtensionNotFound:
        return None
    except ValueError as error:
        raise CeremonyRefused("attestation certificate is damaged") from error
    value = found.value
    raw = value.value if isinstance(value, x509.UnrecognizedExtension) else b""
    plain = raw.removeprefix(AAGUID_HEADER).hex()
    return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))


def _pem(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + b64encode(der) + b"\n-----END CERTIFICATE-----\n"


def load_attestations(policy: Path, blob: Path | None, root: Path | None) -> Attestations:
    """What the operator's files say. Raises AttestationError."""
    chosen = read_policy(policy)
    if blob is None:
        return Attestations(policy=chosen)
    if root is None:
        raise AttestationError("attestation_metadata needs attestation_metadata_root: who signed it must be known")
    payload = _read_blob(blob, root)
    models = {str(entry.aaguid): _model(entry) for entry in payload.entries if entry.aaguid}
    next_update = int(datetime.combine(payload.next_update, datetime.min.time(), UTC).timestamp())
    return Attestations(policy=chosen, models=models, good_until=next_update + GRACE_SECONDS)


def read_policy(path: Path) -> Policy:
    """The operator's word on models. Raises AttestationError."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise AttestationError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise AttestationError(f"{path} is not valid TOML: {error}") from error
    unlisted, refused = document.pop("unlisted", "allowed"), document.pop("refused", {})
    if document or unlisted not in {"allowed", "refused"} or not isinstance(refused, dict):
        raise AttestationError(f"{path} takes unlisted (allowed or refused) and a table refused")
    return Policy(refused=frozenset(name.lower() for name in refused), unlisted_allowed=unlisted == "allowed")


def _read_blob(blob: Path, root: Path) -> MetadataBlobPayload:
    try:
        signed, trusted = blob.read_bytes().strip(), root.read_bytes()
        anchor = x509.load_pem_x509_certificates(trusted)[0]
        return parse_blob(signed, anchor.public_bytes(Encoding.DER))
    except OSError as error:
        raise AttestationError(f"cannot read {error.filename}: {error.strerror}") from error
    except (InvalidSignature, BrokenChain):
        raise AttestationError(f"{blob} was not signed by {root}") from None
    except (ValueError, KeyError, TypeError, LookupError, AttributeError) as error:
        raise AttestationError(f"{blob} is no metadata file of FIDO: {type(error).__name__}") from error


def _model(entry: MetadataBlobPayloadEntry) -> Model:
    statement, reports = entry.metadata_statement, entry.status_reports
    return Model(
        roots=tuple(statement.attestation_root_certificates) if statement else (),
        compromised=frozenset(
            one.certificate or one.batch_certificate or b""
            for one in reports
            if one.status is AuthenticatorStatus.ATTESTATION_KEY_COMPROMISE
        )
        - {b""},
        refused=any(one.status in AGAINST for one in reports)
        or any(
            one.status is AuthenticatorStatus.ATTESTATION_KEY_COMPROMISE
            and not (one.certificate or one.batch_certificate)
            for one in reports
        ),
    )
