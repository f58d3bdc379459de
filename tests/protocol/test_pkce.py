"""RFC 7636, S256 only; RFC 9700 §2.1.1 and §4.8.2."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from idp.protocol.errors import InvalidGrant, InvalidRequest
from idp.protocol.pkce import challenge_of, check_verifier, s256_challenge
from tests.protocol.examples import CHALLENGE, GOV24, TEXT, VERIFIER, changed

SENT = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
WAIVED = replace(GOV24, pkce_required=False)


def test_the_published_verifier_makes_the_published_challenge():
    assert s256_challenge(VERIFIER) == CHALLENGE


def test_a_well_formed_challenge_is_taken_as_it_is():
    assert challenge_of(SENT, GOV24) == CHALLENGE
    assert challenge_of(SENT, WAIVED) == CHALLENGE


def test_P_01_without_a_challenge_only_a_client_with_the_waiver_goes_on():
    assert challenge_of({}, WAIVED) is None
    with pytest.raises(InvalidRequest, match="no PKCE"):
        challenge_of({}, GOV24)


@pytest.mark.parametrize("client", [GOV24, WAIVED])
@pytest.mark.parametrize("method", ["plain", None, "s256", "S512", "S256 ", "none"])
def test_P_02_every_method_but_S256_is_refused(client, method):
    with pytest.raises(InvalidRequest, match="method"):
        challenge_of(changed(SENT, code_challenge_method=method), client)


@pytest.mark.parametrize("client", [GOV24, WAIVED])
def test_P_02_a_method_without_challenge_is_refused(client):
    with pytest.raises(InvalidRequest, match="method without challenge"):
        challenge_of({"code_challenge_method": "S256"}, client)


@pytest.mark.parametrize(
    "challenge",
    [CHALLENGE[:-1], CHALLENGE + "A", CHALLENGE + "=", CHALLENGE[:-1] + "+", CHALLENGE[:-1] + "é", CHALLENGE + "\n"],
)
def test_P_05_a_challenge_that_is_no_sha256_is_refused(challenge):
    with pytest.raises(InvalidRequest, match="malformed challenge"):
        challenge_of(changed(SENT, code_challenge=challenge), GOV24)


def test_the_rightful_verifier_opens_its_challenge():
    check_verifier(VERIFIER, CHALLENGE)
    check_verifier(None, None)


@pytest.mark.parametrize("length", [43, 128])
def test_P_05_the_shortest_and_the_longest_verifier_are_accepted(length):
    check_verifier("a" * length, s256_challenge("a" * length))


@pytest.mark.parametrize(
    ("verifier", "challenge", "why"),
    [
        pytest.param(None, CHALLENGE, "missing", id="P-03 no verifier"),
        pytest.param(VERIFIER, None, "without challenge", id="P-04 downgrade"),
        pytest.param("a" * 42, s256_challenge("a" * 42), "malformed", id="P-05 too short"),
        pytest.param("a" * 129, s256_challenge("a" * 129), "malformed", id="P-05 too long"),
        pytest.param(VERIFIER + "=", s256_challenge(VERIFIER + "="), "malformed", id="P-05 padding"),
        pytest.param("+" * 43, s256_challenge("+" * 43), "malformed", id="P-05 plus"),
        pytest.param("é" * 43, s256_challenge("é" * 43), "malformed", id="P-05 unicode"),
        pytest.param(VERIFIER + "\n", s256_challenge(VERIFIER + "\n"), "malformed", id="P-05 line end"),
        pytest.param("a" * 43, CHALLENGE, "does not match", id="P-07 another flow's verifier"),
        pytest.param(CHALLENGE, CHALLENGE, "does not match", id="P-07 the challenge itself"),
    ],
)
def test_P_03_P_04_P_05_P_07_a_verifier_that_does_not_open_is_an_invalid_grant(verifier, challenge, why):
    with pytest.raises(InvalidGrant, match=why):
        check_verifier(verifier, challenge)


@given(st.from_regex(r"[A-Za-z0-9\-._~]{43,128}", fullmatch=True))
def test_no_other_verifier_opens_the_challenge(guess):
    assume(guess != VERIFIER)
    with pytest.raises(InvalidGrant):
        check_verifier(guess, CHALLENGE)


@given(TEXT, TEXT)
def test_any_text_is_a_challenge_or_a_typed_refusal(challenge, method):
    try:
        assert len(challenge_of({"code_challenge": challenge, "code_challenge_method": method}, GOV24)) == 43
    except InvalidRequest:
        return
