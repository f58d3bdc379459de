"""The order in which gateways are asked."""

import pytest

from idp.telephony.channel import Channel
from idp.telephony.routing import FLOOR, Carrier, Success, order

BOTH = frozenset(Channel)
CARRIERS = [
    Carrier("a", BOTH),
    Carrier("b", BOTH),
    Carrier("c", frozenset({Channel.SMS})),
    Carrier("k", BOTH, frozenset({"KR"})),
]


def names(**changed):
    given = {"region": "DE", "channel": Channel.SMS, "preferred": [], "success": {}}
    return order(CARRIERS, **(given | changed))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ["a", "b", "c"]),
        ({"preferred": ["c", "b"]}, ["c", "b", "a"]),
        ({"preferred": ["nobody", "b"]}, ["b", "a", "c"]),
        ({"channel": Channel.VOICE}, ["a", "b"]),
        ({"region": "KR"}, ["a", "b", "c", "k"]),
        ({"region": "KR", "preferred": ["k"]}, ["k", "a", "b", "c"]),
        ({"used": {"a"}}, ["b", "c", "a"]),
        ({"used": {"a", "b", "c"}}, ["a", "b", "c"]),
    ],
)
def test_the_countrys_order_then_the_files_and_used_ones_last(changed, expected):
    assert names(**changed) == expected


@pytest.mark.parametrize(
    ("success", "expected"),
    [
        ({"a": (1000, 600), "b": (1000, 950), "c": (1000, 940)}, ["b", "c", "a"]),
        ({"a": (1000, 900), "b": (1000, 990)}, ["c", "a", "b"]),  # nearly as good keeps its place
        ({"a": (FLOOR - 1, 0)}, ["a", "b", "c"]),  # too little is known
        ({"a": (FLOOR, 0)}, ["b", "c", "a"]),
        ({"a": (1000, 600), "b": (1000, 500), "c": (1000, 100)}, ["a", "b", "c"]),
        ({"stranger": (1000, 0)}, ["a", "b", "c"]),
    ],
)
def test_measured_success_goes_before_the_configured_order(success, expected):
    assert names(success={name: Success(*both) for name, both in success.items()}) == expected


def test_success_is_never_more_than_all():
    assert Success(100, 120).percent == 100
