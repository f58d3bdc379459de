"""Every page, in both languages: accessible, fitting a small phone, light, and needing nobody else."""

import pytest
from playwright.sync_api import expect

from tests.browser.gallery import Gallery, violations
from tests.browser.steps import SERVICE, to_code, to_passkey, to_used_up_code, wrong

LOCALES = {"ko": "ko-KR", "en": "en-US"}
HEAVIEST = 60_000  # bytes over the wire at a first visit, without the font


@pytest.fixture(params=LOCALES)
def language(request):
    return request.param


@pytest.fixture
def gallery(language):
    opened = Gallery(language, touched=True)
    yield opened
    assert opened.faults == []


@pytest.fixture
def visitor(open_window, there, citizen, language):
    """That person, with a browser in the language."""
    opened = open_window(there, locale=LOCALES[language])
    opened.holds(citizen.passkey)
    return opened


def test_the_pages_of_a_sign_in(visitor, citizen, gallery):
    page, there = visitor.page, visitor.there
    page.goto(there.at(SERVICE) + "/")
    gallery.show(page, "service")
    visitor.forget()
    to_passkey(visitor, citizen)
    gallery.show(page, "passkey")
    visitor.press("#passkey")
    visitor.see("#passkey-trouble")
    gallery.show(page, "passkey trouble")
    visitor.add(citizen.passkey)
    visitor.prove_passkey()
    gallery.show(page, "code")
    there.code(citizen.number)
    there.leave_open(citizen.number)
    visitor.see("#message-uncertain")  # the page learns of it by itself
    gallery.show(page, "code uncertain")
    visitor.type_code(wrong(there.code(citizen.number)))
    gallery.show(page, "code wrong")
    visitor.prove_phone(citizen)
    gallery.show(page, "consent")
    visitor.agree()
    visitor.signed_in(SERVICE, citizen)
    gallery.show(page, "service result")
    visitor.begin("apostille")
    gallery.show(page, "consent optional")
    visitor.press("#cancel")
    visitor.see("#refusal")
    gallery.show(page, "service refusal")


def test_the_pages_of_codes_that_ended(visitor, citizen, gallery):
    page = visitor.page
    to_used_up_code(visitor, citizen)
    gallery.show(page, "code used up")
    visitor.there.age_codes(citizen, 61)
    page.reload()
    visitor.press("#resend")
    visitor.see(".notice.success")
    gallery.show(page, "code sent again")
    visitor.there.age_sign_ins(citizen, 86_400)
    page.reload()
    visitor.see("#back")
    gallery.show(page, "refusal expired")


def test_the_pages_that_end_a_session(visitor, citizen, gallery):
    page, there = visitor.page, visitor.there
    visitor.sign_in(SERVICE, citizen)
    page.goto(f"{there.issuer}/logout?client_id={SERVICE}")
    gallery.show(page, "logout confirm")
    visitor.press("#logout-confirm")
    visitor.see(".sign.success")
    gallery.show(page, "logout done")
    page.goto(f"{there.at(SERVICE)}/signed-out")
    gallery.show(page, "service signed out")


def test_the_pages_of_an_enrolment(visitor, gallery):
    page, there = visitor.page, visitor.there
    page.goto(f"{there.issuer}/enrol")
    gallery.show(page, "enrol open")
    page.goto(there.provider.credential_office.begin_enrolment(there.record()))
    visitor.see("#secret-read")
    gallery.show(page, "enrol open link")
    visitor.press("#enrol-open")
    visitor.see("#record-confirm")
    gallery.show(page, "enrol record")
    visitor.press("#record-confirm")
    number = there.new_number()
    visitor.see("#number").fill("12")
    with page.expect_navigation():
        visitor.press("#phone-submit")
    gallery.show(page, "enrol phone")
    visitor.see("#number").fill(number)
    visitor.press("#phone-submit")
    visitor.see("#code")
    gallery.show(page, "enrol code")
    there.code(number)
    there.give_up(number)
    visitor.see("#message-failed")
    gallery.show(page, "enrol code failed")
    visitor.press("#resend")
    visitor.see(".notice.success")
    gallery.show(page, "enrol code sent again")
    visitor.type_code(there.code(number, messages=2))
    visitor.see("#passkey-create")
    gallery.show(page, "enrol passkey")
    visitor.press("#passkey-create")
    visitor.see(".sign.success")
    gallery.show(page, "enrol done")


