"""RFC 9562 §5.7."""

from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.keys.identifiers import new_id
from tests.vectors import published

VECTOR = published("rfc9562_a_6")


def test_the_published_identifier():
    made = new_id(VECTOR["unix_ts_ms"], lambda size: bytes.fromhex(VECTOR["random"])[:size])
    assert made == UUID(VECTOR["uuid"])


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_version_variant_and_time_are_always_there(milliseconds, random):
    made = new_id(milliseconds, lambda _: random)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == milliseconds


@given(st.integers(0, 2**48 - 2), st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_later_ones_sort_later(milliseconds, one, other):
    assert new_id(milliseconds, lambda _: one) < new_id(milliseconds + 1, lambda _: other)


@pytest.mark.parametrize("bit", [b for b in range(80) if b not in {62, 63, 76, 77, 78, 79}])
def test_every_other_bit_is_random(bit):
    empty, full = new_id(0, lambda _: bytes(10)), new_id(0, lambda _: (1 << bit).to_bytes(10, "big"))
    assert empty.int ^ full.int == 1 << bit
