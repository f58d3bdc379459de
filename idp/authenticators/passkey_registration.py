"""Making a passkey: what an authenticator is asked for, and what it must prove (WebAuthn Level 3 §7.1)."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from webauthn import verify_registration_response
from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AttestationFormat, CredentialDeviceType

from idp.authenticators.attestation import NOBODY_VOUCHES, Attestations
from idp.authenticators.ceremony import (
    CHALLENGE_SECONDS,
    CeremonyRefused,
    decode,
    read_response,
    refuse_frames,
)

ALGORITHMS = (
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)
MIN_RSA_BITS = 2048
TRANSPORTS = frozenset({"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """A passkey that has just been made, as it will be stored."""

    webauthn_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: str
    attestation_format: str
    transports: str
    backup_eligible: bool
    backed_up: bool
    attested: bool = False  # its maker vouches for it, by a chain that was checked


def creation_options(
    challenge: bytes,
    *,
    rp_id: str,
    rp_name: str,
    user_handle: bytes,
    display_name: str,
    account_name: str | None = None,
    existing: Sequence[bytes] = (),
    attestation: bool = False,
) -> dict[str, Any]:
    """PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3 §5.1.9): discoverable, user verification required.

    `account_name` tells apart what one person has under one name; without it the display name serves.
    `attestation` asks the maker of the device to vouch for it, where that can be checked (§5.4.7).
    """
    return {
        "challenge": _text(challenge),
        "rp": {"id": rp_id, "name": rp_name},
        "user": {"id": _text(user_handle), "name": account_name or display_name, "displayName": display_name},
        "pubKeyCredParams": [{"type": "public-key", "alg": int(alg)} for alg in ALGORITHMS],
        "timeout": CHALLENGE_SECONDS * 1000,
        "attestation": "direct" if attestation else "none",
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "excludeCredentials": [{"type": "public-key", "id": _text(one)} for one in existing],
    }


def verify_registration(
    text: str,
    *,
    challenge: bytes,
    rp_id: str,
    origin: str,
    vouching: Attestations = NOBODY_VOUCHES,
    now: int = 0,
) -> NewPasskey:
    """The passkey that a page's registration response proves, for whatever the page asked. Raises CeremonyRefused."""
    document = read_response(text)
    refuse_frames(decode(document["response"].get("clientDataJSON")))
    try:
        verified = verify_registration_response(
            credential=document | {"authenticatorAttachment": None},  # nothing hangs on it; unknown ones are allowed
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_verification=True,
            supported_pub_key_algs=list(ALGORITHMS),
        )
        key = decoded_public_key_to_cryptography(decode_credential_public_key(verified.credential_public_key))
        attested = vouching.judge(verified.attestation_object, verified.aaguid, now)
    except (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise CeremonyRefused(f"{type(error).__name__}: {error}") from error
    if isinstance(key, RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        raise CeremonyRefused("RSA key is too short")
    return NewPasskey(
        webauthn_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        aaguid=verified.aaguid,
        attestation_format=AttestationFormat(verified.fmt).value,  # the library passes the plain text on
        transports=_transports(document["response"].get("transports")),
        backup_eligible=verified.credential_device_type == CredentialDeviceType.MULTI_DEVICE,
        backed_up=verified.credential_backed_up,
        attested=attested,
    )


def _transports(value: Any) -> str:
    """Known transports only: this part of the response is not signed."""
    found = value if isinstance(value, list) else []
    return " ".join(sorted({t for t in found if isinstance(t, str) and t in TRANSPORTS}))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
