"""The assurance table: which facts make which level, and what amr says of them (design law 9, RFC 8176)."""

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.claims.assurance import (
    LETTERS,
    Assurance,
    AssuranceError,
    Fact,
    Level,
    amr_of,
    facts_from_text,
    facts_to_text,
    load_assurance,
)
from idp.settings import Settings

TABLE = load_assurance(Settings().assurance_file)
ACR1, ACR2, ACR3 = TABLE.acr_values
ONE = {Fact.PASSKEY, Fact.USER_VERIFIED}
TWO = ONE | {Fact.SECOND_PROOF, Fact.PROOFED}
THREE = TWO | {Fact.DEVICE_BOUND, Fact.ATTESTED, Fact.FRESH, Fact.REGISTERED_ABROAD, Fact.SETTLED}


def test_the_three_levels_have_their_names():
    assert TABLE.acr_values == tuple(f"urn:kr:overseas-id:acr:{n}" for n in (1, 2, 3))


def each_without_one(facts):
    return [facts - {fact} for fact in sorted(facts, key=str)]


@pytest.mark.parametrize(
    ("facts", "reached"),
    [
        (set(), None),
        (ONE, ACR1),
        (ONE | {Fact.TEXT_MESSAGE}, ACR1),
        (TWO, ACR2),
        (TWO | {Fact.ATTESTED}, ACR2),
        (THREE, ACR3),
        (set(Fact), ACR3),
        *((facts, None) for facts in each_without_one(ONE)),
        *((TWO - {fact}, ACR1) for fact in (Fact.SECOND_PROOF, Fact.PROOFED)),
        *((THREE - {fact}, ACR2) for fact in THREE - TWO),
        *((THREE - {fact}, None) for fact in ONE),
    ],
)
def test_A_10_a_level_is_reached_by_all_of_its_facts_and_no_fewer(facts, reached):
    assert TABLE.reached(facts) == reached


@pytest.mark.parametrize(
    ("reached", "wanted", "enough"),
    [
        *((a, b, i >= j) for i, a in enumerate((ACR1, ACR2, ACR3)) for j, b in enumerate((ACR1, ACR2, ACR3))),
        *((None, wanted, False) for wanted in (ACR1, "x", "")),
        *((reached, "x", False) for reached in (ACR3, "x")),
        ("x", ACR1, False),
        (ACR3, "", False),
    ],
)
def test_A_10_a_stronger_level_satisfies_a_weaker_one_and_an_unknown_one_nothing(reached, wanted, enough):
    assert TABLE.satisfies(reached, wanted) is enough


def test_discovery_lists_only_what_can_be_reached():
    assert TABLE.attainable(frozenset()) == TABLE.acr_values
    assert TABLE.attainable(frozenset({Fact.ATTESTED})) == (ACR1, ACR2)
    assert TABLE.attainable(frozenset({Fact.PASSKEY})) == ()


@pytest.mark.parametrize(
    ("facts", "amr"),
    [
        (ONE, ["swk", "user"]),
        (ONE | {Fact.DEVICE_BOUND}, ["hwk", "user"]),
        (TWO | {Fact.TEXT_MESSAGE}, ["swk", "user", "sms", "mfa"]),
        (TWO | {Fact.VOICE_CALL}, ["swk", "user", "tel", "mfa"]),
        (THREE | {Fact.TEXT_MESSAGE}, ["hwk", "user", "sms", "mfa", "pop"]),
        ((THREE | {Fact.TEXT_MESSAGE}) - {Fact.FRESH}, ["hwk", "user", "sms", "mfa"]),
        (TWO | {Fact.AUTHENTICATOR_APP}, ["swk", "user", "otp", "mfa"]),
        (TWO | {Fact.PRINTED_CODE}, ["swk", "user", "otp", "mfa"]),
        (TWO | {Fact.SECOND_PASSKEY}, ["swk", "user", "hwk", "mfa"]),
        (TWO | {Fact.SECOND_PASSKEY, Fact.DEVICE_BOUND}, ["hwk", "user", "mfa"]),
        ({Fact.PASSKEY}, ["swk"]),
        (set(), []),
    ],
)
def test_amr_says_what_was_proven_and_nothing_more(facts, amr):
    assert amr_of(facts, TABLE.reached(facts), TABLE) == amr


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no assurance table"),
        ("level = []", "at least one level"),
        ("level = 5", "no assurance table"),
        ("[[level]]\nacr = 'a'", "no assurance table"),
        ("[[level]]\nrequires = []", "no assurance table"),
        ("[[level]]\nacr = 'a'\nrequires = ['wishes']", "no assurance table"),
        ("[[level]]\nacr = 'a'\nrequires = 5", "no assurance table"),
        ("[[level", "no assurance table"),
        (
            "[[level]]\nacr = 'a'\nrequires = ['passkey']\n[[level]]\nacr = 'a'\nrequires = ['passkey', 'sms']",
            "each acr once",
        ),
        ("[[level]]\nacr = 'a'\nrequires = ['passkey']\n[[level]]\nacr = 'b'\nrequires = ['passkey']", "and more"),
        ("[[level]]\nacr = 'a'\nrequires = ['passkey']\n[[level]]\nacr = 'b'\nrequires = ['sms', 'tel']", "and more"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_one_line(tmp_path, text, why):
    path = tmp_path / "assurance.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(AssuranceError, match=why) as refused:
        load_assurance(path)
    assert str(path) in str(refused.value)


def test_a_missing_or_unreadable_table_is_named(tmp_path):
    with pytest.raises(AssuranceError, match="cannot read"):
        load_assurance(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(AssuranceError, match="no assurance table"):
        load_assurance(tmp_path / "binary.toml")


FACTS = st.frozensets(st.sampled_from(Fact))


@given(FACTS, FACTS)
def test_more_facts_never_reach_less(facts, more):
    assert TABLE.rank(TABLE.reached(facts | more) or "") >= TABLE.rank(TABLE.reached(facts) or "")


@given(FACTS)
def test_facts_are_stored_and_read_back(facts):
    assert facts_from_text(facts_to_text(facts)) == facts


def test_every_pair_of_facts_has_a_text_of_its_own():
    pairs = list(chain.from_iterable(combinations(Fact, n) for n in (0, 1, 2)))
    assert len({facts_to_text(pair) for pair in pairs}) == len(pairs)


def test_an_unknown_fact_is_not_read():
    with pytest.raises(KeyError, match="w"):
        facts_from_text("pw")


def test_each_fact_has_a_letter_of_its_own():
    assert len(set(LETTERS.values())) == len(LETTERS) == len(Fact)


def test_levels_are_an_argument():
    table = Assurance((Level("low", frozenset()),))
    assert table.reached(()) == "low"
