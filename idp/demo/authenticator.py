"""A software WebAuthn authenticator together with the part of a browser that surrounds it.

It answers both ceremonies of WebAuthn Level 3 in their JSON forms (§5.1.8–§5.1.10) with discoverable
ES256 credentials, the person always present and always verified. Keyword arguments falsify any one fact of
a ceremony, so that hostile tests can play an attacker with a valid key. Randomness is an argument; nothing
here touches files or the network.
"""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, Literal, Self, TypedDict, Unpack
from urllib.parse import urlsplit

from idp.demo.ceremony_encoding import (
    ATTESTED_CREDENTIAL,
    ES256,
    USER_PRESENT,
    USER_VERIFIED,
    attestation_object,
    attested_credential,
    authenticator_data,
    client_data,
    from_base64url,
    to_base64url,
)
from idp.demo.passkey import Passkey

AAGUID = bytes.fromhex("6b6f7265616e2d64656d6f2d70686f6e")
"""The model number under which this authenticator presents itself when attestation is asked for."""

NO_AAGUID = bytes(16)  # §5.1.3 step 22: a browser blanks the model when no attestation was asked for

Attestation = Literal["none", "packed"]


class CeremonyError(Exception):
    """The ceremony ends as it would in a browser; `name` is the DOMException's name (§5.1.3, §5.1.4)."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name


class Falsified(TypedDict, total=False):
    """Facts that replace the true ones in a ceremony; each is written as given, however wrong it is."""

    type: str  # of the client data: webauthn.create or webauthn.get
    challenge: str  # base64url
    client_origin: str
    cross_origin: bool
    top_origin: str
    rp_id: str  # whose hash stands in the authenticator data
    flags: int  # the whole flags byte
    sign_count: int
    trailing: bytes  # appended to the authenticator data before it is signed
    client_data: bytes  # instead of everything above that concerns client data
    user_handle: bytes | None  # of an assertion; None leaves it out
    signature: bytes
    signing_key: Passkey  # signs in place of the chosen passkey
    attested_id: bytes  # credential id inside the attested credential data
    aaguid: bytes


class SoftAuthenticator:
    """Holds passkeys and answers ceremonies with them."""

    def __init__(self, random_bytes: Callable[[int], bytes], passkeys: Iterable[Passkey] = ()) -> None:
        self._random_bytes = random_bytes
        self._passkeys: dict[bytes, Passkey] = {passkey.credential_id: passkey for passkey in passkeys}

    @property
    def passkeys(self) -> list[Passkey]:
        """Every passkey, newest last."""
        return list(self._passkeys.values())

    def add(self, passkey: Passkey) -> None:
        """Put a passkey on this authenticator that was made elsewhere; one of the same id is replaced."""
        self._passkeys[passkey.credential_id] = passkey

    def discover(self, rp_id: str, allowed: Iterable[bytes] = ()) -> list[Passkey]:
        """The passkeys of `rp_id`, newest first, only those in `allowed` when it names any (§6.3.3)."""
        wanted = set(allowed)
        mine = [p for p in self._passkeys.values() if p.rp_id == rp_id]
        return [p for p in reversed(mine) if not wanted or p.credential_id in wanted]

    def create(
        self,
        options: dict[str, Any],
        origin: str,
        *,
        attestation: Attestation | None = None,
        **falsified: Unpack[Falsified],
    ) -> dict[str, Any]:
        """Answer PublicKeyCredentialCreationOptionsJSON with RegistrationResponseJSON (§5.1.3).

        `attestation` forces a statement format; without it the options decide: `none`, or self attestation in
        the `packed` format (§8.2). Raises CeremonyError.
        """
        rp_id = _registrable(options["rp"].get("id"), origin)
        _refuse_unsupported(options)
        self._refuse_excluded(options, rp_id)

        user = options["user"]
        passkey = Passkey.new(
            rp_id=rp_id,
            user_handle=from_base64url(user["id"]),
            user_name=user["name"],
            display_name=user["displayName"],
            random_bytes=self._random_bytes,
        )
        self._replace_account(passkey)
        fmt = attestation or _asked_attestation(options)
        return _registration(passkey, options, origin, fmt, falsified)

    def get(
        self,
        options: dict[str, Any],
        origin: str,
        credential_id: bytes | None = None,
        **falsified: Unpack[Falsified],
    ) -> dict[str, Any]:
        """Answer PublicKeyCredentialRequestOptionsJSON with AuthenticationResponseJSON (§5.1.4).

        `credential_id` is the person's choice among several passkeys; without it the newest answers. Raises
        CeremonyError.
        """
        rp_id = _registrable(options.get("rpId"), origin)
        allowed = [from_base64url(entry["id"]) for entry in options.get("allowCredentials") or []]
        found = self.discover(rp_id, allowed)
        chosen = [p for p in found if credential_id is None or p.credential_id == credential_id]
        if not chosen:
            raise CeremonyError("NotAllowedError", f"no passkey for {rp_id} answers this request")

        passkey = chosen[0]
        passkey.sign_count += 1
        return _assertion(passkey, options, origin, falsified)

    def to_json(self) -> dict[str, Any]:
        """Every passkey, private keys included, as JSON values."""
        return {"passkeys": [passkey.to_json() for passkey in self._passkeys.values()]}

    @classmethod
    def from_json(cls, value: dict[str, Any], random_bytes: Callable[[int], bytes]) -> Self:
        """The authenticator that `to_json` wrote. Raises ValueError or KeyError on anything else."""
        return cls(random_bytes, [Passkey.from_json(entry) for entry in value["passkeys"]])

    def _refuse_excluded(self, options: dict[str, Any], rp_id: str) -> None:
        excluded = {from_base64url(entry["id"]) for entry in options.get("excludeCredentials") or []}
        if excluded and self.discover(rp_id, excluded):
            raise CeremonyError("InvalidStateError", "this authenticator already holds one of the excluded passkeys")

    def _replace_account(self, passkey: Passkey) -> None:
        """Keep one passkey per account: a new one overwrites the old (§6.3.2 step 7.3)."""
        for old in self.discover(passkey.rp_id):
            if old.user_handle == passkey.user_handle:
                del self._passkeys[old.credential_id]
        self.add(passkey)


def _registrable(rp_id: str | None, origin: str) -> str:
    """The rp id that a browser at `origin` lets pass: its host or a parent domain of it (§5.1.3 step 8)."""
    host = urlsplit(origin).hostname or ""
    if rp_id is None:
        return host
    if host != rp_id and not host.endswith("." + rp_id):
        raise CeremonyError("SecurityError", f"{origin} may not use passkeys of {rp_id}")
    return rp_id


def _refuse_unsupported(options: dict[str, Any]) -> None:
    algorithms = [entry["alg"] for entry in options["pubKeyCredParams"]]
    if algorithms and ES256 not in algorithms:  # an empty list means the default, which has ES256 (§5.1.3 step 10)
        raise CeremonyError("NotSupportedError", "this authenticator makes ES256 keys only")


def _asked_attestation(options: dict[str, Any]) -> Attestation:
    return "packed" if options.get("attestation") in {"direct", "enterprise"} else "none"


def _client_data(ceremony: str, options: dict[str, Any], origin: str, falsified: Falsified) -> bytes:
    true_one = client_data(
        ceremony=falsified.get("type", ceremony),
        challenge=falsified.get("challenge", options["challenge"]),
        origin=falsified.get("client_origin", origin),
        cross_origin=falsified.get("cross_origin", False),
        top_origin=falsified.get("top_origin"),
    )
    return falsified.get("client_data", true_one)


def _registration(
    passkey: Passkey, options: dict[str, Any], origin: str, attestation: Attestation, falsified: Falsified
) -> dict[str, Any]:
    collected = _client_data("webauthn.create", options, origin, falsified)
    data = authenticator_data(
        rp_id=falsified.get("rp_id", passkey.rp_id),
        flags=falsified.get("flags", USER_PRESENT | USER_VERIFIED | ATTESTED_CREDENTIAL),
        sign_count=falsified.get("sign_count", passkey.sign_count),
        attested=attested_credential(
            aaguid=falsified.get("aaguid", AAGUID if attestation == "packed" else NO_AAGUID),
            credential_id=falsified.get("attested_id", passkey.credential_id),
            cose_key=passkey.cose_public_key,
        ),
    ) + falsified.get("trailing", b"")
    statement: dict[str, Any] = {}
    if attestation == "packed":
        statement = {"alg": ES256, "sig": _signature(passkey, data, collected, falsified)}
    response = {
        "clientDataJSON": to_base64url(collected),
        "attestationObject": to_base64url(attestation_object(authenticator=data, fmt=attestation, statement=statement)),
        "authenticatorData": to_base64url(data),
        "publicKey": to_base64url(passkey.spki),
        "publicKeyAlgorithm": ES256,
        "transports": ["hybrid", "internal"],
    }
    return _credential(passkey, response, {"credProps": {"rk": True}})


def _assertion(passkey: Passkey, options: dict[str, Any], origin: str, falsified: Falsified) -> dict[str, Any]:
    collected = _client_data("webauthn.get", options, origin, falsified)
    data = authenticator_data(
        rp_id=falsified.get("rp_id", passkey.rp_id),
        flags=falsified.get("flags", USER_PRESENT | USER_VERIFIED),
        sign_count=falsified.get("sign_count", passkey.sign_count),
    ) + falsified.get("trailing", b"")
    response = {
        "clientDataJSON": to_base64url(collected),
        "authenticatorData": to_base64url(data),
        "signature": to_base64url(_signature(passkey, data, collected, falsified)),
    }
    user_handle = falsified.get("user_handle", passkey.user_handle)
    if user_handle is not None:
        response["userHandle"] = to_base64url(user_handle)
    return _credential(passkey, response, {})


def _signature(passkey: Passkey, data: bytes, collected: bytes, falsified: Falsified) -> bytes:
    """Over authenticator data and the hash of the client data (§6.3.3 step 11, §8.2)."""
    if "signature" in falsified:
        return falsified["signature"]
    return falsified.get("signing_key", passkey).sign(data + sha256(collected).digest())


def _credential(passkey: Passkey, response: dict[str, Any], extensions: dict[str, Any]) -> dict[str, Any]:
    """The JSON around either answer (§5.1)."""
    credential_id = to_base64url(passkey.credential_id)
    return {
        "id": credential_id,
        "rawId": credential_id,
        "type": "public-key",
        "response": response,
        "authenticatorAttachment": "platform",
        "clientExtensionResults": extensions,
    }
