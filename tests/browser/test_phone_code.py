"""The code from the phone: mistyped, too often, too late, sent again."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import SERVICE, to_code, to_used_up_code, to_wrong_code, wrong


def arrive(visitor, citizen):
    visitor.agree()
    visitor.signed_in(SERVICE, citizen)


def send_again(visitor):
    expect(visitor.page.locator("#resend")).to_be_enabled()
    with visitor.page.expect_navigation():
        visitor.press("#resend")


def test_a_wrong_code_says_how_many_tries_are_left_and_the_right_one_still_works(visitor, citizen):
    to_wrong_code(visitor, citizen)
    assert "4" in visitor.page.locator("#code-error").inner_text()
    expect(visitor.page.locator("#code")).to_be_focused()
    expect(visitor.page.locator("#code")).to_have_attribute("aria-invalid", "true")
    expect(visitor.page.locator("#code")).to_have_value("")
    visitor.prove_phone(citizen)
    arrive(visitor, citizen)


def test_O_01_after_five_wrong_codes_only_a_new_message_helps(visitor, citizen):
    to_used_up_code(visitor, citizen)
    expect(visitor.page.locator("#code")).to_have_count(0)
    visitor.there.age_codes(citizen, 61)
    visitor.page.reload()
    send_again(visitor)
    visitor.prove_phone(citizen, messages=2)
    arrive(visitor, citizen)


def test_an_expired_code_says_so_and_a_new_one_may_be_asked_for(visitor, citizen):
    to_code(visitor, citizen)
    code = visitor.there.code(citizen.number)
    visitor.there.age_codes(citizen, 601)
    visitor.type_code(code)
    visitor.see("#code-error")
    send_again(visitor)
    visitor.see(".notice.success")
    visitor.prove_phone(citizen, messages=2)
    arrive(visitor, citizen)


def test_after_a_resend_only_the_newest_code_is_right(visitor, citizen):
    to_wrong_code(visitor, citizen)
    first = visitor.there.code(citizen.number)
    visitor.there.age_codes(citizen, 61)
    visitor.page.reload()
    send_again(visitor)
    second = visitor.there.code(citizen.number, messages=2)
    assert first != second
    visitor.type_code(first)
    visitor.see("#code-error")
    visitor.type_code(second)
    arrive(visitor, citizen)


def test_the_button_for_a_new_code_counts_down_first(visitor, citizen):
    to_code(visitor, citizen)
    button = visitor.page.locator("#resend")
    expect(button).to_be_disabled()
    assert any(character.isdigit() for character in button.inner_text())


def test_the_countdown_ends(visitor, citizen):
    to_code(visitor, citizen)
    visitor.there.age_codes(citizen, 52)
    visitor.page.reload()
    expect(visitor.page.locator("#resend")).to_be_enabled(timeout=20_000)
    expect(visitor.page.locator("#resend-status")).not_to_be_empty()


@pytest.mark.parametrize(
    "written",
    [
        lambda code: f" {code[:3]} {code[3:]} ",
        lambda code: "".join(chr(ord("０") + int(digit)) for digit in code),
        lambda code: "".join(chr(ord("٠") + int(digit)) for digit in code),
        lambda code: f"#{code}",
        lambda code: (
            f"[재외국민 모바일 신분증] 인증번호 {code} (10분). 누구에게도 알려 주지 마세요. @id.overseas.go.kr #{code}"
        ),
    ],
    ids=["spaces", "full-width", "Arabic", "last line", "the whole message"],
)
def test_a_code_may_be_typed_as_people_do(visitor, citizen, written):
    to_code(visitor, citizen)
    visitor.type_code(written(visitor.there.code(citizen.number)))
    visitor.at_step(3)


def test_nonsense_costs_no_try(visitor, citizen):
    to_code(visitor, citizen)
    visitor.type_code("12")
    visitor.see("#code-error")
    visitor.type_code(wrong(visitor.there.code(citizen.number)))
    assert "4" in visitor.see("#code-error").inner_text()


def test_two_clicks_are_one_try(visitor, citizen):
    to_code(visitor, citizen)
    held = []

    def hold(route):  # a slow network: nothing is answered yet
        held.append(route)

    visitor.page.route("**/sign-in/code", hold)
    visitor.page.locator("#code").fill(wrong(visitor.there.code(citizen.number)))
    # Both clicks by one script: Playwright itself would wait between them for the answer.
    visitor.page.locator("#code-submit").evaluate("button => { button.click(); setTimeout(() => button.click(), 200) }")
    visitor.page.wait_for_timeout(600)
    assert len(held) == 1
    held[0].continue_()
    assert "4" in visitor.see("#code-error").inner_text()
