"""Law 4, for every address: what changes something leaves a row in the audit. Watched in whatever the tests ask for.

Each installation of the tests is asked through `watch`, which sees per request whether a step with an audit row was
committed and whether anything was written. A route that changes something has no list: once at least, in a whole run,
it has to be seen with its row (`unproven`, which tests/conftest.py asks at the end). The two lists are the exceptions.
"""

import re
import threading
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
DEMONSTRATION = "demo_phone."
"""Blueprints of the demonstration: production refuses to start with them (law 12)."""

ASKS = "shows what is asked for; it is done, with its row, when the passkey has confirmed it"
WRITES_NOTHING = {
    "POST /authorize": "the same as GET: a request travels sealed until somebody has proven something",
    "POST /console/acts/<uuid:pending>": ASKS,
    "POST /console/audit": ASKS,
    "POST /console/clients/<client_id>": ASKS,
    "POST /console/countries/<region>": ASKS,
    "POST /console/missions": ASKS,
    "POST /console/outbox": ASKS,
    "POST /console/proposals/<uuid:row>": ASKS,
    "POST /console/sessions": ASKS,
    "POST /console/switches": ASKS,
    "POST /device": "finds the device whose code was typed; what follows is a sign-in",
    "POST /device/begin": "leads to a sign-in for the device",
    "POST /introspect": "reads",
    "POST /staff/team": ASKS,
    "POST /userinfo": "reads",
    "POST /workbench/clients/<client_id>/secret": ASKS,
}
"""Routes with a method that changes things and which change nothing: a write there fails the test that asked."""

UNTOLD = {
    "POST /account/phone/other": "takes back a number that nobody has proven; the number that holds stays",
    "POST /enrol/phone/change": "takes back a number that nobody has proven",
    "POST /par": "keeps a request for 90 seconds; it is told when somebody signs in by it",
    "POST /receipts/<gateway>": "notes what a vendor says of a message, with the message; counted, not told",
    "POST /receipts/<gateway>/<uuid:message>": "the same",
    "POST /staff/join": "binds an invitation to the browser that opened it; joining has its row",
}
"""Routes that write and leave no row, each with its reason."""

BOOKKEEPING = frozenset({"used_once", "staff_sessions", "checked_requests"})
"""Tables that any request may touch: proofs that are good once, when staff were last seen, the integration check."""

_WRITE = re.compile(r"\b(?:INSERT INTO|DELETE FROM|(?<!FOR )(?<!DO )UPDATE)\s+(\w+)", re.IGNORECASE)
ROUTES: set[str] = set()
PROVEN: set[str] = set()
"""What there is, and what of it this process has seen to succeed with a row."""


class _Seen(threading.local):
    """The requests that a thread is in, the innermost last: which tables each wrote to, and whether it was told."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []


_seen = _Seen()


def routes(app: Flask) -> set[str]:
    """Every method and rule that may change something, but for the demonstration's own."""
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.startswith(DEMONSTRATION)
        for method in (rule.methods or set()) & CHANGING
    }


def unproven(of: Iterable[str], proven: Iterable[str]) -> list[str]:
    """Routes that nobody has seen to leave a row, and that no list excuses."""
    return sorted(set(of) - set(proven) - set(WRITES_NOTHING) - set(UNTOLD))


def watch(app: Flask) -> None:
    """See what every request to this installation does."""
    database = app.extensions["idp"].database
    told, compiler = database.committed, database._compiler
    ready = compiler.ready

    def committed(tags: list[str]) -> None:
        if _seen.requests:
            _seen.requests[-1]["told"] = True
        if told is not None:
            told(tags)

    def compiled(statement: Any, values: Any) -> Any:
        found = ready(statement, values)
        if _seen.requests:
            _seen.requests[-1]["wrote"] |= set(_WRITE.findall(found[0].text)) - BOOKKEEPING
        return found

    database.committed, compiler.ready = committed, compiled
    ROUTES.update(routes(app))
    app.wsgi_app = Watched(app, app.wsgi_app)  # type: ignore[method-assign]


class Watched:
    """The outermost layer: what a request that may change something has done, judged when it succeeds."""

    def __init__(self, app: Flask, application: Any) -> None:
        self._app, self._application = app, application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        name = _name(self._app, environ)
        if name is None:
            return self._application(environ, start_response)
        statuses: list[int] = []

        def start(status: str, *more: Any) -> Any:
            statuses.append(int(status[:3]))
            return start_response(status, *more)

        seen: dict[str, Any] = {"wrote": set(), "told": False}
        _seen.requests.append(seen)
        try:
            answered = self._application(environ, start)
        finally:
            _seen.requests.pop()
        if statuses and statuses[-1] < 400:
            _judge(name, seen)
        return answered


def _name(app: Flask, environ: dict[str, Any]) -> str | None:
    """The method and rule of a request that may change something."""
    if environ["REQUEST_METHOD"] not in CHANGING:
        return None
    try:
        rule, _ = app.url_map.bind_to_environ(environ).match(return_rule=True)
    except (HTTPException, UnicodeError):
        return None
    return f"{environ['REQUEST_METHOD']} {rule.rule}"


def _judge(name: str, seen: dict[str, Any]) -> None:
    if seen["told"]:
        PROVEN.add(name)
    assert name not in WRITES_NOTHING or not seen["wrote"], (
        f"{name} changes nothing, it says, and wrote {seen['wrote']}"
    )
