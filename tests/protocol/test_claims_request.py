"""OpenID Connect Core 1.0 §5.5: the shapes of the claims parameter, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.claims_request import MAX_CLAIMS, MAX_VALUES, ClaimRequest, ClaimsRequest, meaning, parse_claims
from idp.protocol.errors import InvalidRequest
from tests.protocol.examples import TEXT


@pytest.mark.parametrize(
    ("text", "userinfo", "id_token"),
    [
        (None, {}, {}),
        ("{}", {}, {}),
        ('{"userinfo": null}', {}, {}),
        ('{"verified_claims": [1], "userinfo": {}}', {}, {}),
        ('{"userinfo": {"name": null}}', {"name": ClaimRequest()}, {}),
        ('{"userinfo": {"name": {}}}', {"name": ClaimRequest()}, {}),
        ('{"userinfo": {"name": {"essential": true, "purpose": 1}}}', {"name": ClaimRequest(essential=True)}, {}),
        ('{"id_token": {"acr": {"values": ["a", "b"]}}}', {}, {"acr": ClaimRequest(values=("a", "b"))}),
        ('{"id_token": {"sub": {"value": "x"}}}', {}, {"sub": ClaimRequest(values=("x",))}),
        ('{"id_token": {"sub": {"value": "x", "values": ["y"]}}}', {}, {"sub": ClaimRequest(values=("x",))}),
        (
            '{"userinfo": {"address": {"value": {"country": "DE"}}}}',
            {"address": ClaimRequest(values=({"country": "DE"},))},
            {},
        ),
        ('{\n\t"userinfo": {"name#ko-Hang": null}}', {"name#ko-Hang": ClaimRequest()}, {}),
    ],
)
def test_the_shapes_of_the_specification(text, userinfo, id_token):
    assert parse_claims(text) == ClaimsRequest(userinfo=userinfo, id_token=id_token)


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "[]", "null", "1", '"userinfo"', "{", '{"userinfo":}', "{'userinfo': {}}"),
        *('{"userinfo": []}', '{"userinfo": "name"}', '{"userinfo": 0}', '{"id_token": false}'),
        *('{"userinfo": {"name": true}}', '{"userinfo": {"name": "x"}}', '{"userinfo": {"name": []}}'),
        *('{"userinfo": {"name": {"essential": "yes"}}}', '{"userinfo": {"name": {"essential": 1}}}'),
        *('{"userinfo": {"name": {"essential": null}}}', '{"userinfo": {"name": {"values": "x"}}}'),
        *('{"userinfo": {"name": {"values": {"a": 1}}}}', '{"userinfo": {"name": {"values": null}}}'),
        pytest.param(json.dumps({"userinfo": {f"c{i}": None for i in range(MAX_CLAIMS + 1)}}), id="a hundred and one"),
        pytest.param(json.dumps({"id_token": {f"c{i}": None for i in range(10_000)}}), id="ten thousand"),
        pytest.param(json.dumps({"id_token": {"acr": {"values": ["x"] * (MAX_VALUES + 1)}}}), id="too many values"),
        pytest.param('{"userinfo":' * 5_000, id="deep objects"),
        pytest.param("[" * 100_000, id="deep lists"),
        pytest.param('{"userinfo": {"age": {"value": ' + "9" * 5_000 + "}}}", id="a number of 5,000 digits"),
        pytest.param('{"userinfo": {"a\0": null}}', id="NUL in a name"),
    ],
)
def test_A_14_D_09_any_other_shape_is_refused(text):
    with pytest.raises(InvalidRequest) as refused:
        parse_claims(text)
    assert refused.value.code == "invalid_request"
    assert refused.value.description == "The claims parameter is malformed."


def test_A_14_the_largest_request_is_accepted():
    most = {"userinfo": {f"c{i}": {"values": ["x"] * MAX_VALUES} for i in range(MAX_CLAIMS)}}
    assert len(parse_claims(json.dumps(most)).userinfo) == MAX_CLAIMS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["userinfo", "id_token", "value", "values", "essential", "name"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.one_of(TEXT, JSON.map(json.dumps)))
def test_A_14_any_text_is_a_request_or_a_typed_refusal(text):
    try:
        assert isinstance(parse_claims(text), ClaimsRequest)
    except InvalidRequest:
        return


@given(JSON.map(json.dumps) | st.none(), st.text(min_size=1, max_size=30))
def test_A_13_who_is_meant_is_asked_for_and_nothing_else_changes(text, subject):
    try:
        before = parse_claims(text)
    except InvalidRequest:
        return
    after = parse_claims(meaning(text, subject))
    named = before.id_token.get("sub")
    assert after.id_token["sub"].values == (named.values if named and named.values else (subject,))
    assert after.userinfo == before.userinfo
    assert {n: v for n, v in after.id_token.items() if n != "sub"} == {
        n: v for n, v in before.id_token.items() if n != "sub"
    }
