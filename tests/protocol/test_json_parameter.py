"""JSON in a parameter is read strictly: what passes can be kept, written and read again (abuse cases A-14, D-09)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.json_parameter import MAX_DEPTH, MalformedJson, read_json, write_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def nested(depth):
    return "[" * depth + "]" * depth


@pytest.mark.parametrize("text", ["{}", "null", "5", '"\\ud55c"', '{"a":{"b":[1,2.5,null]}}', nested(MAX_DEPTH)])
def test_ordinary_json_is_read(text):
    assert read_json(text) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "\ufeff{}",
        '{"a":1,"a":2}',
        '{"a":{"b":1,"b":1}}',
        "NaN",
        "[Infinity]",
        "[-Infinity]",
        "[1e999]",
        "[" + "9" * 5000 + "]",
        '"\\ud800"',
        '{"\\udfff":1}',
        *(nested(depth) for depth in (MAX_DEPTH + 1, 500, 980, 3000)),
        '{"a":' * 20 + "1" + "}" * 20,
    ],
    ids=lambda text: text[:20] or "empty",
)
def test_A_14_D_09_anything_else_is_refused(text):
    with pytest.raises(MalformedJson):
        read_json(text)


@given(st.text(max_size=60) | VALUES.map(json.dumps))
def test_what_is_read_can_be_written_and_read_again(text):
    try:
        value = read_json(text)
    except MalformedJson:
        return
    assert read_json(write_json(value)) == value
