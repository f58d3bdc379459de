"""What the tests of logout share: services that are told of it, and a real server that one of them runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import select

from idp.command import _worker_of
from idp.delivery.logout_notices import KIND, read_payload
from idp.delivery.worker import LEASE_SECONDS, Worker
from idp.keys.jose import VerificationKey, import_key, verify_jwt
from idp.keys.sealing import row_context
from idp.storage.models import OutboxRow
from tests.ground import ORIGIN, Ground, Registered

SIGNED_OUT = "http://localhost:9001/signed-out"


def notices(ground: Ground) -> list[tuple[str, str, str]]:
    """(client, person, session) of every notice in the outbox."""
    wired = ground.provider
    with wired.database.read() as reading:
        rows = reading.all(select(OutboxRow).where(OutboxRow.kind == KIND).order_by(OutboxRow.id))
    found = [read_payload(wired.sealers.outbox.open(r.payload, row_context("outbox", "payload", r.id))) for r in rows]
    return [(n.client, n.person, n.session) for n in found]


def told(ground: Ground) -> list[str]:
    """Clients that notices wait for."""
    return sorted(client for client, _, _ in notices(ground))


def listening(ground: Ground, **metadata: Any) -> Registered:
    """A service that takes logout tokens."""
    return ground.register(**{"backchannel_logout_uri": "http://localhost:9001/backchannel"} | metadata)


def claims_of(ground: Ground, token: str, typ: str = "JWT") -> dict[str, Any]:
    """A token's claims, verified as a service would: with the published keys."""
    keys = json.loads(ground.app.test_client().get("/jwks", base_url=ORIGIN).data)["keys"]
    return verify_jwt(token, [VerificationKey(k["kid"], k["alg"], import_key(k)) for k in keys], typ=[typ])


@dataclass
class Listener:
    """A service's server: what it was sent, and what it answers."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    uri: str = ""


@contextmanager
def running(listener: Listener) -> Iterator[Listener]:
    """That server on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            listener.forms.append(dict(parse_qsl(body, strict_parsing=True)))
            listener.paths.append(self.path)
            self.send_response(listener.status)
            for name, value in listener.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    listener.uri = f"http://localhost:{server.server_port}/backchannel"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def worker_of(ground: Ground) -> Worker:
    """The worker of that installation, with the real way out."""
    made = _worker_of(ground.provider)
    assert isinstance(made, Worker)
    return made


def deliver(ground: Ground) -> None:
    """What a worker would do now, but for text messages."""
    work = worker_of(ground)
    for item in work.store.lease(ground.clock(), 100, LEASE_SECONDS):
        if item.kind == KIND:
            work.handle(item)
