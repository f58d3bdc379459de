"""Answers as a form in a real browser: the strict policy lets the form go to the service, by itself and by a button."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlencode

import pytest

from idp.registration.changes import added
from idp.registration.metadata import check_metadata
from idp.registration.register import register
from tests.browser.installation import Citizen, Installation
from tests.browser.visitor import Visitor
from tests.ground import CHALLENGE


class Service:
    """A relying service that keeps what is posted to it."""

    def __init__(self, there: Installation) -> None:
        self.received: list[dict[str, str]] = []
        received = self.received

        class Callback(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode())))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>done</title><p id=done>done</p>")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("localhost", 0), Callback)
        self.address = f"http://localhost:{self.server.server_port}/callback"
        Thread(target=self.server.serve_forever, daemon=True).start()
        wired = there.provider
        metadata = check_metadata({"redirect_uris": [self.address], "scope": "openid"}, wired.offer)
        outcome = register(metadata, now=wired.clock(), random_bytes=wired.random_bytes)
        wired.clients.save([added(outcome, now=wired.clock())])
        self.id = outcome.registration.client_id
        self.start = f"{wired.issuer}/authorize?" + urlencode(
            {
                "client_id": self.id,
                "redirect_uri": self.address,
                "response_type": "code",
                "response_mode": "form_post",
                "scope": "openid",
                "state": "한글 \"'<&>",
                "code_challenge": CHALLENGE,
                "code_challenge_method": "S256",
            }
        )


@pytest.fixture
def service(there: Installation) -> Iterator[Service]:
    running = Service(there)
    yield running
    running.server.shutdown()
    running.server.server_close()


def test_a_whole_sign_in_ends_in_a_form_that_goes_by_itself(service: Service, visitor: Visitor, citizen: Citizen):
    visitor.page.goto(service.start)
    visitor.prove_passkey()
    visitor.prove_phone(citizen)
    visitor.agree()
    visitor.see("#done")
    assert visitor.page.url == service.address
    assert [answer.keys() for answer in service.received] == [{"code", "state", "iss"}]
    assert service.received[0]["state"] == "한글 \"'<&>"


def test_without_scripts_a_button_sends_it(there: Installation, service: Service, open_window: Callable[..., Visitor]):
    visitor = open_window(there, java_script_enabled=False)
    visitor.page.goto(service.start + "&prompt=none")
    visitor.see("#answer-continue").click()
    visitor.see("#done")
    assert service.received[0]["error"] == "login_required"
