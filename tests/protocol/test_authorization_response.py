"""RFC 6749 §4.1.2, RFC 9207: where the browser goes, and with what."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given

from idp.protocol.authorization_request import ReturnAddress
from idp.protocol.authorization_response import JARM_SECONDS, failure, success, with_query
from idp.protocol.errors import AccessDenied, InvalidRequest
from tests.protocol.examples import ISSUER, NOW, TEXT
from tests.vectors import published

EXAMPLE = published("rfc6749_section_4_1_2")
ADDRESS = ReturnAddress("c", EXAMPLE["redirect_uri"], EXAMPLE["state"])


def never(_claims):
    raise AssertionError("a plain answer is not signed")


def success_uri(address, *, code):
    return success(address, code=code, issuer=ISSUER, now=NOW, sign=never).location


def error_uri(address, error):
    return failure(address, error, issuer=ISSUER, now=NOW, sign=never).location


def query(uri):
    return dict(parse_qsl(urlsplit(uri).query, keep_blank_values=True, strict_parsing=True))


def test_the_published_answers_with_the_issuer_added():
    added = "&iss=https%3A%2F%2Fid.example.go.kr"
    assert success_uri(ADDRESS, code=EXAMPLE["code"]) == EXAMPLE["success"] + added
    told = query(error_uri(ADDRESS, AccessDenied()))
    assert told.pop("iss") == ISSUER
    assert told.pop("error_description").isascii()
    assert told == query(EXAMPLE["error"])


def test_A_17_an_error_carries_only_what_the_specification_names():
    uri = error_uri(ADDRESS, InvalidRequest("secret detail", public="What to mend."))
    assert query(uri).keys() == {"error", "error_description", "state", "iss"}
    assert query(uri)["error_description"] == "What to mend."
    assert "secret" not in uri


def test_a_state_that_was_not_sent_is_not_answered():
    assert "state" not in query(success_uri(ReturnAddress("c", "https://a/b", None), code="x"))


@pytest.mark.parametrize(
    ("uri", "parameters", "result"),
    [
        ("https://a/b", {"state": None}, "https://a/b"),
        ("https://a/b", {"state": "x y"}, "https://a/b?state=x%20y"),
        ("https://a/b?c=d%2f&e", {"state": "x"}, "https://a/b?c=d%2f&e&state=x"),
        ("https://a/b?c=d", {"state": None}, "https://a/b?c=d"),
        ("https://a", {"state": "x"}, "https://a?state=x"),
        ("http://[::1]:5/b", {"state": "x"}, "http://[::1]:5/b?state=x"),
    ],
)
def test_what_the_address_had_stays_as_it_was(uri, parameters, result):
    assert with_query(uri, parameters) == result


@given(TEXT)
def test_A_05_state_comes_back_character_by_character_and_can_add_nothing(state):
    uri = success_uri(ReturnAddress("c", "https://rp.go.kr/cb?x=1", state), code="the-code")
    assert uri.isascii()
    assert uri.startswith("https://rp.go.kr/cb?x=1&code=the-code&state=")
    assert query(uri) == {"x": "1", "code": "the-code", "state": state, "iss": ISSUER}


def test_form_post_says_the_same_in_a_form():
    address = ReturnAddress("c", "https://rp.go.kr/cb?x=1", "s", "form_post")
    answer = success(address, code="the-code", issuer=ISSUER, now=NOW, sign=never)
    assert answer.as_form
    assert answer.redirect_uri == "https://rp.go.kr/cb?x=1"
    assert answer.parameters == {"code": "the-code", "state": "s", "iss": ISSUER}
    told = failure(address, AccessDenied(), issuer=ISSUER, now=NOW, sign=never)
    assert told.parameters.keys() == {"error", "error_description", "state", "iss"}


@pytest.mark.parametrize(("mode", "as_form"), [("query.jwt", False), ("form_post.jwt", True)])
@pytest.mark.parametrize("state", [None, "s"])
def test_a_signed_answer_carries_everything_inside_and_nothing_beside(mode, as_form, state):
    signed = []
    address = ReturnAddress("c", "https://rp.go.kr/cb", state, mode)
    told = {} if state is None else {"state": "s"}

    def sign(claims):
        signed.append(dict(claims))
        return "the.jwt.text"

    answers = [
        success(address, code="the-code", issuer=ISSUER, now=NOW, sign=sign),
        failure(address, AccessDenied(), issuer=ISSUER, now=NOW, sign=sign),
    ]
    frame = {"iss": ISSUER, "aud": "c", "exp": NOW + JARM_SECONDS} | told
    error = {"error": "access_denied", "error_description": AccessDenied.public}
    assert signed == [frame | {"code": "the-code"}, frame | error]
    for answer in answers:
        assert answer.as_form is as_form
        assert answer.parameters == {"response": "the.jwt.text"}
    assert 10 < JARM_SECONDS <= 600
