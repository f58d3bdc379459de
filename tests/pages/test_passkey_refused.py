"""A false assertion at the first step, as software meets it: the page again, a 400, and nothing written."""

import pytest

from tests.falsified import FALSIFIED


@pytest.mark.parametrize("falsified", FALSIFIED.values(), ids=FALSIFIED)
def test_W_01_W_02_W_03_W_04_W_09_a_false_assertion_is_a_400_and_may_be_made_again(
    ground, service, citizen, browser, falsified
):
    browser.authorize(service)
    before = ground.contents()
    answer = browser.passkey(citizen, **falsified)
    assert answer.status_code == 400
    assert 'id="passkey-form"' in answer.text
    assert ground.contents() == before
    assert 'action="/sign-in/code"' in browser.passkey(citizen).text


def test_a_prompt_that_was_closed_is_no_fault(service, browser):
    browser.authorize(service)
    assert browser.submit("/sign-in/passkey", credential="").status_code == 200
