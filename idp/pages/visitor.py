"""A visitor within the house: walks a sign-in through the provider's own addresses as a browser would.

Every request goes through the whole application, with its gates, its cookies and its forms; nothing is skipped and
nothing leaves this process.
"""

from contextvars import Context
from dataclasses import dataclass, field
from functools import partial
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.test import TestResponse

from idp.pages.browser import STAFF, cookie_name
from idp.provider import Provider


@dataclass(slots=True)
class FormOfPage:
    """A form: where it posts, and its hidden fields."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[FormOfPage] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = True
            self.found.append(FormOfPage(given.get("action") or ""))
        elif tag == "input" and self.inside and given.get("type") == "hidden" and given.get("name"):
            self.found[-1].fields[given["name"] or ""] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False


class Visitor:
    """One browser of the engineer whose request this is: with their seat at the desk, and nobody signed in."""

    def __init__(self, app: Flask, wired: Provider) -> None:
        """Over the running application."""
        self._wired = wired
        self._client = app.test_client()
        address = urlsplit(wired.issuer)
        name = cookie_name(wired, STAFF)
        self._client.set_cookie(
            name, request.cookies.get(name, ""), domain=address.hostname or "", secure=wired.settings.secure
        )
        self.page: TestResponse

    def get(self, path: str, **query: Any) -> TestResponse:
        """Open an address."""
        return self._send("GET", path, query_string=query)

    def submit(self, action: str, **fields: Any) -> TestResponse:
        """Post the form of the present page with that action. Raises LookupError when there is none."""
        form = self.form(action)
        if form is None:
            raise LookupError(action)
        return self._send("POST", action, data={**form.fields, **fields}, headers={"Origin": self._wired.issuer})

    def form(self, action: str) -> FormOfPage | None:
        """The form of the present page that posts there."""
        parser = _Forms()
        parser.feed(self.page.text)
        return next((one for one in parser.found if one.action == action), None)

    def call(self, path: str, headers: dict[str, str]) -> TestResponse:
        """What the service's own server would call: no cookies matter there."""
        return self._send("GET", path, headers=headers)

    def _send(self, method: str, path: str, **keywords: Any) -> TestResponse:
        whence = {"REMOTE_ADDR": request.remote_addr or "127.0.0.1"}
        send = partial(self._client.open, path, method=method, base_url=self._wired.issuer, environ_overrides=whence)
        try:
            self.page = Context().run(send, **keywords)  # nothing of this request is the inner one's, or the reverse
        finally:
            self._wired.database.open_request()  # the inner request has closed the outer one's hold
        return self.page
