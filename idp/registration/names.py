"""What a relying service calls itself on our pages: one line that cannot disguise itself.

Pages escape it; here it is made sure that it has one spelling (NFC), no character that is invisible or turns
the direction of the text, and no mixture of scripts made to look like a ministry's name (abuse case G-07).
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from idp.registration.errors import BrokenRule

LONGEST_NAME = 100

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?", re.ASCII)
_MIXABLE = frozenset({"LATIN", "HANGUL", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"})
"""Scripts that Korean and Japanese names rightly mix (Unicode TR 39 §5.2, highly restrictive)."""


def display_name(value: object) -> str:
    """`value` in NFC. Raises BrokenRule."""
    name = one_line(value, longest=LONGEST_NAME)
    scripts = {_script(c) for c in name if c.isalpha()}
    if any(_imitates(c) for c in name):
        raise BrokenRule("must use plain letters, not full-width, mathematical or other variants of them")
    if len(scripts) > 1 and not scripts <= _MIXABLE:
        raise BrokenRule("must not mix scripts that look alike")
    return name


def one_line(value: object, *, longest: int) -> str:
    """Text in NFC without control, invisible, unassigned or private characters. Raises BrokenRule."""
    if not isinstance(value, str):
        raise BrokenRule("must be a text")
    if len(value) > 4 * longest:  # before any work is done on it
        raise BrokenRule(f"must have at most {longest} characters")
    text = unicodedata.normalize("NFC", value)
    if not 0 < len(text) <= longest:
        raise BrokenRule(f"must have 1 to {longest} characters")
    if any(_unfit(c) for c in text):
        raise BrokenRule("must have no control, invisible, bidirectional or unassigned character")
    if text != text.strip() or "  " in text:
        raise BrokenRule("must have no space at its ends and no double space")
    return text


def language_tag(tag: str) -> str:
    """The language of `client_name#tag` in canonical case: language, script, region (RFC 5646 §2.1.1)."""
    if not _TAG.fullmatch(tag):
        raise BrokenRule("must have a language tag such as ko, en or ko-Hang after the #")
    first, *rest = tag.split("-")
    return "-".join([first.lower(), *(part.title() if len(part) == 4 else part.upper() for part in rest)])


def _script(c: str) -> str:
    return unicodedata.name(c, "?").split()[0]


def _imitates(c: str) -> bool:
    """A variant of an ordinary letter. Single Hangul letters also are variants in Unicode, and ordinary."""
    return c.isalpha() and unicodedata.normalize("NFKC", c) != c and _script(c) != "HANGUL"


def _unfit(c: str) -> bool:
    category = unicodedata.category(c)
    return category[0] == "C" or (category[0] == "Z" and c != " ")


def look_alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a name in one metadata reads like a name in the other: case, width and spaces do not count."""
    return not _skeletons(one).isdisjoint(_skeletons(other))


def _skeletons(metadata: Mapping[str, Any]) -> set[str]:
    names = (value for field, value in metadata.items() if field.partition("#")[0] == "client_name")
    return {unicodedata.normalize("NFKC", str(name)).casefold().replace(" ", "") for name in names}
