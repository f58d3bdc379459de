"""The outer form of what a page posts: bounded, of the known shape, never a crash."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.authenticators.ceremony import (
    MAX_CREDENTIAL_ID,
    MAX_JSON,
    CeremonyRefused,
    decode,
    read_response,
    refuse_frames,
)
from tests.authenticators.ceremonies import asserted, b64, text

GOOD = asserted()


def test_the_known_shape_is_read():
    assert read_response(text(GOOD)) == GOOD


@pytest.mark.parametrize(
    ("length", "accepted"), [(0, False), (1, True), (MAX_CREDENTIAL_ID, True), (MAX_CREDENTIAL_ID + 1, False)]
)
def test_W_11_a_credential_id_has_1_to_1023_bytes(length, accepted):
    credential = b64(b"x" * length)
    document = text({"id": credential, "rawId": credential, "response": {}})
    if accepted:
        assert read_response(document)["id"] == credential
        return
    with pytest.raises(CeremonyRefused):
        read_response(document)


@pytest.mark.parametrize(
    "posted",
    [
        *(
            "",
            "null",
            "[]",
            "5",
            '"x"',
            "{",
            "{}",
            '{"response": []}',
            '{"response": {}}',
            '{"response": {}, "rawId": 5}',
        ),
        *('{"response": {}, "rawId": "é", "id": "é"}', '{"response": {}, "rawId": "A", "id": "A"}'),
        text(GOOD | {"id": "AAAA"}),
        text(GOOD | {"id": None}),
        text(GOOD | {"rawId": GOOD["rawId"] + "="}),
        pytest.param('{"response":' * 2_500, id="D-09 deep"),
        pytest.param("[" * MAX_JSON, id="D-09 deeper"),
        pytest.param(text(GOOD) + " " * MAX_JSON, id="D-09 long"),
        pytest.param('{"response": {"x": ' + "9" * 5_000 + "}}", id="D-09 a number of 5,000 digits"),
    ],
)
def test_W_11_D_09_any_other_shape_is_refused(posted):
    with pytest.raises(CeremonyRefused):
        read_response(posted)


@pytest.mark.parametrize("raw", [b"{}", b'{"crossOrigin":false}', b'{"origin":"x"}'])
def test_W_03_no_sign_of_a_frame_is_fine(raw):
    refuse_frames(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"{",
        b'{"crossOrigin":true}',
        b'{"topOrigin":null}',
        b'{"topOrigin":""}',
        b"[" * 9_999,
    ],
)
def test_W_03_any_sign_of_a_frame_and_any_other_shape_is_refused(raw):
    with pytest.raises(CeremonyRefused):
        refuse_frames(raw)


@given(st.binary(max_size=60))
def test_bytes_are_decoded_as_they_were_encoded(raw):
    assert decode(b64(raw)) == raw


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "rawId", "response", "type"]), inner)
    ),
    max_leaves=6,
)


@given(st.one_of(st.text(max_size=60), JSON.map(json.dumps)))
def test_any_text_is_a_response_or_a_typed_refusal(posted):
    try:
        assert isinstance(read_response(posted)["response"], dict)
    except CeremonyRefused:
        return


@given(st.binary(max_size=60))
def test_any_bytes_are_client_data_or_a_typed_refusal(raw):
    try:
        refuse_frames(raw)
    except CeremonyRefused:
        return
