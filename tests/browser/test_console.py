"""The console as administrators see it: two people bring a service into being, and every page can be used by all."""

import re

import pytest
from playwright.sync_api import expect

from idp.staff.roles import Role
from idp.storage.models_console import HourlyCount
from idp.storage.models_messages import MessageCount
from tests.browser.gallery import Gallery
from tests.browser.visitor import Visitor
from tests.staff.colleagues import BERLIN, TOKYO, Colleague, appoint

LOCALES = {"ko": "ko-KR", "en": "en-US"}
PAGES = (
    *("", "/clients", "/clients/gov24", "/proposals", "/proposals/new", "/proposals/new?as=json&client=gov24"),
    *("/figures", "/missions", "/members", "/countries?q=DE", "/countries/DE", "/gateways", "/sessions?client=gov24"),
    *("/outbox", "/keys", "/switches", "/audit"),
)
LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 20"><rect width="60" height="20" fill="#0b50d0"/></svg>'
)


def sit_down(visitor: Visitor, colleague: Colleague) -> None:
    """Sign in as staff, to the console."""
    visitor.holds(colleague.passkey)
    visitor.page.goto(f"{visitor.there.issuer}/console")
    visitor.page.goto(f"{visitor.there.issuer}/staff/sign-in?next=/console")
    visitor.press("#passkey")
    visitor.see("#to-clients")


def furnish(there):
    """Missions, and figures of two days as the worker would have counted them."""
    wired = there.provider
    wired.missions.apply([BERLIN, TOKYO])
    now = wired.clock() // 3600
    with wired.database.begin() as step:
        for back in range(40):
            for what, count in (
                ("provider:authorization_code:issued", 5 + back % 7),
                ("person:second_proof:refused", back % 3),
            ):
                for client in ("", "gov24"):
                    step.put(HourlyCount, hour=now - back, client_id=client, what=what, count=count)
        for what, count in (("sent", 900), ("delivered", 860), ("verified", 790), ("delay_5", 700), ("delay_60", 90)):
            day = wired.clock() // 86_400
            for region, share in (("DE", 1), ("JP", 3), ("VN", 9)):
                key = {"region": region, "channel": "sms", "day": day, "gateway": "simulator", "what": what}
                step.put(MessageCount, **key, count=count // share)


@pytest.mark.parametrize("language", LOCALES)
def test_every_page_of_the_console_is_accessible(open_window, there, language):
    visitor, gallery = open_window(there, locale=LOCALES[language]), Gallery(language)
    sit_down(visitor, appoint(there, Role.ADMINISTRATOR))
    furnish(there)
    for path in PAGES:
        visitor.page.goto(f"{there.issuer}/console{path}")
        gallery.show(visitor.page, "console" + re.sub(r"[^a-z]+", "-", path.lower()))
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
    engineer.page.locator("#f-client_name").fill("Library")
    engineer.page.locator("#f-redirect_uris").fill("https://library.example.kr/cb")
    engineer.page.locator("#f-pkce_required").uncheck()
    engineer.press("#propose")
    expect(engineer.page.locator("#problems")).to_contain_text("on what legal ground profile is given")
    engineer.page.locator("#ground-profile").fill("Library Act, article 5")
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


def test_a_logo_is_shown_once_two_people_have_seen_it(open_window, there):
    engineer, administrator = open_window(there), open_window(there)
    sit_down(engineer, appoint(there, Role.ADMINISTRATOR))
    engineer.page.goto(f"{there.issuer}/console/clients/gov24")
    engineer.press("#client-logo")
    engineer.page.locator("#picture").set_input_files({"name": "a.svg", "mimeType": "image/svg+xml", "buffer": LOGO})
    engineer.page.locator("#ground-logo").fill("Their new mark, decided in March")
    engineer.press("#ask-client-logo")
    gallery = Gallery("en")
    gallery.show(engineer.page, "console-act")
    expect(engineer.page.locator("#act-approve")).to_have_count(0)
    sit_down(administrator, appoint(there, Role.ADMINISTRATOR))
    administrator.page.goto(engineer.page.url)
    shown = administrator.page.locator(".logo-shown")
    assert shown.evaluate("one => one.complete && one.naturalWidth > 0")
    administrator.press("#act-approve")
    administrator.press("#passkey")
    expect(administrator.page.locator(".logo-shown")).to_be_visible()
    assert gallery.faults == []
