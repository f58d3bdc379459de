"""The resource parameter (RFC 8707): absolute, without fragment, registered, several allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.errors import InvalidTarget
from idp.protocol.parameters import single_valued
from idp.protocol.resource_indicators import resources_of

API, FILES = "https://api.example/v1", "https://files.example"
ALLOWED = (API, FILES)


def asked(*values):
    return resources_of(single_valued(("resource", value) for value in values), ALLOWED)


@pytest.mark.parametrize(
    ("values", "expected"),
    [((), ()), (("",), ()), ((API,), (API,)), ((API, FILES), (API, FILES)), ((API, API), (API,)), ((API, ""), (API,))],
)
def test_resource_may_stand_several_times(values, expected):
    assert asked(*values) == expected


@pytest.mark.parametrize(
    "values",
    [
        ("https://other.example",),
        (API, "https://other.example"),
        (API + "/",),
        (API.upper(),),
        (f"{API}#part",),
        (f"{API} {FILES}",),  # one value that reads like two
        (f"{API} ",),
        ("/v1",),
        ("//api.example/v1",),
        ("https:",),
        ("api.example",),
        ("https://api.example/\u00fc",),
        ("https://api.example/\x00",),
        tuple(f"https://{i}.example" for i in range(21)),
    ],
    ids=str,
)
def test_invalid_target(values):
    with pytest.raises(InvalidTarget):
        asked(*values)


def test_even_a_registered_value_must_be_absolute():
    with pytest.raises(InvalidTarget):
        resources_of({"resource": "relative"}, ("relative",))


@given(st.lists(st.text(max_size=30), max_size=4))
def test_whatever_is_sent_only_registered_ones_come_out(values):
    try:
        assert set(asked(*values)) <= set(ALLOWED)
    except InvalidTarget:
        assert set(values) - {*ALLOWED, ""}
