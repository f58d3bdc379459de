"""Reading a form that one of our own pages posted: from this browser, from this origin, each field once.

A state-changing POST needs the token of its page; `Origin` and `Sec-Fetch-Site`, where a browser sends them,
must agree (OWASP ASVS 5.0 §3.5.1).
"""

from collections.abc import Iterable
from hmac import compare_digest

from flask import request

from idp.pages.browser import browser_digest
from idp.pages.refusals import PageRefused
from idp.pages.rendering import form_token, provider
from idp.protocol.errors import InvalidRequest
from idp.protocol.parameters import FORM, form_pairs, has_controls

MAX_FIELD = 65_536


def read_form(*repeatable: str) -> dict[str, str]:
    """The fields of the posted form; those named `repeatable` may stand more than once and are left out.

    Raises PageRefused when the form is not one of ours, sent by this browser from this origin.
    """
    wired = provider()
    if browser_digest(wired) is None:
        raise PageRefused("no_cookie", 403, "form without browser cookie")
    origin = request.headers.get("Origin")
    if origin is not None and origin != wired.issuer:
        raise PageRefused("forbidden_form", 403, "form from another origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise PageRefused("forbidden_form", 403, "form from another site")
    fields = _single(repeatable)
    if not compare_digest(fields.get("csrf", "").encode(), form_token(wired).encode()):
        raise PageRefused("forbidden_form", 403, "form without its token")
    return fields


def _single(repeatable: tuple[str, ...]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in _pairs():
        if name in repeatable:
            continue
        if name in fields or len(value) > MAX_FIELD:
            raise PageRefused("invalid_request", 400, "form field repeated or too long")
        fields[name] = value
    return fields


def _pairs() -> Iterable[tuple[str, str]]:
    """The fields as they stand in the body; a form with a file is left to Werkzeug. Raises PageRefused."""
    if request.content_type != FORM:
        return request.form.items(multi=True)
    try:
        return form_pairs(request.get_data(), request.max_form_parts)
    except ValueError:
        raise PageRefused("invalid_request", 400, "form of too many fields, or not UTF-8") from None


def clean(value: str) -> str:
    """`value`, if it holds no control character. Raises InvalidRequest."""
    if has_controls(value):
        raise InvalidRequest("control character in a form field")
    return value
