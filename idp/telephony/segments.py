"""How many text messages a text costs: 3GPP TS 23.038 (alphabets) and TS 23.040 §9.2.3.24.1 (concatenation).

A text in the GSM 7-bit alphabet has 160 septets in one message; one character outside it turns the whole text
into UCS-2 with 70 code units. A longer text is cut into parts of 153 or 67, each of which is billed.
"""

from collections.abc import Iterable
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each of these is an escape and a character: two septets that must not be parted (TS 23.038 §6.2.1.1).
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")

_SEPTETS: Final = (160, 153)
_UNITS: Final = (70, 67)


def segments(text: str) -> int:
    """How many messages `text` is sent and billed as; an empty text is still one."""
    if is_gsm(text):
        return _parts((2 if character in _EXTENSION else 1 for character in text), *_SEPTETS)
    # A character beyond the Basic Multilingual Plane is a surrogate pair: two units that stay together.
    return _parts((2 if ord(character) > 0xFFFF else 1 for character in text), *_UNITS)


def is_gsm(text: str) -> bool:
    """Whether every character is in the GSM 7-bit default alphabet or its extension table."""
    return all(character in _BASIC or character in _EXTENSION for character in text)


def _parts(widths: Iterable[int], alone: int, joined: int) -> int:
    """Parts for characters of these widths when one part holds `alone`, and each of several `joined`."""
    total, parts, filled = 0, 1, 0
    for width in widths:
        total += width
        if filled + width > joined:
            parts, filled = parts + 1, 0
        filled += width
    return 1 if total <= alone else parts
