"""What a browser remembers of the sign-ins it began, and which answers a service reads at all."""

import pytest

from clients.relying_party.authorization import (
    LIFETIME_SECONDS,
    MOST_PENDING,
    Asked,
    authorization_code,
    remember,
    single_valued,
    take,
)
from clients.relying_party.refusals import SignInRefusedError

ISSUER = "https://id.example"
ASKED = Asked(nonce="n", code_verifier="v" * 43, asked_at=100)


def test_a_request_is_found_by_its_state_once():
    session = {}
    remember(session, "s", ASKED)
    assert take(session, "s", now=101) == ASKED
    with pytest.raises(SignInRefusedError, match="not_this_browser"):
        take(session, "s", now=101)


@pytest.mark.parametrize("state", [None, "", "S", "other"])
def test_another_state_finds_nothing_and_takes_nothing(state):
    session = {}
    remember(session, "s", ASKED)
    with pytest.raises(SignInRefusedError, match="not_this_browser"):
        take(session, state, now=101)
    assert take(session, "s", now=101) == ASKED


@pytest.mark.parametrize(("age", "lives"), [(0, True), (LIFETIME_SECONDS - 1, True), (LIFETIME_SECONDS, False)])
def test_a_request_lives_an_hour(age, lives):
    session = {}
    remember(session, "s", ASKED)
    if lives:
        assert take(session, "s", now=ASKED.asked_at + age)
    else:
        with pytest.raises(SignInRefusedError, match="expired"):
            take(session, "s", now=ASKED.asked_at + age)


def test_a_browser_keeps_only_the_newest_requests():
    session = {}
    for number in range(50):
        remember(session, str(number), Asked(nonce="n", code_verifier="v", asked_at=number))
    assert set(session["pending"]) == {str(number) for number in range(50 - MOST_PENDING, 50)}


def test_a_code_comes_only_from_the_issuer_we_know():
    assert authorization_code({"code": "c", "iss": ISSUER}, ISSUER) == "c"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"code": "c"}, "unverified"),
        ({"code": "c", "iss": ISSUER + "/"}, "unverified"),
        ({"code": "c", "iss": "https://evil.example"}, "unverified"),
        ({"iss": ISSUER}, "unverified"),
        ({"code": "", "iss": ISSUER}, "unverified"),
        ({"error": "access_denied"}, "unverified"),
        ({"error": "access_denied", "iss": ISSUER}, "access_denied"),
        ({"error": "access_denied", "code": "c", "iss": ISSUER}, "access_denied"),
        ({"error": "", "code": "c", "iss": ISSUER}, "misconfigured"),
        ({"error": "consent_required", "iss": ISSUER}, "consent_required"),
        ({"error": "interaction_required", "iss": ISSUER}, "login_required"),
        ({"error": "temporarily_unavailable", "iss": ISSUER}, "unavailable"),
        ({"error": "invalid_scope", "iss": ISSUER}, "misconfigured"),
    ],
)
def test_every_other_answer_has_its_refusal(answer, reason):
    with pytest.raises(SignInRefusedError) as caught:
        authorization_code(answer, ISSUER)
    assert caught.value.reason == reason


def test_a_repeated_parameter_is_refused():
    assert single_valued({"a": ["1"], "b": ["2"]}) == {"a": "1", "b": "2"}
    with pytest.raises(SignInRefusedError, match="repeated"):
        single_valued({"a": ["1"], "b": ["2", "2"]})
