"""npm oidc-client-ts in a real browser: a public client that is a page, and calls the endpoints from there (CORS)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

from playwright.sync_api import expect

from tests.browser.visitor import Visitor
from tests.peers.test_openid_client import registered

PAGE = Path(__file__).parent / "public_page.html"
LIBRARY = "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"
SCOPE = "openid profile phone offline_access"


@contextmanager
def serving(library: Path) -> Iterator[str]:
    """The page and the library at an origin of their own; that origin."""

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_script = self.path.endswith(".js")
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
            self.end_headers()
            self.wfile.write((library if is_script else PAGE).read_bytes())

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}"
        server.shutdown()


def test_X_06_a_page_signs_a_person_in_with_its_registration_alone(there, node_folder, chromium):
    citizen = there.enrol()
    with serving(node_folder / LIBRARY) as origin:
        party = registered(
            there,
            {
                "client_name": "Page",
                "redirect_uris": [f"{origin}/"],
                "token_endpoint_auth_method": "none",
                "grant_types": ["authorization_code", "refresh_token"],
                "scope": SCOPE,
            },
        )
        visitor = Visitor(chromium.new_context(locale="en-GB"), there)
        visitor.holds(citizen.passkey)
        asked = {"issuer": there.issuer, "client": party["client_id"], "scope": SCOPE}
        visitor.page.goto(f"{origin}/?{urlencode(asked)}")
        visitor.prove_passkey()
        visitor.prove_phone(citizen)
        visitor.agree()
        expect(visitor.page.locator("body")).to_contain_text("{", timeout=20_000)
        known = json.loads(visitor.page.locator("body").inner_text())
        visitor.context.close()
    assert "failed" not in known, known
    assert known["refreshed"] is True
    assert known["person"]["phone_number"] == citizen.number
    assert known["person"]["name#ko-Hang"] == citizen.record.korean.full
    assert visitor.complaints == []
