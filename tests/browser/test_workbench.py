"""An engineer's first day: a sandbox service made, the printed Flask example started, a test citizen signed in.

Nothing is used but the provider's own pages: the code is copied from one, the secret from another, the code of the
phone from a third. Every page is judged on the way.
"""

import os
import sys

import pytest
from playwright.sync_api import expect

from idp.staff.roles import Role
from tests.browser.gallery import Gallery
from tests.browser.installation import free_place
from tests.peers.test_mod_auth_openidc import running_server
from tests.staff.colleagues import appoint

pytestmark = pytest.mark.browser
LOCALES = {"ko": "ko-KR", "en": "en-US"}
PAGES = ("", "/configuration", "/edit", "/keys", "/live", "/checks")


@pytest.mark.parametrize("language", LOCALES)
def test_from_nothing_to_a_working_sign_in(open_window, there, tmp_path, language):
    engineer = open_window(there, locale=LOCALES[language])
    page, gallery, name = engineer.page, Gallery(language), f"library-{language}-sandbox"
    engineer.holds(appoint(there, Role.CLIENT_ENGINEER).passkey)
    page.goto(f"{there.issuer}/staff/sign-in?next=/workbench")
    engineer.press("#passkey")
    engineer.press("#new-client")
    with free_place(tmp_path) as place:
        port = place.base
    page.locator("#client-id").fill(name)
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
        assert os.environ["CLIENT_SECRET"] == secret
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
            gallery.show(opened.value, "sandbox-messages")
            opened.value.close()
            engineer.type_code(code)
            engineer.agree()
            expect(page.locator("body")).to_contain_text('"sandbox.')

    for path in PAGES:
        page.goto(f"{there.issuer}/workbench/clients/{name}{path}")
        gallery.show(page, f"workbench{path.replace('/', '-')}")
    page.goto(f"{there.issuer}/workbench/clients/{name}/test")
    engineer.press("#walk")
    expect(page.locator("#test-result")).to_have_class("notice success")
    gallery.show(page, "workbench-test")
    page.goto(f"{there.issuer}/workbench/clients/{name}")
    engineer.press("#rotate")
    gallery.show(page, "workbench-confirm")
    engineer.press("#passkey")
    engineer.see("#client-secret")
    gallery.show(page, "workbench-rotated")
    page.goto(f"{there.issuer}/workbench")
    gallery.show(page, "workbench")
    assert gallery.faults == []
    assert engineer.complaints == []
