"""An answer that leaves as it was made: its headers are a list until somebody asks for more.

Nearly every page and every way back to a service is one. Werkzeug's response, with its headers that are found under any
spelling, is made of it only where something else is put on it.
"""

from typing import TYPE_CHECKING, Any

from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.utils import cached_property

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

STATUS = {code: f"{code} {phrase.upper()}" for code, phrase in HTTP_STATUS_CODES.items()}


class PlainAnswer(Response):
    """A response with one piece of body."""

    def __init__(self, body: bytes, status: int, said: list[tuple[str, str]]) -> None:
        """`said`: its headers without the length, none of whose values holds a line break."""
        self.body = body
        self.said = said
        self.response = [body]
        self.line = STATUS[status]
        self._status_code, self._status = status, self.line
        self.direct_passthrough = False
        self._on_close = []

    @cached_property
    def headers(self) -> Headers:
        """For whoever looks one up, or adds one."""
        made = Headers()
        made[:] = self.said
        return made

    @property
    def is_untouched(self) -> bool:
        """Whether it can leave as it was made."""
        same: Any = self.response
        return "headers" not in self.__dict__ and same[0] is self.body and self._status is self.line

    def leave(self, start_response: "StartResponse") -> list[bytes]:
        """Give it to the server."""
        start_response(self.line, [*self.said, ("Content-Length", str(len(self.body)))])
        return [self.body]
