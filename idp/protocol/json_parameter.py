"""Parameters whose text is JSON: `claims` and `authorization_details`, read strictly and never deep.

RFC 8259, with what it leaves open decided: a member is named once (§4), numbers are finite (§6), and every text can
be written as UTF-8 (§8.2: half a surrogate pair cannot). What passes here once can be kept, written and read again.
"""

import json
from collections.abc import Iterable
from typing import Any

MAX_DEPTH = 16  # of objects and lists in one another; nothing that we read needs half of it


class MalformedJson(ValueError):
    """No JSON, or JSON that we do not take."""


def read_json(text: str) -> Any:
    """The value that `text` is. Raises MalformedJson for anything else, however it is malformed."""
    try:
        value = json.loads(text, object_pairs_hook=_named_once)
        if not _is_flat(value, MAX_DEPTH):
            raise MalformedJson("nested too deep")
        write_json(value)
    except (ValueError, RecursionError) as error:
        raise MalformedJson(type(error).__name__) from None
    return value


def write_json(value: Any) -> str:
    """A value as compact text. Raises ValueError for what JSON or UTF-8 cannot hold."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text.encode()
    return text


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJson("a member is named twice")
    return found


def _is_flat(value: Any, depth: int) -> bool:
    inside: Iterable[Any] = ()
    if isinstance(value, dict):
        inside = value.values()
    elif isinstance(value, list):
        inside = value
    else:
        return True
    return depth > 0 and all(_is_flat(one, depth - 1) for one in inside)
