"""What both WebAuthn ceremonies demand of the data a browser sends, before any signature is looked at.

WebAuthn Level 3 §7.1 and §7.2. The library verifies type, challenge, origin, rpId, presence, verification and
signature; this file refuses what it leaves to its caller: frames of other origins, and input without bounds.
"""

import json
from binascii import a2b_base64
from typing import Any

MAX_JSON = 32_768
MAX_CREDENTIAL_ID = 1_023  # WebAuthn Level 3 §4
CHALLENGE_BYTES = 32
CHALLENGE_SECONDS = 300
_OF_URLS = bytes.maketrans(b"-_", b"+/")  # RFC 4648 §5


class CeremonyRefused(Exception):
    """The ceremony proves nothing. The message is for the log."""


def read_response(text: str) -> dict[str, Any]:
    """The credential JSON that a page posted. Raises CeremonyRefused for anything but the known shape."""
    if len(text) > MAX_JSON:
        raise CeremonyRefused("response too long")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise CeremonyRefused("response is not JSON") from None
    if not isinstance(document, dict) or not isinstance(document.get("response"), dict):
        raise CeremonyRefused("response has the wrong shape")
    raw_id = decode(document.get("rawId"))
    if not 0 < len(raw_id) <= MAX_CREDENTIAL_ID or document.get("id") != document.get("rawId"):
        raise CeremonyRefused("credential id has the wrong form")
    return document


def refuse_frames(client_data: bytes) -> None:
    """Refuse a ceremony made inside a frame of another origin (WebAuthn Level 3 §7.2, crossOrigin and topOrigin).

    No page of ours is ever framed, so any sign of it is somebody else's page.
    """
    try:
        document = json.loads(client_data)
    except (ValueError, RecursionError):
        raise CeremonyRefused("clientDataJSON is not JSON") from None
    if not isinstance(document, dict):
        raise CeremonyRefused("clientDataJSON is not an object")
    if document.get("crossOrigin", False) is not False or "topOrigin" in document:
        raise CeremonyRefused("made in a frame of another origin")


def decode(value: Any) -> bytes:
    """Base64url bytes of a member. Raises CeremonyRefused."""
    if not isinstance(value, str):
        raise CeremonyRefused("a member is missing")
    try:
        return a2b_base64(value.encode("ascii").translate(_OF_URLS) + b"=" * (-len(value) % 4))
    except ValueError:
        raise CeremonyRefused("a member is not base64url") from None
