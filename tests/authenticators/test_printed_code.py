"""Printed one-time codes: how they are made, typed and stored."""

import os
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.authenticators.printed_code import ALPHABET, CODES, digest_of, new_codes, read_typed, shown
from idp.keys.fingerprints import Fingerprints
from idp.keys.secrets import Purpose
from tests.keys.examples import SECRETS

KEYED = Fingerprints(SECRETS, Purpose.PRINTED_CODE, lasting=True)
ME, YOU = UUID(int=1), UUID(int=2)


def test_a_sheet_has_ten_different_codes_of_eight_letters_that_nobody_misreads():
    codes = new_codes(os.urandom)
    assert len(set(codes)) == len(codes) == CODES
    assert all(len(code) == 8 and set(code) <= set(ALPHABET) for code in codes)
    assert not set("ILOU") & set(ALPHABET)


def test_a_source_that_repeats_itself_makes_no_double_code():
    drawn = iter([b"\0" * 5, b"\0" * 5, *(bytes([i]) * 5 for i in range(1, 20))])
    assert len(set(new_codes(lambda _length: next(drawn)))) == CODES


@given(st.binary(min_size=50, max_size=50))
def test_what_is_printed_can_be_typed(raw):
    position = iter(range(0, 50, 5))
    try:
        codes = new_codes(lambda length: raw[(at := next(position)) : at + length])
    except StopIteration:
        return  # a code stood twice in the ten
    for code in codes:
        assert (
            read_typed(shown(code)) == read_typed(shown(code).lower()) == read_typed(f" {code[:2]} {code[2:]} ") == code
        )


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("oiL0-1234", "01101234"),
        ("７Ｋ２Ｍ－９ＱＸＲ", "7K2M9QXR"),
        ("7K2M–9QXR", "7K2M9QXR"),
        ("", None),
        ("7K2M9QX", None),
        ("7K2M9QXRX", None),
        ("7K2M-9QXU", None),
        ("7K2M9QX\0", None),
        ("7" * 41, None),
    ],
)
def test_how_a_code_may_be_typed(typed, code):
    assert read_typed(typed) == code


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_code_or_none(typed):
    found = read_typed(typed)
    assert found is None or (len(found) == 8 and set(found) <= set(ALPHABET))


def test_O_03_the_code_of_one_person_is_another_person_s_wrong_one():
    assert digest_of("7K2M9QXR", ME, KEYED) != digest_of("7K2M9QXR", YOU, KEYED)
    assert len(digest_of("7K2M9QXR", ME, KEYED)) == 32
