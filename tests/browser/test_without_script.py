"""Without JavaScript: the passkey page says what is needed, everything after it works, and so does the demo phone."""

import pytest
from playwright.sync_api import expect

from idp.demo.ceremony_encoding import to_base64url
from idp.demo.phone_memory import PhoneMemory
from tests.browser.steps import SERVICE, wrong


@pytest.fixture
def choice(there, citizen):
    """The citizen's passkey is on the demo phone; this is its button there."""
    with PhoneMemory(there.place.var, there.provider.random_bytes).use() as held:
        held.add(citizen.passkey)
    return f'[name=choice][value="{to_base64url(citizen.passkey.credential_id)}"]'


@pytest.fixture
def plain(open_window, there):
    """A browser without JavaScript and without an authenticator."""
    return open_window(there, java_script_enabled=False)


def prove_with_demo_phone(visitor, choice):
    visitor.press("#demo-phone")
    visitor.page.locator(choice).check(force=True)
    visitor.press("#demo-approve")
    visitor.press("#demo-continue")
    visitor.at_step(2)


def test_the_passkey_page_says_what_is_needed(plain, there):
    plain.begin(SERVICE)
    plain.at_step(1)
    # Chromium's switch for tests stops scripts but does not show what stands in their place: it is in the markup.
    assert there.say("en", "passkey.noscript") in plain.page.locator("noscript").text_content()


def test_the_whole_way_works(plain, citizen, choice):
    plain.begin(SERVICE)
    prove_with_demo_phone(plain, choice)
    plain.type_code(wrong(plain.there.code(citizen.number)))
    plain.see("#code-error")
    plain.prove_phone(citizen)
    plain.at_step(3)
    plain.agree()
    plain.signed_in(SERVICE, citizen)


def test_a_new_code_asked_for_too_early_says_when(plain, citizen, choice):
    plain.begin(SERVICE)
    prove_with_demo_phone(plain, choice)
    plain.press("#resend")
    said = plain.see(".notice").inner_text()
    assert any(character.isdigit() for character in said)
    plain.there.code(citizen.number)  # else a newer message might take the place of one that still waits
    plain.there.age_codes(citizen, 61)
    plain.press("#resend")
    plain.see(".notice.success")
    plain.prove_phone(citizen, messages=2)
    plain.at_step(3)


@pytest.mark.parametrize("button", ["#consent-deny", "#cancel"])
def test_turning_back_works(plain, citizen, choice, button):
    plain.begin(SERVICE)
    prove_with_demo_phone(plain, choice)
    plain.prove_phone(citizen)
    plain.press(button)
    plain.refused(SERVICE, "access_denied")


def test_a_refusal_leads_back(plain, citizen, choice):
    plain.begin(SERVICE)
    prove_with_demo_phone(plain, choice)
    plain.there.age_sign_ins(citizen, 86_400)
    plain.press("#code-submit")
    plain.press("#back")
    plain.refused(SERVICE, "access_denied")


def test_a_demo_phone_that_refuses_leads_back_to_the_passkey_page(plain, there):
    plain.begin(SERVICE)
    plain.press("#demo-phone")
    plain.press("#demo-refuse")
    plain.press("#demo-continue")
    plain.at_step(1)
    expect(plain.page.locator("main")).to_contain_text(there.say("en", "notice.passkey_cancelled"))
