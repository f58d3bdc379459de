"""The `resource` parameter: for which protected resources a token is meant (RFC 8707).

The one parameter that may stand several times. Inside, its values are one text with a separator that no URI
holds, so that parameters stay a plain mapping.
"""

import re
from collections.abc import Collection, Iterable, Mapping

from idp.protocol.errors import InvalidTarget

SEPARATOR = " "
MAX_RESOURCES = 20
ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:[\x21\x24-\x7E]+", re.ASCII)  # RFC 8707 §2: absolute, and no fragment


def join(values: Iterable[str]) -> str:
    """Several values as one text. A separator within a value becomes a character that `resources_of` refuses."""
    return SEPARATOR.join(value.replace(SEPARATOR, "\n") for value in values)


def resources_of(parameters: Mapping[str, str], allowed: Collection[str]) -> tuple[str, ...]:
    """The resources asked for, all of them allowed. Raises InvalidTarget (RFC 8707 §2)."""
    text = parameters.get("resource")
    if text is None:
        return ()
    wanted = tuple(dict.fromkeys(text.split(SEPARATOR)))
    if len(wanted) > MAX_RESOURCES or any(ABSOLUTE.fullmatch(one) is None for one in wanted):
        raise InvalidTarget("resource is no absolute URI without fragment, or there are too many")
    if not set(wanted) <= set(allowed):
        raise InvalidTarget("resource is not one of this client")
    return wanted
