"""A local server that answers as a vendor does: what it is asked is kept, what it says next is set by a test.

How a vendor accepts, refuses and checks credentials is its dialect (dialects.py); how a connection goes wrong is here.
"""

import json
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message as Headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs

Behaviour = Callable[["Handler"], None]


@dataclass(frozen=True)
class Asked:
    path: str
    body: bytes
    headers: Headers

    @property
    def form(self):
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def document(self):
        return json.loads(self.body)


@dataclass
class Vendor:
    #: Answers a request whose credentials or address are wrong, and tells that it did.
    guard: Callable[["Handler"], bool]
    next: Behaviour
    address: str = ""
    asked: list[Asked] = field(default_factory=list)
    #: Set when the test is over, so that a slow answer does not outlive it.
    over: Event = field(default_factory=Event)


class Handler(BaseHTTPRequestHandler):
    vendor: Vendor
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked = Asked(self.path, body, self.headers)
        self.vendor.asked.append(self.asked)
        if not self.vendor.guard(self):
            self.vendor.next(self)

    def answer(self, status, document, **headers):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def answer(status, document, **headers):
    return lambda handler: handler.answer(status, document, **headers)


def slow(handler):
    """Nothing, until the test is over."""
    handler.vendor.over.wait(30)
    handler.close_connection = True


def hang_up(handler):
    """The connection breaks after the request was read."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def half(handler):
    """A 200 whose body breaks off."""
    handler.send_response(200)
    handler.send_header("Content-Length", "500")
    handler.end_headers()
    handler.wfile.write(b'{"id": "SM1"')
    handler.close_connection = True


def drip(handler):
    """A 200 whose body comes byte by byte and never ends."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    try:
        while not handler.vendor.over.wait(0.01):
            handler.wfile.write(b" ")
            handler.wfile.flush()
    except OSError:
        handler.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up is part of the tests."""


def start(dialect, certificate: Path | None = None) -> tuple[Vendor, Server]:
    vendor = Vendor(dialect.guard, dialect.accept)
    server = Server(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"vendor": vendor}))
    scheme = "http"
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    vendor.address = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return vendor, server
