"""A client's call and its answer as plain values: one rule answers by way of Flask and before it (direct.py)."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import Response, request
from werkzeug.http import parse_options_header

from idp.pages.headers import Headers
from idp.pages.rendering import provider
from idp.protocol.parameters import FORM, form_pairs
from idp.provider import Provider

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

FAILED = "idp.failed"
"""Where the environment of a request says what kept `direct.py` from answering it."""


class OnlyByFlask(Exception):
    """A call that cannot be answered before Flask."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, its body read within its limit."""

    wired: Provider
    environ: "WSGIEnvironment"
    body: bytes
    direct: bool = False  # answered before Flask

    def by_flask(self) -> None:
        """From here on Flask is needed. Raises OnlyByFlask, before anything was done, where there is none."""
        if self.direct:
            raise OnlyByFlask

    @property
    def method(self) -> str:
        """GET, POST, …."""
        method: str = self.environ["REQUEST_METHOD"]
        return method

    @property
    def path(self) -> str:
        """Of an endpoint: plain ASCII."""
        path: str = self.environ["PATH_INFO"]
        return path

    def header(self, name: str) -> str | None:
        """A header as WSGI names it: `AUTHORIZATION`, `DPOP`."""
        value: str | None = self.environ.get(f"HTTP_{name}")
        return value

    def query(self) -> list[tuple[str, str]]:
        """The pairs of the query."""
        return _pairs(str(self.environ.get("QUERY_STRING", "")).encode("latin-1"))

    def has_form(self) -> bool:
        """Whether the body is a form, in the one encoding that there is."""
        said = self.environ.get("CONTENT_TYPE", "")
        if said == FORM:
            return True
        mimetype, options = parse_options_header(said)
        return mimetype.lower() == FORM and options.get("charset", "utf-8").lower() == "utf-8"

    def form(self) -> list[tuple[str, str]]:
        """The pairs of a form's body."""
        return _pairs(self.body)


def _pairs(text: bytes) -> list[tuple[str, str]]:
    """Nothing of what is not UTF-8: it could be no parameter."""
    with suppress(ValueError):
        return form_pairs(text)
    return []


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with status 200, without the headers of every answer; whatever else is said is raised."""

    body: bytes
    headers: Headers


JSON_REPLY: Headers = [("Content-Type", "application/json")]
NEVER_CACHED: Headers = [("Cache-Control", "no-store"), ("Pragma", "no-cache")]  # RFC 6749 §5.1


def json_reply(answer: Mapping[str, Any], headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """`answer` as JSON, as Flask would write it."""
    return Reply(json.dumps(answer, separators=(",", ":")).encode() + b"\n", [*JSON_REPLY, *headers])


Rule = Callable[[Call], Reply]


def by_way_of_flask(rule: Rule) -> Callable[[], Response]:
    """The view of a rule: for every request that is not answered before Flask, and for all that went wrong there."""

    @wraps(rule)
    def view() -> Response:
        failed: Exception | None = request.environ.pop(FAILED, None)
        if failed is not None:
            raise failed
        reply = rule(Call(provider(), request.environ, request.get_data()))
        response = Response(reply.body, 200)
        del response.headers["Content-Type"]  # a reply says its type itself, or has none
        response.headers.extend(reply.headers)
        return response

    return view
