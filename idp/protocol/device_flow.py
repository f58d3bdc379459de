"""The device flow's terms (RFC 8628): the code that a person types, how long it lives, how often a device may ask.

Whoever can make a person type a code gets that person's tokens (§5.4), so nothing here helps anybody not to
type: there is no `verification_uri_complete`, and the highest assurance level stays out of reach.
"""

import unicodedata
from collections.abc import Callable
from enum import Enum

from idp.protocol.client import Client

DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"  # §6.1: no vowels, so no words; nothing that looks like a digit
CODE_LENGTH = 8  # 20 ** 8 is more than 2 ** 34
LIFETIME_SECONDS = 600
POLL_SECONDS = 5  # §3.2
SLOWER_SECONDS = 5  # §3.5: what slow_down adds
TRIES_OF_A_BROWSER = 5  # wrong codes within the life of one; §5.1
TRIES_OF_ALL = 300  # together, of one worker: against a thousand live codes they find one in 80,000 times
LONGEST_TYPED = 40
_FAIR = 256 - 256 % len(ALPHABET)  # bytes from here on would favour the first letters


class DeviceKind(Enum):
    """What kind of device asked, as far as it says: told to the person in our words, never in its own."""

    ANDROID = "android"
    IPHONE = "iphone"
    WINDOWS = "windows"
    MAC = "mac"
    LINUX = "linux"
    TELEVISION = "television"
    UNKNOWN = "unknown"


_MARKS = (
    ("smart-tv", DeviceKind.TELEVISION),
    ("smarttv", DeviceKind.TELEVISION),
    ("tizen", DeviceKind.TELEVISION),
    ("web0s", DeviceKind.TELEVISION),
    ("iphone", DeviceKind.IPHONE),
    ("android", DeviceKind.ANDROID),
    ("windows", DeviceKind.WINDOWS),
    ("mac os", DeviceKind.MAC),
    ("macintosh", DeviceKind.MAC),
    ("linux", DeviceKind.LINUX),
)


def new_user_code(random_bytes: Callable[[int], bytes]) -> str:
    """Eight letters, each as likely as the others."""
    letters = ""
    while len(letters) < CODE_LENGTH:
        letters += "".join(ALPHABET[byte % len(ALPHABET)] for byte in random_bytes(CODE_LENGTH) if byte < _FAIR)
    return letters[:CODE_LENGTH]


def readable(code: str) -> str:
    """The code as it is shown: in two halves."""
    return f"{code[: CODE_LENGTH // 2]}-{code[CODE_LENGTH // 2 :]}"


def read_user_code(typed: str) -> str | None:
    """The code in what somebody typed, in any case, width and grouping (§6.1); None when it cannot be one."""
    if len(typed) > LONGEST_TYPED:
        return None
    plain = unicodedata.normalize("NFKC", typed).upper()
    letters = "".join(c for c in plain if not c.isspace() and unicodedata.category(c) != "Pd")
    return letters if len(letters) == CODE_LENGTH and set(letters) <= set(ALPHABET) else None


def device_kind(user_agent: str) -> DeviceKind:
    """The kind of device that sent this User-Agent."""
    lowered = user_agent[:1000].lower()
    return next((kind for mark, kind in _MARKS if mark in lowered), DeviceKind.UNKNOWN)


def may_use(client: Client, highest_acr: str) -> bool:
    """Whether the client may use the flow: registered for it, and content with less than the highest level."""
    return client.enabled and DEVICE_CODE_GRANT in client.grant_types and client.minimum_acr != highest_acr
