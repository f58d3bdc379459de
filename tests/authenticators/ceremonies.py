"""A software phone with one passkey, and its answers to both ceremonies, true or falsified."""

import json
from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID

from idp.authenticators.passkey import StoredPasskey, request_options
from idp.authenticators.passkey_registration import creation_options
from idp.demo.authenticator import SoftAuthenticator
from idp.demo.passkey import Passkey
from tests.keys.examples import counting_bytes

RP_ID = "id.example.go.kr"
ORIGIN = "https://id.example.go.kr"
CHALLENGE = bytes(range(32))
HANDLE = bytes(range(64))


def make_phone(random_bytes: Any) -> SoftAuthenticator:
    phone = SoftAuthenticator(random_bytes)
    phone.add(Passkey.new(rp_id=RP_ID, user_handle=HANDLE, user_name="p", display_name="p", random_bytes=random_bytes))
    return phone


PHONE = make_phone(counting_bytes())
STRANGER = make_phone(counting_bytes(1_000))
CREATION = creation_options(CHALLENGE, rp_id=RP_ID, rp_name="Overseas ID", user_handle=HANDLE, display_name="홍길동")


def stored(**changes: Any) -> StoredPasskey:
    """The passkey of PHONE as it was registered."""
    values = {
        "id": UUID(int=1),
        "person_id": UUID(int=2),
        "user_handle": HANDLE,
        "public_key": PHONE.passkeys[0].cose_public_key,
        "sign_count": 0,
        "backup_eligible": False,
        "attested": False,
    }
    return StoredPasskey(**values | changes)


def asserted(**falsified: Any) -> dict[str, Any]:
    """PHONE's assertion for CHALLENGE."""
    return PHONE.get(request_options(CHALLENGE, RP_ID), ORIGIN, **falsified)


def registered(**falsified: Any) -> dict[str, Any]:
    """A fresh phone's registration for CHALLENGE."""
    return SoftAuthenticator(counting_bytes()).create(CREATION, ORIGIN, **falsified)


def text(value: Any) -> str:
    return json.dumps(value)


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
