"""The console as administrators see it: two people bring a service into being, and every page can be used by all."""

import json

import pytest
from playwright.sync_api import expect

from idp.staff.roles import Role
from tests.browser.gallery import Gallery
from tests.browser.visitor import Visitor
from tests.staff.colleagues import Colleague, appoint

LOCALES = {"ko": "ko-KR", "en": "en-US"}
PAGES = ("", "/clients", "/clients/gov24", "/proposals", "/proposals/new", "/keys")
DOCUMENT = {"client_name": "Library", "redirect_uris": ["https://library.example.kr/cb"], "pkce_required": False}


def sit_down(visitor: Visitor, colleague: Colleague) -> None:
    """Sign in as staff, to the console."""
    visitor.holds(colleague.passkey)
    visitor.page.goto(f"{visitor.there.issuer}/console")
    visitor.page.goto(f"{visitor.there.issuer}/staff/sign-in?next=/console")
    visitor.press("#passkey")
    visitor.see("#to-clients")


@pytest.mark.parametrize("language", LOCALES)
def test_every_page_of_the_console_is_accessible(open_window, there, language):
    visitor, gallery = open_window(there, locale=LOCALES[language]), Gallery(language)
    sit_down(visitor, appoint(there, Role.ADMINISTRATOR))
    for path in PAGES:
        visitor.page.goto(f"{there.issuer}/console{path}")
        gallery.show(visitor.page, f"console{path.replace('/', '-')}")
    visitor.page.goto(f"{there.issuer}/console/clients/gov24")
    visitor.press("#client-stop")
    visitor.see("#passkey")
    gallery.show(visitor.page, "console-confirm")
    assert gallery.faults == []


@pytest.mark.parametrize("language", LOCALES)
def test_what_only_auditors_and_operators_see_is_accessible(open_window, there, language):
    gallery = Gallery(language)
    for role, path in ((Role.AUDITOR, "/audit"), (Role.OPERATOR, "/outbox")):
        visitor = open_window(there, locale=LOCALES[language])
        sit_down(visitor, appoint(there, role))
        visitor.page.goto(f"{there.issuer}/console{path}")
        gallery.show(visitor.page, f"console{path.replace('/', '-')}")
    assert gallery.faults == []


def test_two_people_bring_a_service_into_being(open_window, there):
    engineer, administrator = open_window(there), open_window(there)
    sit_down(engineer, appoint(there, Role.ADMINISTRATOR))
    engineer.page.goto(f"{there.issuer}/console/proposals/new")
    engineer.page.locator("#client-id").fill("library")
    engineer.page.locator("#metadata").fill(json.dumps(DOCUMENT))
    engineer.page.locator("#ground").fill("Library Act, article 5: lending to nationals abroad")
    engineer.press("#propose")
    expect(engineer.page.locator("#difference")).to_contain_text("https://library.example.kr/cb")
    gallery = Gallery("en")
    gallery.show(engineer.page, "console-proposal")
    assert gallery.faults == []
    sit_down(administrator, appoint(there, Role.ADMINISTRATOR))
    administrator.page.goto(engineer.page.url)
    administrator.press("#proposal-approve")
    administrator.press("#passkey")
    expect(administrator.page.locator("#client-secret")).to_be_visible()
    assert there.provider.clients.get("library") is not None
