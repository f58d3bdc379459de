"""RFC 6749 §3.1 and §3.2: each parameter once, empty ones absent, everything bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.errors import InvalidRequest
from idp.protocol.parameters import (
    MAX_LENGTH,
    MAX_PARAMETERS,
    RepeatedParameter,
    has_controls,
    require,
    single_valued,
)
from tests.protocol.examples import TEXT


def test_a_parameter_without_value_counts_as_omitted():
    assert single_valued([("scope", "openid"), ("nonce", "")]) == {"scope": "openid"}


@pytest.mark.parametrize(
    "pairs",
    [
        [("client_id", "a"), ("client_id", "b")],
        [("client_id", "a"), ("client_id", "a")],
        [("scope", ""), ("scope", "openid")],
        [("nonsense", "1"), ("state", "x"), ("nonsense", "2")],
    ],
)
def test_A_02_a_repeated_parameter_is_refused_by_name(pairs):
    with pytest.raises(RepeatedParameter) as refused:
        single_valued(pairs)
    assert refused.value.name == pairs[0][0]
    assert pairs[0][0] not in refused.value.description


@pytest.mark.parametrize(
    ("pairs", "accepted"),
    [
        ([(f"p{i}", "x") for i in range(MAX_PARAMETERS)], True),
        ([(f"p{i}", "x") for i in range(MAX_PARAMETERS + 1)], False),
        ([("p", "x" * MAX_LENGTH)], True),
        ([("p", "x" * (MAX_LENGTH + 1))], False),
        ([("p" * MAX_LENGTH, "x")], True),
        ([("p" * (MAX_LENGTH + 1), "x")], False),
    ],
)
def test_D_09_number_and_length_are_bounded(pairs, accepted):
    if accepted:
        assert single_valued(pairs) == dict(pairs)
        return
    with pytest.raises(InvalidRequest):
        single_valued(pairs)


def test_a_missing_parameter_is_named_to_the_client():
    assert require({"code": "x"}, "code") == "x"
    with pytest.raises(InvalidRequest) as refused:
        require({}, "code")
    assert refused.value.description == "The parameter code is missing."


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        *((text, True) for text in ("\0", "a\r\nb", "\t", "\x7f", "\x85", "\x9f")),
        *((text, False) for text in (" ", "~", "\xa0", "정부 24", "")),
    ],
)
def test_H_05_control_characters_are_recognised(value, holds):
    assert has_controls(value) is holds


@given(st.lists(st.tuples(TEXT, TEXT), max_size=70))
def test_any_list_becomes_a_dict_or_a_typed_refusal(pairs):
    try:
        found = single_valued(pairs)
    except InvalidRequest:
        return
    assert found == {name: value for name, value in pairs if value}
    assert len(pairs) == len({name for name, _ in pairs})
