"""An engineer's first day: a sandbox service made, the printed Flask example started, a test citizen signed in.

Nothing is used but the provider's own pages: the code is copied from one, the secret from another, the code of the
phone from a third. Every page is judged on the way.
"""

import sys

import pytest
from playwright.sync_api import expect

from idp.staff.roles import Role
from tests.browser.gallery import Gallery
from tests.peers.test_mod_auth_openidc import running_server
from tests.staff.colleagues import appoint

pytestmark = pytest.mark.browser
NAME = "library-sandbox"
HERE = f"/workbench/clients/{NAME}"
PAGES = ("", "/configuration", "/edit", "/keys", "/live", "/checks", "/messages", "/test")


def test_from_nothing_to_a_working_sign_in(open_window, there, tmp_path):
    engineer = open_window(there, locale="ko-KR")
    page, gallery, port = engineer.page, Gallery("ko"), there.place.port + 8
    engineer.holds(appoint(there, Role.CLIENT_ENGINEER).passkey)
    page.goto(f"{there.issuer}/staff/sign-in?next=/workbench")
    engineer.press("#passkey")
    engineer.press("#new-client")
    page.locator("#client-id").fill(NAME)
    page.locator("#client-name").fill("도서관")
    page.locator("#redirect-uris").fill(f"http://localhost:{port}/auth/callback")
    gallery.show(page, "workbench-new")
    engineer.press("#make")
    secret = engineer.see("#client-secret").inner_text().strip()
    gallery.show(page, "workbench-made")
    engineer.press("#to-configuration")
    (tmp_path / "app.py").write_text(engineer.see("#configuration").inner_text(), "utf-8")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIENT_SECRET", secret)
        patch.setenv("FLASK_APP", str(tmp_path / "app.py"))
        with running_server([sys.executable, "-m", "flask", "run", "--port", str(port)], port):
            page.goto(f"http://localhost:{port}/login")
            gallery.show(page, "sandbox-passkey")
            engineer.press("#test-citizen")
            gallery.show(page, "sandbox-citizens")
            engineer.press("#citizen-continue")
            gallery.show(page, "sandbox-code")
            with engineer.context.expect_page() as opened:
                engineer.press("#sandbox-read")
            code = opened.value.locator("#messages strong").first.inner_text()
            opened.value.close()
            engineer.type_code(code)
            engineer.agree()
            expect(page.locator("body")).to_contain_text('"sandbox.')

    page.goto(f"{there.issuer}{HERE}/test")
    engineer.press("#walk")
    expect(page.locator("#test-result")).to_have_class("notice success")
    gallery.show(page, "workbench-test")
    page.goto(f"{there.issuer}{HERE}")
    engineer.press("#rotate")
    gallery.show(page, "workbench-confirm")
    engineer.press("#passkey")
    engineer.see("#client-secret")
    gallery.show(page, "workbench-rotated")
    english = Gallery("en")
    for path in PAGES:
        page.goto(f"{there.issuer}{HERE}{path}?lang=en")
        english.show(page, f"workbench{path.replace('/', '-')}")
    page.goto(f"{there.issuer}/workbench")
    english.show(page, "workbench")
    assert gallery.faults + english.faults == []
    assert engineer.complaints == []
