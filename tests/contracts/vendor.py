"""A local server that answers as the vendor documents: POST …/Messages.json, form in, JSON out.

What it does next is set by `vendor.next`; everything it was asked is in `vendor.asked`.
"""

import json
import socket
import ssl
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs

ACCOUNT = "AC" + "0" * 32
TOKEN = "a-token-of-the-account"


@dataclass(frozen=True)
class Asked:
    path: str
    form: dict[str, str]
    key: str | None


@dataclass
class Vendor:
    address: str = ""
    asked: list[Asked] = field(default_factory=list)
    next: Callable[["Handler"], None] = field(default_factory=lambda: accept)
    #: Set when the test is over, so that a slow answer does not outlive it.
    over: Event = field(default_factory=Event)


class Handler(BaseHTTPRequestHandler):
    vendor: Vendor
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
        self.vendor.asked.append(Asked(self.path, form, self.headers["Idempotency-Key"]))
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic" or b64decode(credentials).decode() != f"{ACCOUNT}:{TOKEN}":
            refuse(401, 20003)(self)
        elif self.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json" or "To" not in form:
            refuse(404, 20404)(self)
        else:
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


def accept(handler):
    """201 with the message resource."""
    form = handler.vendor.asked[-1].form
    handler.answer(201, {"sid": f"SM{len(handler.vendor.asked):032x}", "status": "queued", "to": form["To"]})


def refuse(status, code, **headers):
    """An error document. Its text quotes number and code, as a vendor's may: none of it may come through."""

    def refusal(handler):
        form = handler.vendor.asked[-1].form
        document = {"code": code, "status": status, "message": f"{form.get('To')}: {form.get('Body')}"}
        handler.answer(status, document, **headers)

    return refusal


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
    """A 201 whose body breaks off."""
    handler.send_response(201)
    handler.send_header("Content-Length", "500")
    handler.end_headers()
    handler.wfile.write(b'{"sid": "SM1"')
    handler.close_connection = True


def drip(handler):
    """A 201 whose body comes byte by byte and never ends."""
    handler.send_response(201)
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


def start(certificate: Path | None = None) -> tuple[Vendor, Server]:
    vendor = Vendor()
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
