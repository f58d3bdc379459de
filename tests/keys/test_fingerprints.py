"""Keyed HMAC: what it is over, and which of several secrets it stays with."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.keys.fingerprints import Fingerprints
from idp.keys.secrets import Purpose
from tests.keys.examples import ROTATED, SECRETS


def test_each_part_is_preceded_by_its_length():
    key = SECRETS.key(Purpose.LOOK_UP, 1)
    message = b"\0\0\0\x05phone\0\0\0\x03+49"
    assert Fingerprints(SECRETS, Purpose.LOOK_UP, lasting=True).of("phone", b"+49") == hmac.digest(
        key, message, "sha256"
    )


PARTS = st.lists(
    st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), st.binary(max_size=8)), max_size=4
)


@given(PARTS, PARTS)
def test_two_lists_that_differ_never_collide(one, other):
    marks = Fingerprints(SECRETS, Purpose.LOOK_UP, lasting=True)
    raw = [[p.encode() if isinstance(p, str) else p for p in parts] for parts in (one, other)]
    assert (marks.of(*one) == marks.of(*other)) is (raw[0] == raw[1])


@pytest.mark.parametrize(("lasting", "stays"), [(True, True), (False, False)])
def test_a_lasting_fingerprint_survives_a_new_secret(lasting, stays):
    before = Fingerprints(SECRETS, Purpose.SUBJECT, lasting=lasting).of("a")
    assert (Fingerprints(ROTATED, Purpose.SUBJECT, lasting=lasting).of("a") == before) is stays


def test_purposes_do_not_meet():
    marks = [Fingerprints(SECRETS, purpose, lasting=True).of("a") for purpose in Purpose]
    assert len(set(marks)) == len(marks)
