"""A local authority that answers as idp/people/registry/README.md documents; what it does next is set by `next`."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

TOKEN = "a-token-of-the-registry"


@dataclass
class Authority:
    """The people whom it knows, by passport and birth date, and what it was asked."""

    people: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    next: Callable[["Desk"], None] | None = None
    ends: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # when it heard of whom
    address: str = ""

    @property
    def ends_address(self) -> str:
        """Where it says whose status has ended."""
        return self.address.replace("/status", "/ends")

    def ended_since(self, since: int) -> dict[str, Any]:
        """Its answer."""
        found = [(at, one) for at, one in self.ends if at >= since]
        return {"until": max([since, *(at + 1 for at, _ in found)]), "ended": [one for _, one in found]}


class Desk(BaseHTTPRequestHandler):
    authority: Authority
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.authority.asked.append(asked)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.answer(401, {})
        elif self.authority.next is not None:
            self.authority.next(self)
        elif self.path == "/ends":
            self.answer(200, self.authority.ended_since(asked["since"]))
        elif (found := self.authority.people.get((asked["passport"], asked["birthdate"]))) is not None:
            self.answer(200, found)
        else:
            self.answer(404, {"error": "unknown"})

    def answer(self, status, document, **headers):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Nothing: the tests look at `asked`."""


@contextmanager
def authority() -> Iterator[Authority]:
    """It listens on loopback until the end of the block."""
    known = Authority()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Desk,), {"authority": known}))
    known.address = f"http://127.0.0.1:{server.server_port}/status"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
