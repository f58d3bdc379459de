"""Readers of simple metadata values: choices, lists of texts, flags, seconds, scopes.

Each takes a JSON value and gives it back checked, or raises BrokenRule.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from idp.registration.errors import BrokenRule
from idp.registration.names import one_line

LONGEST_SCOPE = 1000
LONGEST_AGE = 31_536_000
"""A year in seconds: an authentication older than that serves nobody (abuse case A-09)."""

_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)  # RFC 6749 §3.3


def choice(allowed: Iterable[str]) -> Callable[[Any], str]:
    """A reader that accepts one of `allowed`."""
    known = tuple(allowed)

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise BrokenRule(f"must be {' or '.join(known)}")
        return value

    return read


def texts(value: Any, *, most: int, longest: int) -> tuple[str, ...]:
    """A list of at most `most` different lines."""
    if not isinstance(value, list) or len(value) > most:
        raise BrokenRule(f"must be a list of at most {most} texts")
    lines = []
    for i, item in enumerate(value):
        try:
            lines.append(one_line(item, longest=longest))
        except BrokenRule as broken:
            raise broken.inside(f"[{i}]") from None
    if len(set(lines)) != len(lines):
        raise BrokenRule("must not list the same text twice")
    return tuple(lines)


def choices(value: Any, allowed: Iterable[str]) -> tuple[str, ...]:
    """A list of different texts, each one of `allowed`."""
    known = tuple(allowed)
    listed = texts(value, most=len(known), longest=200)
    if not set(listed) <= set(known):
        raise BrokenRule(f"must be a list of {', '.join(known)}")
    return listed


def scope(value: Any, supported: Iterable[str]) -> str:
    """Space-separated scope values, each supported and listed once, in the order given."""
    known = sorted(supported)
    text, tokens = _scope_values(value)
    if not set(tokens) <= set(known):
        raise BrokenRule(f"must contain only {', '.join(known)}")
    return text


def machine_scope(value: Any, of_people: Iterable[str]) -> str:
    """Scope values that only a machine has: none of those that a person agrees to."""
    text, tokens = _scope_values(value)
    if set(tokens) & set(of_people):
        raise BrokenRule("must contain none of the values that people agree to")
    return text


def _scope_values(value: Any) -> tuple[str, list[str]]:
    if not isinstance(value, str) or len(value) > LONGEST_SCOPE:
        raise BrokenRule("must be a text of scope values with a space between them")
    tokens = value.split(" ") if value else []
    if not all(_SCOPE_TOKEN.fullmatch(token) for token in tokens) or len(set(tokens)) != len(tokens):
        raise BrokenRule("must be different scope values with one space between them")
    return value, tokens


def flag(value: Any) -> bool:
    """True or false; neither 1 nor a text."""
    if not isinstance(value, bool):
        raise BrokenRule("must be true or false")
    return value


def seconds(value: Any, least: int = 0, most: int = LONGEST_AGE) -> int:
    """A whole number of seconds, at most a year."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BrokenRule(f"must be a whole number of seconds between {least} and {most}")
    return value
