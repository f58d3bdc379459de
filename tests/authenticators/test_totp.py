"""Codes of authenticator apps: the published vectors, clocks that differ, and no code twice (RFC 6238)."""

import os
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.authenticators.totp import (
    STEP_SECONDS,
    code_at,
    matching_step,
    new_secret,
    provisioning_uri,
    shown_secret,
    step_at,
)

RFC = b"12345678901234567890"


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238_appendix_b(now, code):
    assert code_at(RFC, step_at(now)) == code[-6:]  # the appendix shows eight digits of the same number


@pytest.mark.parametrize("number", range(10))
def test_the_vectors_of_rfc_4226_appendix_d(number):
    codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
    assert code_at(RFC, number) == codes[number]


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_differ_by_one_step(steps, accepted):
    now = 1_800_000_000
    found = matching_step(RFC, code_at(RFC, step_at(now) + steps), now, 0)
    assert found == (step_at(now) + steps if accepted else None)


@pytest.mark.parametrize("last", [-1, 0, 1])
def test_O_02_a_code_of_a_step_that_was_accepted_or_an_earlier_one_is_wrong(last):
    now = 1_800_000_000
    present = step_at(now)
    for step in (present - 1, present, present + 1):
        found = matching_step(RFC, code_at(RFC, step), now, present + last)
        assert found == (step if step > present + last else None)


@given(st.integers(STEP_SECONDS, 2**40), st.binary(min_size=20, max_size=20))
def test_an_app_with_the_right_time_is_always_right(now, secret):
    assert matching_step(secret, code_at(secret, step_at(now)), now, 0) is not None


@given(st.text(max_size=12))
def test_what_is_no_code_is_never_right(typed):
    now = 1_800_000_000
    present = step_at(now)
    right = {code_at(RFC, present + i) for i in (-1, 0, 1)}
    assert (matching_step(RFC, typed, now, 0) is not None) == (typed in right)


def test_a_secret_has_160_bits_and_is_shown_in_groups():
    secret = new_secret(os.urandom)
    assert len(secret) == 20
    assert len(shown_secret(secret).replace(" ", "")) == 32


def test_the_address_in_the_picture_is_what_apps_read():
    address = urlsplit(provisioning_uri(RFC, issuer="재외국민 ID", account="Mobile ID"))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert unquote(address.path) == "/재외국민 ID:Mobile ID"
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert query == {"secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "issuer": "재외국민 ID", "digits": "6"}
