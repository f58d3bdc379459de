"""Signing in at the services: the first time, with single sign-on, with a step-up."""

import pytest
from playwright.sync_api import expect

SERVICES = {
    "gov24": {"name#ko-Hang", "name#en", "phone_number", "overseas_registration"},
    "okportal365": {"name#ko-Hang", "email"},
    "apostille": {"name#en", "address"},
    "family_register": {"name#ko-Hang", "overseas_registration"},
}
NOT_TICKED = {"apostille": "email"}


@pytest.mark.parametrize("folder", SERVICES)
def test_a_citizen_signs_in_at_every_service(visitor, citizen, folder):
    visitor.sign_in(folder, citizen)
    given = {row.get_attribute("data-claim") for row in visitor.page.locator("#claims [data-claim]").all()}
    assert given >= SERVICES[folder]
    assert NOT_TICKED.get(folder) not in given
    expect(visitor.page.locator("#acr")).to_have_attribute("data-value", "urn:kr:overseas-id:acr:2")
    expect(visitor.page.locator("#amr")).to_have_attribute("data-value", "hwk user sms mfa")


@pytest.fixture
def autofilled(open_window, there, citizen):
    """A browser that offers passkeys among the suggestions of the field."""
    opened = open_window(there, autofill=True)
    opened.holds(citizen.passkey)
    return opened


def test_a_passkey_chosen_from_the_suggestions_proves_as_well(autofilled, citizen):
    autofilled.begin("gov24")  # the virtual authenticator chooses at once
    autofilled.prove_phone(citizen)
    autofilled.agree()
    autofilled.signed_in("gov24", citizen)


def test_the_button_takes_over_from_the_suggestions(autofilled, citizen):
    autofilled.presence(False)
    autofilled.begin("gov24")
    autofilled.see("#passkey-autofill")
    autofilled.page.wait_for_timeout(500)  # the request behind the field shows nothing once it waits
    autofilled.presence(True)
    autofilled.prove_passkey()
    autofilled.prove_phone(citizen)
    autofilled.agree()
    autofilled.signed_in("gov24", citizen)


def test_single_sign_on_asks_the_second_service_only_for_consent(visitor, citizen):
    visitor.sign_in("gov24", citizen)
    proved = visitor.page.locator("#auth-time").get_attribute("data-value")
    identifier = visitor.claim("sub")
    visitor.begin("okportal365")
    visitor.at_step(3)
    visitor.agree()
    visitor.signed_in("okportal365", citizen)
    expect(visitor.page.locator("#auth-time")).to_have_attribute("data-value", proved)
    assert visitor.claim("sub") != identifier
    assert len(visitor.there.codes(citizen.number)) == 1


def test_consent_is_remembered(visitor, citizen):
    visitor.sign_in("gov24", citizen)
    visitor.press("#sign-out-here")
    visitor.see("#signed-out")
    visitor.begin("gov24")
    visitor.signed_in("gov24", citizen)


def test_an_optional_item_is_given_when_it_is_ticked(visitor, citizen):
    visitor.begin("apostille")
    visitor.prove_passkey()
    visitor.prove_phone(citizen)
    visitor.page.locator("label[for=optional-1]").click()
    visitor.agree()
    visitor.signed_in("apostille", citizen)
    assert visitor.claim("email") == citizen.record.email


def test_a_step_up_asks_for_both_proofs_again(visitor, citizen):
    visitor.sign_in("apostille", citizen)
    visitor.press("#apply")
    expect(visitor.page.locator("#application")).to_have_attribute("data-fresh", "false")
    visitor.press("#issue")
    visitor.at_step(1)
    visitor.prove_passkey()
    visitor.prove_phone(citizen, messages=2)
    expect(visitor.page.locator("#application")).to_have_attribute("data-fresh", "true")
    visitor.press("#issue")
    visitor.see("#issued")


def test_a_step_up_by_somebody_else_is_refused(visitor, citizen):
    visitor.sign_in("apostille", citizen)
    visitor.press("#apply")
    visitor.press("#issue")
    other = visitor.there.enrol()
    visitor.forget()
    visitor.add(other.passkey)
    visitor.prove_passkey()
    visitor.prove_phone(other)
    visitor.agree()
    visitor.refused("apostille", "other_person")
