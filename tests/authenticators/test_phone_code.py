"""NIST SP 800-63B-4 §3.1.3: the code is made, typed and judged."""

from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.authenticators.phone_code import (
    FIRST_LOCK_SECONDS,
    LONGEST_LOCK_SECONDS,
    MAX_ATTEMPTS,
    MAX_SENDS,
    RESEND_AFTER_SECONDS,
    CodePurpose,
    CodeVerdict,
    StoredCode,
    digest_of,
    judge,
    lock_after,
    may_resend,
    new_code,
    read_typed,
)
from idp.keys.fingerprints import Fingerprints
from idp.keys.secrets import Purpose
from tests.keys.examples import ROTATED, SECRETS
from tests.protocol.examples import NOW

MARKS = Fingerprints(SECRETS, Purpose.PHONE_CODE, lasting=False)
HERE = UUID(int=1)
RIGHT = digest_of("123456", CodePurpose.SIGN_IN, HERE, MARKS)
STORED = StoredCode(digest=RIGHT, sent_at=NOW, expires_at=NOW + 600, attempts=1, sends=1)


@pytest.mark.parametrize(
    ("number", "code"),
    [(0, "000000"), (7, "000007"), (999_999, "999999"), (1_000_000, "000000"), (2**64 - 1, "551615")],
)
def test_a_code_is_six_digits_of_64_random_bits(number, code):
    assert new_code(lambda size: number.to_bytes(size, "big")) == code


@given(st.binary(min_size=8, max_size=8))
def test_every_code_is_read_as_it_was_made(random):
    code = new_code(lambda _: random)
    assert read_typed(code) == code
    assert code.isascii()
    assert len(code) == 6


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "123456",
            " 123456 ",
            "123 456",
            "123-456",
            "1 2 3 4 5 6",
            "12 34 56\n",
            "#123456",
            "123456.",
            "\u200e123456",
        ),
        *("１２３４５６", "١٢٣٤٥٦", "۱۲۳۴۵۶", "१२३४५६", "①23456 123456", "123\u00a0456", "123–456"),
        *(
            "@id.example #123456",
            "@id1.example.go.kr #123456",
            "정부24: 123456",
            "123456 123456",
            "[정부24] 인증번호 123456",
        ),
    ],
)
def test_a_code_is_read_however_it_was_typed_or_pasted(typed):
    assert read_typed(typed) == "123456"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "12345",
        "1234567",
        "123456 654321",
        "abcdef",
        "12345a",
        "١٢٣",
        "12345678901",
        "①②③④⑤⑥",
        "1" * 65,
        "6" * 10**6,
        "½¾",
    ],
)
def test_what_holds_no_single_code_is_not_guessed_at(typed):
    assert read_typed(typed) is None


@given(st.text(max_size=80))
def test_any_text_is_six_digits_or_nothing(text):
    read = read_typed(text)
    assert read is None or (len(read) == 6 and read.isascii() and read.isdigit())


@pytest.mark.parametrize(
    ("code", "purpose", "bound_to", "marks"),
    [
        pytest.param("123457", CodePurpose.SIGN_IN, HERE, MARKS, id="another code"),
        pytest.param("123456", CodePurpose.ENROLMENT, HERE, MARKS, id="O-03 another purpose"),
        pytest.param("123456", CodePurpose.SIGN_IN, UUID(int=2), MARKS, id="O-03 another sign-in"),
        pytest.param(
            "123456",
            CodePurpose.SIGN_IN,
            HERE,
            Fingerprints(ROTATED, Purpose.PHONE_CODE, lasting=False),
            id="another key",
        ),
    ],
)
def test_O_03_a_code_fits_only_where_it_was_made_for(code, purpose, bound_to, marks):
    assert judge(STORED, digest_of(code, purpose, bound_to, marks), NOW) is CodeVerdict.WRONG


WRONG = b"x" * 32


@pytest.mark.parametrize(
    ("changes", "presented", "now", "verdict"),
    [
        pytest.param({}, RIGHT, NOW, CodeVerdict.RIGHT, id="first try"),
        pytest.param({"attempts": MAX_ATTEMPTS}, RIGHT, NOW, CodeVerdict.RIGHT, id="O-01 fifth try, right"),
        pytest.param({"attempts": MAX_ATTEMPTS}, WRONG, NOW, CodeVerdict.USED_UP, id="O-01 fifth try, wrong"),
        pytest.param({"attempts": MAX_ATTEMPTS - 1}, WRONG, NOW, CodeVerdict.WRONG, id="O-01 fourth try, wrong"),
        pytest.param({"attempts": MAX_ATTEMPTS + 1}, RIGHT, NOW, CodeVerdict.USED_UP, id="O-01 sixth try, right"),
        pytest.param({"attempts": 100}, RIGHT, NOW, CodeVerdict.USED_UP, id="O-01 hundredth try"),
        pytest.param({}, RIGHT, NOW + 599, CodeVerdict.RIGHT, id="O-04 last second"),
        pytest.param({}, RIGHT, NOW + 600, CodeVerdict.EXPIRED, id="O-04 ten minutes"),
        pytest.param({}, WRONG, NOW + 600, CodeVerdict.EXPIRED, id="O-04 late and wrong"),
        pytest.param({}, b"", NOW, CodeVerdict.WRONG, id="nothing"),
    ],
)
def test_O_01_O_04_how_a_try_is_judged(changes, presented, now, verdict):
    assert judge(replace(STORED, **changes), presented, now) is verdict


@pytest.mark.parametrize(("attempts", "left"), [(0, 5), (1, 4), (5, 0), (9, 0)])
def test_how_often_one_may_still_try(attempts, left):
    assert replace(STORED, attempts=attempts).tries_left == left


@pytest.mark.parametrize(
    ("changes", "after", "may"),
    [
        ({}, RESEND_AFTER_SECONDS - 1, False),
        ({}, RESEND_AFTER_SECONDS, True),
        ({}, 10**6, True),
        ({"sends": MAX_SENDS - 1}, RESEND_AFTER_SECONDS, True),
        ({"sends": MAX_SENDS}, RESEND_AFTER_SECONDS, False),
        ({"sends": MAX_SENDS + 5}, RESEND_AFTER_SECONDS, False),
        ({"attempts": 99}, RESEND_AFTER_SECONDS, True),
    ],
)
def test_O_06_when_another_message_may_be_sent(changes, after, may):
    assert may_resend(replace(STORED, **changes), NOW + after) is may


@pytest.mark.parametrize(("after", "wait"), [(0, 60), (59, 1), (60, 0), (600, 0)])
def test_how_long_to_wait(after, wait):
    assert STORED.wait(NOW + after) == wait


@pytest.mark.parametrize(
    ("wrong", "seconds"),
    [
        *((n, 0) for n in (0, 1, 9, 11, 19, 99)),
        *((10, FIRST_LOCK_SECONDS), (20, 1800), (30, 3600), (40, 7200), (70, 57_600)),
        *((80, LONGEST_LOCK_SECONDS), (90, LONGEST_LOCK_SECONDS), (100_000, LONGEST_LOCK_SECONDS)),
    ],
)
def test_O_01_every_tenth_wrong_try_locks_twice_as_long_up_to_a_day(wrong, seconds):
    assert lock_after(wrong, NOW) == (NOW + seconds if seconds else 0)


def test_each_verdict_has_its_own_sentence():
    assert max(Counter(verdict.value for verdict in CodeVerdict).values()) == 1
