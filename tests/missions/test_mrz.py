"""The machine-readable zone: the examples of ICAO Doc 9303, and every digit that can be wrong."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.missions.mrz import MrzRefused, check_digit, read_mrz
from tests.missions.passports import mrz

TODAY = date(2027, 1, 15)
ICAO = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
"""Part 4, Appendix B: the specimen of the State of Utopia."""


@pytest.mark.parametrize(
    ("text", "digit"),
    [
        # Part 3 §4.9 and its Appendix A.
        ("520727", "3"),
        ("AB2134<<<", "5"),
        ("HA672242<658022549601086<<<<<<<<<<<<<<0", "8"),
        ("L898902C3", "6"),
        ("740812", "2"),
        ("120415", "9"),
        ("ZE184226B<<<<<", "1"),
        ("L898902C36740812212041 59ZE184226B<<<<<1".replace(" ", ""), "0"),
    ],
)
def test_the_check_digits_of_the_standard(text, digit):
    assert check_digit(text) == digit


def test_the_specimen_passes_every_check_and_is_refused_for_its_nation_alone():
    with pytest.raises(MrzRefused, match="not_korean"):
        read_mrz(ICAO, TODAY)


def test_a_korean_passport_is_read():
    found = read_mrz(mrz(number="M70689098", family="NAM GUNG", given="HA NEUL", sex="F"), TODAY)
    assert (found.number, found.family, found.given, found.sex) == ("M70689098", "NAM GUNG", "HA NEUL", "female")
    assert (found.birthdate, found.expires) == (date(1980, 1, 31), date(2034, 5, 6))


@pytest.mark.parametrize(
    "typed",
    [
        mrz().lower(),
        mrz().replace("\n", ""),
        f"  {mrz()}  \n",
        " ".join(mrz()),
        mrz().replace("\n", "\r\n"),
        mrz().replace("<<", "«"),
    ],
)
def test_what_readers_and_fingers_do_is_forgiven(typed):
    assert read_mrz(typed, TODAY).number == "M12345678"


SPOILT = {
    "mrz.length": "P<KOR",
    "mrz.characters": "P?KOR" + mrz()[5:],
    "mrz.not_a_passport": "I" + mrz()[1:],
    "mrz.not_korean": mrz(nation="USA"),
    "mrz.names": "P<KOR" + "<" * 39 + mrz()[44:],
}


@pytest.mark.parametrize(("reason", "typed"), SPOILT.items(), ids=SPOILT)
def test_each_refusal_has_its_name(reason, typed):
    with pytest.raises(MrzRefused, match=reason):
        read_mrz(typed, TODAY)


DIGITS = {9: "mrz.number", 19: "mrz.birthdate", 27: "mrz.expiry", 42: "mrz.personal_number", 43: "mrz.composite"}


@pytest.mark.parametrize(("place", "reason"), DIGITS.items(), ids=DIGITS.values())
def test_a_wrong_check_digit_is_never_forgiven(place, reason):
    first, second = mrz(personal="1234567").splitlines()
    wrong = str((int(second[place]) + 1) % 10)
    with pytest.raises(MrzRefused, match=reason):
        read_mrz(f"{first}\n{second[:place]}{wrong}{second[place + 1 :]}", TODAY)


def test_an_unused_personal_number_may_have_the_filler_for_its_digit():
    first, second = mrz().splitlines()
    changed = second[:42] + "<"
    changed += check_digit(changed[0:10] + changed[13:20] + changed[21:43])
    assert read_mrz(f"{first}\n{changed}", TODAY).number == "M12345678"


@pytest.mark.parametrize(
    ("born", "read"),
    [
        (date(1927, 1, 16), date(1927, 1, 16)),  # tomorrow of this century would be: so it is the last one
        (date(2027, 1, 15), date(2027, 1, 15)),
        (date(2000, 2, 29), date(2000, 2, 29)),
        (date(1968, 12, 31), date(1968, 12, 31)),
    ],
)
def test_nobody_is_born_tomorrow(born, read):
    assert read_mrz(mrz(born=born), TODAY).birthdate == read


def test_a_day_that_does_not_exist_is_refused():
    first, second = mrz().splitlines()
    body = second[:13] + "801341" + check_digit("801341") + second[20:43]
    changed = body + check_digit(body[0:10] + body[13:20] + body[21:43])
    with pytest.raises(MrzRefused, match="date"):
        read_mrz(f"{first}\n{changed}", TODAY)


@given(st.text(max_size=500))
def test_whatever_is_typed_is_read_or_refused_with_a_reason(typed):
    with pytest.raises(MrzRefused, match=r"^mrz\.[a-z_]+$"):
        read_mrz(typed, TODAY)


NUMERIC = [
    i for i, character in enumerate(mrz(personal="1234567").replace("\n", "")) if i >= 44 and character.isdigit()
]


@given(st.sampled_from(NUMERIC), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(place, more):
    """Letters ten apart are the standard's own blind spot: C and M weigh the same."""
    plain = mrz(personal="1234567").replace("\n", "")
    wrong = str((int(plain[place]) + more) % 10)
    with pytest.raises(MrzRefused):
        read_mrz(plain[:place] + wrong + plain[place + 1 :], TODAY)
