"""Reading a form that one of our own pages posted: from this browser, from this origin, each field once.

A state-changing POST needs the token of its page; `Origin` and `Sec-Fetch-Site`, where a browser sends them,
must agree (OWASP ASVS 5.0 §3.5.1).
"""

from collections.abc import Iterable
from hmac import compare_digest
from io import BytesIO
from typing import TYPE_CHECKING

from idp.current_request import current_request
from idp.pages.browser import browser_digest
from idp.pages.refusals import PageRefused
from idp.pages.rendering import form_token, provider
from idp.protocol.errors import InvalidRequest
from idp.protocol.parameters import FORM, form_pairs, has_controls

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

MAX_FIELD = 65_536


class Fields(dict[str, str]):
    """The fields of a form, each with its one value; beside them those that may be repeated."""

    def __init__(self) -> None:
        """Empty."""
        super().__init__()
        self.repeated: dict[str, list[str]] = {}


def read_form(*repeatable: str) -> Fields:
    """The fields of the posted form; those named `repeatable` may stand more than once, and stand beside the others.

    Raises PageRefused when the form is not one of ours, sent by this browser from this origin.
    """
    wired, environ = provider(), current_request().environ
    if browser_digest(wired) is None:
        raise PageRefused("no_cookie", 403, "form without browser cookie")
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and origin != wired.issuer:
        raise PageRefused("forbidden_form", 403, "form from another origin")
    if environ.get("HTTP_SEC_FETCH_SITE", "same-origin") not in {"same-origin", "none"}:
        raise PageRefused("forbidden_form", 403, "form from another site")
    fields = _single(repeatable)
    if not compare_digest(fields.get("csrf", "").encode(), form_token(wired).encode()):
        raise PageRefused("forbidden_form", 403, "form without its token")
    return fields


def _single(repeatable: tuple[str, ...]) -> Fields:
    fields = Fields()
    fields.repeated = {name: [] for name in repeatable}
    for name, value in _pairs():
        if name in repeatable:
            fields.repeated[name].append(value)
            continue
        if name in fields or len(value) > MAX_FIELD:
            raise PageRefused("invalid_request", 400, "form field repeated or too long")
        fields[name] = value
    return fields


def _pairs() -> Iterable[tuple[str, str]]:
    """The fields as they stand in the body; a form with a file is left to Werkzeug. Raises PageRefused."""
    asked = current_request()
    if asked.environ.get("CONTENT_TYPE") != FORM:
        return asked.form.items(multi=True)
    limits = asked.app.config
    body = whole_body(asked.environ, limits["MAX_CONTENT_LENGTH"])
    try:
        return form_pairs(asked.get_data() if body is None else body, limits["MAX_FORM_PARTS"])
    except ValueError:
        raise PageRefused("invalid_request", 400, "form of too many fields, or not UTF-8") from None


def whole_body(environ: "WSGIEnvironment", longest: int) -> bytes | None:
    """The whole body, left in its place for others as well; None for one that only Werkzeug should judge.

    That is one of more than `longest` bytes, of no plain length, shorter than it says, or read already.
    """
    said = environ.get("CONTENT_LENGTH") or "0"
    if "HTTP_TRANSFER_ENCODING" in environ or not (said.isascii() and said.isdigit()) or len(said) > len("999999"):
        return None
    size = int(said)
    if size > longest:
        return None
    if size == 0:
        return b""
    body: bytes = environ["wsgi.input"].read(size)
    environ["wsgi.input"] = BytesIO(body)
    return body if len(body) == size else None


def clean(value: str) -> str:
    """`value`, if it holds no control character. Raises InvalidRequest."""
    if has_controls(value):
        raise InvalidRequest("control character in a form field")
    return value
