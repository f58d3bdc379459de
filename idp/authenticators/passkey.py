"""The passkey: asking for an assertion, and what a good one proves (WebAuthn Level 3 §7.2).

Policy that the library leaves to its caller and that stands here: user verification always, ownership by user
handle, sign count (a copy of the key shows itself by counting backwards), backup flags. The facts that decide
the assurance level come from the signed authenticator data only.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from webauthn import verify_authentication_response
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    PublicKeyCredentialType,
)

from idp.authenticators.ceremony import (
    CHALLENGE_SECONDS,
    CeremonyRefused,
    decode,
    read_response,
    refuse_frames,
)
from idp.claims.assurance import Fact

FLAG_BACKUP_ELIGIBLE, FLAG_BACKED_UP = 0x08, 0x10
FLAGS_AT = 32  # offset of the flags in the authenticator data (WebAuthn Level 3 §6.1)


class CloneSuspected(CeremonyRefused):
    """The sign count did not rise: two copies of this key are in use (WebAuthn Level 3 §6.1.1)."""

    def __init__(self, stored: int, presented: int) -> None:
        """Both counts go to the audit."""
        super().__init__("sign count did not rise")
        self.stored = stored
        self.presented = presented


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPasskey:
    """A passkey as it was registered and last used, and whose it is."""

    id: UUID
    person_id: UUID
    user_handle: bytes
    public_key: bytes
    sign_count: int
    backup_eligible: bool
    attested: bool


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion as a page posted it, with its outer form checked and nothing of it believed."""

    credential: AuthenticationCredential

    @property
    def webauthn_id(self) -> bytes:
        """Which passkey it claims to be of."""
        return self.credential.raw_id


@dataclass(frozen=True, slots=True)
class Verified:
    """What a good assertion proves."""

    sign_count: int
    backed_up: bool
    facts: frozenset[Fact]


def request_options(challenge: bytes, rp_id: str) -> dict[str, Any]:
    """PublicKeyCredentialRequestOptionsJSON (WebAuthn Level 3 §5.1.10).

    No allow list: the passkey is discoverable, nobody types a name, and nothing tells whether a person exists.
    """
    return {
        "challenge": urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "rpId": rp_id,
        "timeout": CHALLENGE_SECONDS * 1000,
        "userVerification": "required",
        "allowCredentials": [],
    }


def read_assertion(text: str) -> Assertion:
    """The assertion that a page posted. Raises CeremonyRefused."""
    document = read_response(text)
    if document.get("type") != PublicKeyCredentialType.PUBLIC_KEY.value:
        raise CeremonyRefused("another type of credential")
    response = document["response"]
    said = AuthenticatorAssertionResponse(
        client_data_json=decode(response.get("clientDataJSON")),
        authenticator_data=decode(response.get("authenticatorData")),
        signature=decode(response.get("signature")),
        user_handle=decode(response.get("userHandle")),
    )
    return Assertion(AuthenticationCredential(document["id"], decode(document["rawId"]), said))


def verify_assertion(
    assertion: Assertion, stored: StoredPasskey, *, challenge: bytes, rp_id: str, origin: str
) -> Verified:
    """What `assertion` proves of the holder of `stored`. Raises CeremonyRefused or CloneSuspected."""
    response = assertion.credential.response
    refuse_frames(response.client_data_json)
    if response.user_handle != stored.user_handle:  # §7.2 step 6: the owner, not another account
        raise CeremonyRefused("user handle is another person's")
    try:
        verified = verify_authentication_response(
            credential=assertion.credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=stored.public_key,
            credential_current_sign_count=0,  # judged below, where it can be told from a bad signature
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise CeremonyRefused(f"{type(error).__name__}: {error}") from error
    backed_up = _backup_state(response.authenticator_data, stored)
    # Verified signature, but a count that did not rise: somebody else holds the same key.
    if (verified.new_sign_count or stored.sign_count) and verified.new_sign_count <= stored.sign_count:
        raise CloneSuspected(stored.sign_count, verified.new_sign_count)
    return Verified(verified.new_sign_count, backed_up, _facts(stored))


def _backup_state(authenticator_data: bytes, stored: StoredPasskey) -> bool:
    """The BS flag, once it agrees with BE and with the registration (WebAuthn Level 3 §6.1.3)."""
    flags = authenticator_data[FLAGS_AT]
    eligible, backed_up = bool(flags & FLAG_BACKUP_ELIGIBLE), bool(flags & FLAG_BACKED_UP)
    if backed_up and not eligible:
        raise CeremonyRefused("backed up without being eligible")
    if eligible != stored.backup_eligible:  # BE is fixed for the life of a passkey
        raise CeremonyRefused("backup eligibility changed")
    return backed_up


def _facts(stored: StoredPasskey) -> frozenset[Fact]:
    facts = {Fact.PASSKEY, Fact.USER_VERIFIED}
    if not stored.backup_eligible:
        facts.add(Fact.DEVICE_BOUND)
        if stored.attested:
            facts.add(Fact.ATTESTED)
    return frozenset(facts)
