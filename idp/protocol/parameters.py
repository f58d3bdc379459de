"""Request parameters as OAuth reads them: each at most once, empty ones absent, all of bounded length.

RFC 6749 §3.1 and §3.2: "Parameters sent without a value MUST be treated as if they were omitted" and
"Request and response parameters MUST NOT be included more than once".
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from idp.protocol.errors import InvalidRequest
from idp.protocol.resource_indicators import join

FORM = "application/x-www-form-urlencoded"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
PLAIN = re.compile(r"[A-Za-z0-9._~-]*")  # RFC 3986 §2.3: what stands for itself in an address
MAX_PARAMETERS = 60
MAX_LENGTH = 8_192  # characters of one value; nonce and state may have 4 kB


class RepeatedParameter(InvalidRequest):
    """A parameter stood more than once; `name` says which."""

    def __init__(self, name: str) -> None:
        """The name is the client's own text: it goes to the log, not back."""
        super().__init__(f"repeated parameter {name[:40]!r}", public="A parameter is repeated.")
        self.name = name


def form_pairs(body: bytes, most: int | None = None) -> list[tuple[str, str]]:
    """The pairs of a form's body or of a query, as Werkzeug reads them, without the structures that it puts them in.

    Raises ValueError for what is not UTF-8, and for more than `most` fields.
    """
    if not body:
        return []
    fields = body.decode().split("&")
    if most is not None and len(fields) > most:
        raise ValueError("too many fields")
    split = [field.partition("=") for field in fields if field]
    return [(_unquoted(name), _unquoted(value)) for name, _, value in split]


def _unquoted(text: str) -> str:
    """Most of what is sent needs nothing. Bytes that are not UTF-8 stay quoted, as Werkzeug has it."""
    text = text.replace("+", " ")
    return unquote(text, errors="werkzeug.url_quote") if "%" in text else text


def quoted(text: str) -> str:
    """`text` as a name or a value in an address (RFC 3986 §2.1). Most of what is sent needs nothing."""
    return text if PLAIN.fullmatch(text) else quote(text, safe="")


def single_valued(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Parameters as a dict. Raises RepeatedParameter, and InvalidRequest for too many or too long ones.

    `resource` alone may stand several times (RFC 8707 §2): its values are joined.
    """
    found: dict[str, str] = {}
    resources: list[str] = []
    for count, (name, value) in enumerate(pairs):
        if count >= MAX_PARAMETERS:
            raise InvalidRequest("too many parameters", public="There are too many parameters.")
        if len(value) > MAX_LENGTH or len(name) > MAX_LENGTH:
            raise InvalidRequest("a parameter is too long", public="A parameter is too long.")
        if name == "resource":
            resources.append(value)
            continue
        if name in found:
            raise RepeatedParameter(name)
        found[name] = value
    found["resource"] = join(one for one in resources if one)
    return {name: value for name, value in found.items() if value}  # RFC 6749 §3.1: empty means omitted


def require(parameters: Mapping[str, str], name: str) -> str:
    """The value of a parameter that must be there. Raises InvalidRequest."""
    value = parameters.get(name)
    if value is None:
        raise InvalidRequest(f"missing {name}", public=f"The parameter {name} is missing.")
    return value


def has_controls(value: str) -> bool:
    """Whether `value` holds a control character: none of our parameters may (abuse of headers and logs)."""
    return CONTROL.search(value) is not None
