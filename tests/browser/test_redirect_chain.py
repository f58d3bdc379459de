"""A service whose callback leads on to another origin: Chromium applies form-action to the whole chain of redirects."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from idp.registration.changes import added
from idp.registration.metadata import check_metadata
from idp.registration.register import register
from tests.browser.installation import Citizen, Installation
from tests.browser.visitor import Visitor
from tests.ground import CHALLENGE


class Portal(BaseHTTPRequestHandler):
    """Two origins of one ministry: what comes to the gate is led on to the pages, without its query."""

    pages = ""

    def do_GET(self) -> None:
        if self.path.startswith("/callback"):
            self.send_response(303)
            self.send_header("Location", f"{self.pages}/inside?came={'code=' in self.path}")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"<!doctype html><title>inside</title><p id=inside>{self.path}</p>".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def portal() -> Iterator[tuple[str, str]]:
    """The addresses of the gate and of the pages."""
    servers = [HTTPServer(("localhost", 0), Portal) for _ in range(2)]
    gate, pages = (f"http://localhost:{server.server_port}" for server in servers)
    Portal.pages = pages
    for server in servers:
        Thread(target=server.serve_forever, daemon=True).start()
    yield gate, pages
    for server in servers:
        server.shutdown()
        server.server_close()


def begun(there: Installation, gate: str) -> str:
    """The address with which a newly registered service sends a person."""
    wired = there.provider
    metadata = check_metadata({"redirect_uris": [f"{gate}/callback"], "scope": "openid"}, wired.offer)
    outcome = register(metadata, now=wired.clock(), random_bytes=wired.random_bytes)
    wired.clients.save([added(outcome, now=wired.clock())])
    request = {
        "client_id": outcome.registration.client_id,
        "redirect_uri": f"{gate}/callback",
        "response_type": "code",
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{wired.issuer}/authorize?{urlencode(request)}"


def test_X_03_whoever_agrees_arrives_where_the_callback_leads_on(
    there: Installation, visitor: Visitor, citizen: Citizen, portal: tuple[str, str]
):
    gate, pages = portal
    visitor.page.goto(begun(there, gate))
    visitor.prove_passkey()
    visitor.prove_phone(citizen)
    visitor.agree()
    expect(visitor.page.locator("#inside")).to_have_text("/inside?came=True")
    assert urlsplit(visitor.page.url).netloc == urlsplit(pages).netloc


def test_X_03_whoever_cancels_arrives_there_too(there: Installation, visitor: Visitor, portal: tuple[str, str]):
    gate, _ = portal
    visitor.page.goto(begun(there, gate))
    visitor.press("#cancel")
    expect(visitor.page.locator("#inside")).to_have_text("/inside?came=False")
