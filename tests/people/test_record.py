"""The record of a national: N-03, and types that claims can be made of."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.people.record import MAX_TEXT, InvalidRecord, Name, Record, read_record
from idp.people.status import PersonStatus
from tests.ground import RECORD

DOCUMENT = {
    "korean": {"family": "홍", "given": "길동"},
    "latin": {"family": "HONG", "given": "GILDONG"},
    "birthdate": "1980-01-31",
    "residence": "DE",
    "mission": "주독일대사관",
    "registration": {"status": "current", "as_of": "2026-11-01", "mission": "주독일대사관"},
}


def without(name):
    return {key: value for key, value in DOCUMENT.items() if key != name}


def korean(**changes):
    return DOCUMENT | {"korean": DOCUMENT["korean"] | changes}


def registration(**changes):
    return DOCUMENT | {"registration": DOCUMENT["registration"] | changes}


def test_a_record_of_the_least_fields_is_read():
    record = read_record(DOCUMENT)
    assert record.korean == Name(family="홍", given="길동", full="홍길동")
    assert record.latin == Name(family="HONG", given="GILDONG", full="HONG GILDONG")
    assert (record.email, record.email_verified, record.address, record.updated_at) == (None, False, None, 0)


def test_somebody_with_one_name_has_it_once():
    record = read_record(
        DOCUMENT | {"korean": {"family": "수하르토", "given": ""}, "latin": {"family": "SUHARTO", "given": " "}}
    )
    assert record.korean == Name(family="수하르토", given="", full="수하르토")
    assert record.latin == Name(family="SUHARTO", given="", full="SUHARTO")


def test_a_full_name_that_is_given_is_kept():
    assert read_record(korean(full="홍 길동")).korean.full == "홍 길동"


@pytest.mark.parametrize("record", [RECORD, read_record(DOCUMENT)])
def test_a_sealed_record_comes_back_whole(record):
    assert Record.from_json(record.to_json()) == record


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (unicodedata.normalize("NFD", "홍"), "홍"),
        ("\u1112\u1169\u11bc", "홍"),
        (" 홍 ", "홍"),
        ("A\u030a", "Å"),
        ("𠮷", "𠮷"),
        ("ㄱ", "ㄱ"),
        ("남궁", "남궁"),
        ("H\u00a0ong", "H\u00a0ong"),
    ],
)
def test_N_03_equal_names_are_kept_equal(typed, kept):
    assert read_record(korean(family=typed)).korean.family == kept


UNPRINTABLE = ["\0", "\x1b", "\n", "\t", "\x7f", "\x85", "\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\ud800"]


@pytest.mark.parametrize("character", [*UNPRINTABLE, "\u2028", "\u2029", "\ue000", "\U000e0041"])
@pytest.mark.parametrize("place", ["korean", "nickname", "address", "extra"])
def test_N_03_controls_directions_and_surrogates_are_refused(place, character):
    text = f"홍{character}길동"
    document = {
        "korean": korean(given=text),
        "nickname": DOCUMENT | {"nickname": text},
        "address": DOCUMENT | {"address": {"formatted": text.replace("\n", "\r")}},
        "extra": DOCUMENT | {"extra": {"a": {"b": text}}},
    }[place]
    with pytest.raises(InvalidRecord, match="control character"):
        read_record(document)


@pytest.mark.parametrize("filler", ["\u3164", "\u115f", "\u1160", "\uffa0"], ids=ascii)
@pytest.mark.parametrize("text", ["{}", "홍{}", "{}길동", "길{}동"])
def test_N_03_a_name_made_of_nothing_visible_is_refused(filler, text):
    for document in (korean(given=text.format(filler)), DOCUMENT | {"nickname": text.format(filler)}):
        with pytest.raises(InvalidRecord, match="Hangul filler"):
            read_record(document)


def test_an_address_may_have_lines():
    address = {"formatted": "Unter den Linden 1\n10117 Berlin"}
    assert read_record(DOCUMENT | {"address": address}).address == address


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "korean is missing"),
        *((without(name), "missing") for name in DOCUMENT),
        (DOCUMENT | {"korean": "홍길동"}, "korean is missing"),
        (DOCUMENT | {"korean": {"family": "홍"}}, "korean needs exactly family, given, full"),
        (korean(middle="x"), "korean needs exactly"),
        (korean(family=5), "korean holds something that is not text"),
        (korean(given=None), "korean holds something that is not text"),
        (korean(full=["홍길동"]), "korean holds something that is not text"),
        (korean(family=""), "1 to 200 characters"),
        (korean(family=" \u3000"), "1 to 200 characters"),
        (korean(family="홍" * (MAX_TEXT + 1)), "1 to 200 characters"),
        (registration(status="unknown"), "registration.status is"),
        (registration(as_of="yesterday"), "registration.as_of must be a date"),
        (registration(as_of=5), "registration holds something"),
        (DOCUMENT | {"birthdate": "31.01.1980"}, "birthdate must be a date"),
        (DOCUMENT | {"birthdate": "1980-02-30"}, "birthdate must be a date"),
        (DOCUMENT | {"birthdate": "19800131"}, "birthdate must be a date"),
        (DOCUMENT | {"birthdate": "1980-W05-4"}, "birthdate must be a date"),
        (DOCUMENT | {"birthdate": "１９８０-01-31"}, "birthdate must be a date"),
        (DOCUMENT | {"birthdate": 19800131}, "birthdate has the wrong type"),
        (DOCUMENT | {"residence": "Germany"}, "residence must be"),
        (DOCUMENT | {"residence": "de"}, "residence must be"),
        (DOCUMENT | {"residence": 49}, "residence has the wrong type"),
        (DOCUMENT | {"mission": None}, "mission has the wrong type"),
        (DOCUMENT | {"email": 5}, "email has the wrong type"),
        (DOCUMENT | {"email": ["a@b"]}, "email has the wrong type"),
        (DOCUMENT | {"email_verified": "yes"}, "email_verified has the wrong type"),
        (DOCUMENT | {"email_verified": 1}, "email_verified has the wrong type"),
        (DOCUMENT | {"updated_at": "today"}, "updated_at has the wrong type"),
        (DOCUMENT | {"updated_at": True}, "updated_at has the wrong type"),
        (DOCUMENT | {"updated_at": 1.5}, "updated_at has the wrong type"),
        (DOCUMENT | {"address": "Berlin"}, "address must be an object of texts"),
        (DOCUMENT | {"address": {"formatted": 5}}, "address must be an object of texts"),
        (DOCUMENT | {"rrn": "800131-1234567"}, "unknown field 'rrn'"),
    ],
)
def test_a_record_that_cannot_be_kept_is_refused_by_field(document, why):
    with pytest.raises(InvalidRecord, match=why):
        read_record(document)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["family", "given", "full", "status"]), inner)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*DOCUMENT, "email", "address", "updated_at", "extra", "zzz"]), VALUES))
def test_N_03_any_document_is_a_record_or_a_typed_refusal(changes):
    try:
        record = read_record(DOCUMENT | changes)
    except InvalidRecord:
        return
    assert Record.from_json(record.to_json()).korean == record.korean


def test_the_names_of_the_states_are_those_of_the_command():
    assert [status.value for status in PersonStatus] == ["active", "suspended", "deceased", "renounced"]


def test_json_of_a_record_is_readable_text():
    assert "홍길동" in RECORD.to_json().decode()
    assert json.loads(RECORD.to_json())["birthdate"] == "1980-01-31"
