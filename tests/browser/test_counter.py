"""The counter in two browsers at once: an officer at a desk, a citizen with a phone, and the people beside them."""

import json
import os
from datetime import date

import pytest
from playwright.sync_api import expect

from idp.missions.figures import Funnel, publication
from idp.staff.roles import Role
from idp.storage.models_figures import PublishedFigures
from tests.browser.gallery import Gallery
from tests.browser.installation import Installation
from tests.browser.visitor import Visitor
from tests.missions.passports import intake, mrz
from tests.staff.colleagues import BERLIN, TOKYO, Colleague, appoint

PHONE = {"width": 390, "height": 844}
TINY = Funnel(started=7, confirmed=7, delivered=6, made=6, issued=6, used=4)
LOCALES = {"ko": "ko-KR", "en": "en-US"}


@pytest.fixture(params=LOCALES)
def language(request):
    return request.param


@pytest.fixture
def gallery(language):
    opened = Gallery(language)
    yield opened
    assert opened.faults == []


def sit_down(visitor: Visitor, colleague: Colleague) -> None:
    """Sign in as staff with the passkey of this browser's authenticator."""
    visitor.holds(colleague.passkey)
    visitor.page.goto(f"{visitor.there.issuer}/staff/sign-in")
    visitor.press("#passkey")
    visitor.see("nav.desk")


def fill(visitor: Visitor, **changed) -> None:
    """The form of a new case."""
    visitor.page.goto(f"{visitor.there.issuer}/counter/new")
    for name, value in intake(mrz=new_passport(), **changed).items():
        found = visitor.page.locator(f"[name={name}]")
        if name in {"kind", "relation", "registration"}:
            visitor.page.locator(f"label[for={name}-{value}]").click()
        elif value == "yes":
            visitor.page.locator(f"label[for={name}]").click()
        elif name == "residence":
            found.select_option(value)
        else:
            found.fill(value)


def publish(there: Installation) -> None:
    """Figures of a month, as the worker would have made them."""
    document = publication(
        "2026-01",
        {"berlin": Funnel(started=180, confirmed=170, delivered=155, made=150, issued=140, used=110), "tokyo": TINY},
        {"berlin": BERLIN, "tokyo": TOKYO},
        {"issued.ease": {"1": 3, "2": 12, "3": 20, "4": 31, "5": 74}},
    )
    with there.provider.database.begin() as step:
        step.put(PublishedFigures, month="2026-01", document=json.dumps(document), made_at=1)


def prepare(citizen: Visitor, gallery: Gallery) -> None:
    """Right after the issue, on the same phone: a second passkey, a sheet of codes, and the two questions."""
    page = citizen.page
    citizen.press("#add-passkey")
    citizen.forget()  # another device
    citizen.see("#name").fill("Tablet")
    gallery.show(page, "enrol second passkey")
    citizen.press("#passkey-create")
    citizen.see("#printed-make")
    gallery.show(page, "enrol ways")
    citizen.press("#printed-make")
    citizen.see(".codes")
    gallery.show(page, "enrol printed")
    citizen.press("#printed-done")
    citizen.press("#ways-done")
    page.locator("label[for=ease-5]").click()
    citizen.press("#feedback-send")
    citizen.see("#feedback-onward")
    gallery.show(page, "feedback thanks")
    citizen.press("#feedback-onward")
    citizen.see(".sign.success")
    expect(page.locator("#feedback-form")).to_have_count(0)


def new_passport() -> str:
    return mrz(number=f"M{int.from_bytes(os.urandom(4)) % 10**8:08}", expires=date(2040, 1, 1))


@pytest.fixture
def officer(open_window, there, language):
    opened = open_window(there, locale=LOCALES[language])
    sit_down(opened, appoint(there, Role.OFFICER, "berlin", "이창구"))
    return opened


