"""authorization_details (RFC 9396 §5): typed, complete, of known values, or refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.authorization_details import TYPES, check_same, details_text, parse_details
from idp.protocol.errors import InvalidAuthorizationDetails

ACCOUNT = {"type": "account_opening", "product": "savings", "purpose": "salary"}
OTHER = ACCOUNT | {"product": "deposit"}


def test_nothing_asked_is_nothing_shown():
    assert parse_details(None, TYPES) == ()
    assert details_text(()) is None


def test_the_canonical_text_means_the_same():
    text = json.dumps([dict(reversed(ACCOUNT.items())), OTHER], indent=2)
    details = parse_details(text, TYPES)
    assert [one.as_json() for one in details] == [ACCOUNT, OTHER]
    assert parse_details(details_text(details), TYPES) == details


@pytest.mark.parametrize(
    "value",
    [
        "",
        "{",
        "[" * 3000,
        "null",
        "{}",
        "[]",
        "[null]",
        "[[]]",
        json.dumps(ACCOUNT),
        json.dumps([ACCOUNT] * 11),
        json.dumps([ACCOUNT | {"product": "x" * 5000}]),
        *(
            json.dumps([ACCOUNT, wrong])
            for wrong in (
                {},
                {"type": "payment_initiation"},
                {"type": None},
                {"type": ["account_opening"]},
                {"type": "account_opening"},
                {"type": "account_opening", "product": "savings"},
                ACCOUNT | {"product": "SAVINGS"},
                ACCOUNT | {"product": None},
                ACCOUNT | {"product": ["savings"]},
                ACCOUNT | {"purpose": "<script>"},
                ACCOUNT | {"amount": "1"},
                ACCOUNT | {"locations": []},
            )
        ),
    ],
    ids=lambda value: value[:60],
)
def test_refused(value):
    with pytest.raises(InvalidAuthorizationDetails):
        parse_details(value, TYPES)


def test_a_type_that_the_client_did_not_register_is_refused():
    with pytest.raises(InvalidAuthorizationDetails, match="not one of this client"):
        parse_details(json.dumps([ACCOUNT]), ())


@pytest.mark.parametrize(
    ("asked", "granted", "same"),
    [
        (None, None, True),
        (None, [ACCOUNT], True),
        ([ACCOUNT], [ACCOUNT], True),
        ([OTHER, ACCOUNT], [ACCOUNT, OTHER], True),
        ([ACCOUNT], None, False),
        ([ACCOUNT], [ACCOUNT, OTHER], False),
        ([ACCOUNT, OTHER], [ACCOUNT], False),
        ([OTHER], [ACCOUNT], False),
    ],
    ids=str,
)
def test_a_token_request_may_repeat_what_was_granted_and_nothing_else(asked, granted, same):
    texts = [None if one is None else json.dumps(one) for one in (asked, granted)]
    if same:
        check_same(*texts)
    else:
        with pytest.raises(InvalidAuthorizationDetails):
            check_same(*texts)


@given(st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_whatever_is_sent_is_refused(value):
    with pytest.raises(InvalidAuthorizationDetails):
        parse_details(json.dumps(value), TYPES)
