"""Turning back: from every page, and from the browser's own prompt."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import PAGES, SERVICE, to_consent, to_passkey


@pytest.mark.parametrize("name", PAGES)
def test_cancel_on_every_page_tells_the_service_so(visitor, citizen, name):
    PAGES[name](visitor, citizen)
    visitor.press("#cancel")
    visitor.refused(SERVICE, "access_denied")
    assert "error" not in visitor.page.url.split("#")[0].split("/callback")[0]
    visitor.press("#sign-in")  # and it is no dead end
    visitor.see("#passkey, #consent-allow")


def test_a_person_who_does_not_agree_is_back_at_the_service(visitor, citizen):
    to_consent(visitor, citizen)
    visitor.press("#consent-deny")
    visitor.refused(SERVICE, "access_denied")


def test_a_prompt_without_a_passkey_says_what_to_do_and_the_button_works_again(visitor, citizen):
    visitor.forget()
    to_passkey(visitor, citizen)
    visitor.press("#passkey")
    said = visitor.see("#passkey-trouble")
    expect(said).to_have_attribute("role", "alert")
    expect(said).not_to_be_empty()
    visitor.add(citizen.passkey)
    visitor.prove_passkey()
    visitor.at_step(2)
    assert len([visitor.there.code(citizen.number)]) == 1


def test_a_finger_that_is_not_recognised_sends_no_message(visitor, citizen):
    visitor.verification(False)
    to_passkey(visitor, citizen)
    visitor.press("#passkey")
    visitor.see("#passkey-trouble")
    visitor.at_step(1)
    assert visitor.there.codes(citizen.number) == []


def test_a_passkey_that_is_not_known_here_may_be_tried_again(visitor, citizen, there):
    stranger = there.stranger()
    visitor.forget()
    visitor.add(stranger)
    to_passkey(visitor, citizen)
    with visitor.page.expect_navigation():
        visitor.press("#passkey")
    visitor.see(".notice.trouble:not(#passkey-trouble)")
    visitor.forget()
    visitor.add(citizen.passkey)
    visitor.prove_passkey()
    visitor.at_step(2)


def test_not_me_lets_somebody_else_sign_in(visitor, citizen, there):
    to_consent(visitor, citizen)
    visitor.press("#not-me")
    visitor.at_step(1)
    other = there.enrol()
    visitor.forget()
    visitor.add(other.passkey)
    visitor.prove_passkey()
    visitor.prove_phone(other)
    visitor.agree()
    visitor.signed_in(SERVICE, other)