def test_an_officer_and_a_citizen_make_a_credential_together(officer, open_window, there, language, gallery):
    desk = officer.page
    gallery.show(desk, "staff home")
    officer.press("#to-counter")
    gallery.show(desk, "counter")
    fill(officer)
    gallery.show(desk, "counter new")
    officer.press("#case-start")
    officer.see("#case-link")
    gallery.show(desk, "case ready")
    officer.press("#case-link")
    officer.see("#qr")
    gallery.show(desk, "case qr")
    citizen = open_window(there, viewport=PHONE, locale=LOCALES[language])
    citizen.holds()
    citizen.page.goto(officer.page.locator("#demo-link").get_attribute("href"))
    citizen.see("#secret-read")
    citizen.press("#enrol-open")
    expect(desk.locator(".progress > li.done")).to_have_count(2)
    citizen.press("#record-confirm")
    number = there.new_number()
    citizen.page.locator("#country").select_option("DE")
    citizen.page.locator("#number").fill(number)
    citizen.press("#phone-submit")
    citizen.type_code(there.code(number))
    citizen.press("#passkey-create")
    shown = citizen.see("#counter-number").inner_text()
    gallery.show(citizen.page, "enrol waiting")
    officer.see("#number")
    gallery.show(desk, "case made")
    desk.locator("#number").fill(f"{(int(shown) + 1) % 10000:04}")
    officer.press("#case-confirm")
    officer.see("#case-notice")
    gallery.show(desk, "case wrong number")
    desk.locator("#number").fill(shown)
    officer.press("#case-confirm")
    officer.see(".sign.success")
    gallery.show(desk, "case done")
    citizen.see(".sign.success")
    gallery.show(citizen.page, "enrol done")
    prepare(citizen, gallery)
    expect(desk.locator("#ways > li.done")).to_have_count(2)
    gallery.show(desk, "case done with ways")
    if language == "en":
        citizen.begin("gov24")
        citizen.prove_passkey()
        citizen.type_code(there.code(number, messages=2))
        citizen.agree()
        expect(citizen.page.locator("#greeting")).to_be_visible()


def test_the_pages_of_four_eyes_and_of_the_team(officer, open_window, there, language, gallery):
    desk = officer.page
    fill(officer, chip_read=None, korean_family="이", registration="struck_off")
    officer.press("#case-start")
    officer.see("#case-cancel")
    gallery.show(desk, "case waiting own")
    address = desk.url
    boss = open_window(there, locale=LOCALES[language])
    sit_down(boss, appoint(there, Role.SUPERVISOR, "berlin", "박책임"))
    boss.page.goto(address)
    gallery.show(boss.page, "case waiting second")
    boss.press("#passkey")
    expect(boss.page.locator("#passkey")).to_have_count(0)
    boss.page.goto(f"{there.issuer}/staff/team")
    gallery.show(boss.page, "team")
    boss.page.locator("#name").fill("새직원")
    boss.press("#staff-invite")
    gallery.show(boss.page, "team confirm")
    boss.press("#passkey")
    link = boss.see("#invitation-link").inner_text()
    gallery.show(boss.page, "team invited")
    newcomer = open_window(there, locale=LOCALES[language])
    newcomer.holds()
    newcomer.page.goto(link)
    newcomer.see("#secret-read")
    gallery.show(newcomer.page, "staff join")
    newcomer.press("#staff-join")
    newcomer.see("#passkey-create")
    gallery.show(newcomer.page, "staff join passkey")
    newcomer.press("#passkey-create")
    newcomer.see(".sign.success")
    newcomer.press("#to-sign-in")
    gallery.show(newcomer.page, "staff sign in")
    newcomer.press("#passkey")
    newcomer.see("#to-counter")
    officer.press("#staff-sign-out")
    officer.see("#passkey")
    desk.goto(address)
    gallery.show(desk, "staff signed out")


def test_the_pages_that_refuse_a_case_and_that_list_missions(officer, there, gallery):
    desk = officer.page
    fill(officer, photo_matches=None, relation="family")
    officer.press("#case-start")
    officer.see("#bars")
    gallery.show(desk, "counter barred")
    desk.locator("#mrz").fill("P<KOR")
    officer.press("#case-start")
    officer.see("#mrz-error")
    gallery.show(desk, "counter wrong mrz")
    desk.goto(f"{there.issuer}/counter/sheet")
    gallery.show(desk, "counter sheet")
    desk.goto(f"{there.issuer}/missions")
    gallery.show(desk, "missions")
    publish(there)
    desk.goto(f"{there.issuer}/missions/figures")
    officer.see("#whole")
    gallery.show(desk, "figures")


def test_the_pages_that_end_a_person(open_window, there, language, gallery):
    registrar, citizen = open_window(there, locale=LOCALES[language]), there.enrol()
    sit_down(registrar, appoint(there, Role.REGISTRAR, name="최등록"))
    page = registrar.page
    page.goto(f"{there.issuer}/counter")
    gallery.show(page, "counter registrar")
    page.goto(f"{there.issuer}/counter/figures")
    gallery.show(page, "counter figures")
    page.goto(f"{there.issuer}/counter/end")
    page.locator("#passport").fill(citizen.record.passport)
    page.locator("label[for=because-deceased]").click()
    registrar.press("#end-ask")
    registrar.see("#why-error")
    gallery.show(page, "end missing")
    page.locator("#why").fill("certificate 7")
    registrar.press("#end-ask")
    registrar.see("#passkey")
    gallery.show(page, "end confirm")
    registrar.press("#passkey")
    registrar.see(".sign.success")
    gallery.show(page, "end done")
