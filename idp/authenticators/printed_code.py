"""Printed one-time codes: ten on a sheet of paper, each good once (NIST SP 800-63B-4 §3.1.2, look-up secrets).

Eight characters of Crockford's Base32: 40 bits, no I, L, O or U, so that nothing is misread and no word comes out
by accident. Stored is a keyed HMAC bound to the person; a new sheet ends the one before.
"""

import re
import unicodedata
from collections.abc import Callable
from uuid import UUID

from idp.keys.fingerprints import Fingerprints

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODES = 10
LENGTH = 8
BYTES = 5  # 40 bits: eight characters of five
MAX_TYPED = 40
_MISREAD = str.maketrans("OIL", "011")
_BETWEEN = re.compile(r"[\s\u2010-\u2015_-]")


def new_codes(random_bytes: Callable[[int], bytes]) -> tuple[str, ...]:
    """A sheet of different codes."""
    codes: dict[str, None] = {}
    while len(codes) < CODES:
        codes[_spelled(int.from_bytes(random_bytes(BYTES), "big"))] = None
    return tuple(codes)


def _spelled(number: int) -> str:
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(LENGTH)))


def shown(code: str) -> str:
    """A code as it is printed."""
    return f"{code[:4]}-{code[4:]}"


def read_typed(text: str) -> str | None:
    """The code that a person typed, or None: case, spaces and dashes do not matter, O is 0, I and L are 1."""
    if len(text) > MAX_TYPED:
        return None
    plain = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper().translate(_MISREAD)
    return plain if len(plain) == LENGTH and all(one in ALPHABET for one in plain) else None


def digest_of(code: str, person: UUID, fingerprints: Fingerprints) -> bytes:
    """What is stored of a code: a code of one person is wrong for every other by construction."""
    return fingerprints.of("printed_code", person.bytes, code)