def test_the_pages_of_the_demonstration(visitor, citizen, gallery):
    page, there = visitor.page, visitor.there
    for name, path in {"home": "/", "demo home": "/demo", "demo phone": "/demo/phone"}.items():
        page.goto(there.issuer + path)
        gallery.show(page, name)
    visitor.press("#demo-enrolment")
    visitor.see("#demo-enrolment-open")
    gallery.show(page, "demo enrolment")
    to_passkey(visitor, citizen)
    visitor.press("#demo-phone")
    visitor.see("#demo-approve")
    gallery.show(page, "demo approve")


REFUSED = {
    "not found": "/nowhere",
    "unknown service": "/authorize?client_id=nobody&redirect_uri=https://rp.example/cb&response_type=code",
    "used link": "/enrol/now",
    "another browser": "/sign-in/01a207b8-923d-7df3-ad79-25ea4d76f8ca",
    "not that way": "/sign-in/code",
}


def test_the_pages_of_refusals(visitor, gallery):
    for name, path in REFUSED.items():
        visitor.page.goto(visitor.there.issuer + path)
        gallery.show(visitor.page, f"refusal {name}")


@pytest.mark.parametrize("language", ["en"])
def test_the_judge_sees_a_fault(visitor, citizen):
    to_code(visitor, citizen)
    assert violations(visitor.page) == []
    visitor.page.locator("label[for=code]").evaluate("label => label.remove()")
    assert any(fault.startswith("label ") for fault in violations(visitor.page))


def test_a_first_visit_is_light(open_window, there):
    visitor = open_window(there)
    devtools = visitor.context.new_cdp_session(visitor.page)
    addresses: dict[str, str] = {}
    weights: dict[str, int] = {}
    devtools.on("Network.responseReceived", lambda e: addresses.update({e["requestId"]: e["response"]["url"]}))
    devtools.on("Network.loadingFinished", lambda e: weights.update({e["requestId"]: e["encodedDataLength"]}))
    visitor.begin(SERVICE)
    visitor.at_step(1)
    devtools.send("Network.enable")
    devtools.send("Network.clearBrowserCache")
    visitor.page.reload(wait_until="networkidle")
    here = {addresses[r]: weight for r, weight in weights.items() if addresses[r].startswith(there.issuer + "/")}
    assert any("/passkey.js" in address for address in here)
    weight = sum(size for address, size in here.items() if "/fonts/" not in address)
    assert 0 < weight <= HEAVIEST, here


@pytest.mark.parametrize("language", ["en"])
def test_the_keyboard_reaches_everything_in_reading_order(visitor, citizen):
    to_passkey(visitor, citizen)
    page = visitor.page
    order = []
    for _ in range(12):
        page.keyboard.press("Tab")
        order.append(
            page.evaluate("document.activeElement.id || document.activeElement.lang || document.activeElement.hash")
        )
    wanted = ["#main", "ko", "en", "passkey", "demo-phone", "cancel"]
    assert [one for one in order if one in wanted][: len(wanted)] == wanted


@pytest.mark.parametrize("language", ["ko"])
def test_an_error_takes_the_focus_to_its_field(visitor, citizen):
    to_code(visitor, citizen)
    visitor.type_code("1")
    expect(visitor.page.locator("#code")).to_be_focused()
    described = visitor.page.locator("#code").get_attribute("aria-describedby")
    assert described.split()[0] == "code-error"


def test_the_list_of_countries(visitor, gallery):
    """Searched as a form, so that it needs no script; the whole list is the same rows, only more of them."""
    page = visitor.page
    page.goto(visitor.there.provider.issuer + "/coverage")
    page.fill("#q", "+84" if gallery.language == "ko" else "united")
    page.press("#q", "Enter")
    expect(page.locator("tbody tr")).to_have_count(1 if gallery.language == "ko" else 3)
    gallery.show(page, "coverage")
    page.fill("#q", "nowhere")
    page.press("#q", "Enter")
    expect(page.get_by_role("status")).to_be_visible()
    gallery.show(page, "coverage none")
