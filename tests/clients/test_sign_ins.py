"""The memory of who is signed in: bounded, and one number for one person."""

from dataclasses import replace
from itertools import count

from clients.relying_party import sign_ins
from clients.relying_party.authorization import Asked
from clients.relying_party.sign_ins import SignIn, SignIns

PERSON = SignIn(
    claims={"sub": "s", "auth_time": 90},
    userinfo={},
    asked=Asked(nonce="n", code_verifier="v", asked_at=80),
    id_token="",
    access_token="",
    scope="openid",
    signed_in_at=100,
)


def numbered():
    numbers = count()
    return SignIns(lambda length: next(numbers).to_bytes(length, "big"))


def test_a_number_finds_its_person_and_nobody_else():
    kept = numbered()
    first, second = kept.add(PERSON), kept.add(replace(PERSON, claims={"sub": "t"}))
    assert kept.find(first, now=100).subject == "s"
    assert kept.find(second, now=100).subject == "t"
    assert [kept.find(other, now=100) for other in (None, 0, "", "ff", [first])] == [None] * 5


def test_an_ended_number_finds_nobody_and_may_be_ended_twice():
    kept = numbered()
    number = kept.add(PERSON)
    for _ in range(2):
        kept.end(number)
    kept.end(None)
    assert kept.find(number, now=100) is None


def test_the_oldest_gives_way_when_the_memory_is_full(monkeypatch):
    monkeypatch.setattr(sign_ins, "MOST", 3)
    kept = numbered()
    numbers = [kept.add(PERSON) for _ in range(5)]
    assert [kept.find(number, now=100) is not None for number in numbers] == [False, False, True, True, True]


def test_only_a_proof_that_was_asked_for_counts_as_fresh():
    asked = replace(PERSON, asked=replace(PERSON.asked, max_age=0))
    assert asked.proved_for_this(now=390, within=300)
    assert not asked.proved_for_this(now=391, within=300)
    assert not PERSON.proved_for_this(now=91, within=300)
