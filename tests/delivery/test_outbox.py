"""When a delivery is tried again, and when it is given up."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.delivery.outbox import (
    LONGEST_WAIT_SECONDS,
    MAX_ATTEMPTS,
    DeliveryFailure,
    NotDelivered,
    OutboxItem,
    Undeliverable,
    next_attempt,
)

NOW = 1_800_000_000
# The low byte of the id spreads the waits; zero adds nothing.
ITEM = OutboxItem(UUID(int=0), "text_message", b"", 1, NOW, NOW + 600)


@pytest.mark.parametrize(
    ("attempts", "wait"),
    [(1, 2), (2, 4), (3, 8), (4, 16), (8, 256), (9, 512)],
)
def test_waiting_doubles(attempts, wait):
    assert next_attempt(replace(ITEM, attempts=attempts), NOW, NotDelivered("x")) == NOW + wait


def test_waiting_has_an_upper_limit_when_the_delivery_keeps_its_worth():
    item = replace(ITEM, attempts=MAX_ATTEMPTS - 1, not_after=NOW + 86_400)
    assert next_attempt(item, NOW, NotDelivered("x")) == NOW + LONGEST_WAIT_SECONDS


@pytest.mark.parametrize(("wish", "wait"), [(0, 2), (1, 2), (30, 30)])
def test_the_other_side_may_ask_for_a_longer_pause_but_not_for_a_shorter_one(wish, wait):
    assert next_attempt(ITEM, NOW, NotDelivered("x", wait=wish)) == NOW + wait


@pytest.mark.parametrize(
    ("why", "item", "failure"),
    [
        ("no attempt can succeed", ITEM, Undeliverable("x")),
        ("an unknown failure", ITEM, DeliveryFailure("x")),
        ("the code has expired", replace(ITEM, not_after=NOW + 2), NotDelivered("x")),
        ("it expires before the pause is over", ITEM, NotDelivered("x", wait=600)),
        ("too many attempts", replace(ITEM, attempts=MAX_ATTEMPTS, not_after=NOW + 10**6), NotDelivered("x")),
        ("it may already be out, twice", replace(ITEM, attempts=2), NotDelivered("x", uncertain=True)),
    ],
)
def test_given_up(why, item, failure):
    assert next_attempt(item, NOW, failure) is None, why


def test_an_uncertain_outcome_is_tried_once_more():
    assert next_attempt(ITEM, NOW, NotDelivered("x", uncertain=True)) == NOW + 2


@given(
    st.integers(1, 10_000),
    st.uuids(),
    st.integers(NOW - 1000, NOW + 10**7),
    st.builds(NotDelivered, st.just("x"), wait=st.integers(0, 10**6), uncertain=st.booleans()),
)
def test_the_next_attempt_is_later_than_now_and_before_it_is_worthless(attempts, id_, not_after, failure):
    at = next_attempt(OutboxItem(id_, "k", b"", attempts, NOW, not_after), NOW, failure)
    assert at is None or NOW + max(2, failure.wait) <= at < not_after


def test_O_10_an_item_in_a_traceback_does_not_show_its_payload():
    assert "secret" not in repr(replace(ITEM, payload=b"secret"))
