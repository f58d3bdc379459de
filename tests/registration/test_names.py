"""Abuse case G-07: a service's name is one honest line."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.errors import InvalidClientMetadata
from idp.registration.errors import BrokenRule
from idp.registration.metadata import check_metadata
from idp.registration.names import display_name, language_tag, look_alike
from tests.registration.examples import GOV24, PRODUCTION, without


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "1 to 100"),
        ("가" * 101, "1 to 100"),
        ("x" * 10_000, "at most 100"),
        ("Gov\u202e42", "bidirectional"),  # right-to-left override
        ("Gov\u200e24", "bidirectional"),
        ("\u2066Gov24\u2069", "bidirectional"),
        ("Gov\u200b24", "invisible"),
        ("Gov\u200d24", "invisible"),
        ("Gov\ufeff24", "invisible"),
        ("Gov\u00ad24", "invisible"),
        ("Gov\n24", "control"),
        ("Gov\x0024", "control"),
        ("Gov\ud80024", "control"),
        ("Gov\ue00024", "control"),
        ("Gov\u0378", "unassigned"),
        ("Gov\u00a024", "control"),
        ("Gov\u3000 24", "control"),
        ("Gov\u202824", "control"),
        (" Gov24", "space"),
        ("Gov24 ", "space"),
        ("Gov  24", "space"),
        ("Gоv24", "mix scripts"),  # a Cyrillic letter is the point
        ("Gοv24", "mix scripts"),  # a Greek letter is the point
        ("정부24 портал", "mix scripts"),
        ("Ｇｏｖ24", "plain letters"),  # full-width letters are the point
        ("𝐆𝐨𝐯24", "plain letters"),
        (24, "must be a text"),
        (["Gov24"], "must be a text"),
    ],
)
@pytest.mark.parametrize("field", ["client_name", "client_name#ko"])
def test_G_07_a_name_in_disguise_is_refused(field, name, why):
    with pytest.raises(InvalidClientMetadata, match=f"{field}: .*{why}"):
        check_metadata(GOV24 | {field: name}, PRODUCTION)


@pytest.mark.parametrize(
    "name",
    [
        "정부24",
        "재외동포365민원포털",
        "Government 24",
        "외교부 (MOFA)",
        "㈜은행",
        "大韓民國 대사관",
        "<b>Bank & Co</b>",
        "Портал",
        "가" * 100,
    ],
)
def test_G_07_an_honest_name_is_kept_and_escaping_is_left_to_the_page(name):
    assert check_metadata(GOV24 | {"client_name": name}, PRODUCTION)["client_name"] == name


def test_G_07_a_name_is_kept_in_one_normal_form():
    decomposed = unicodedata.normalize("NFD", "정부24")
    assert decomposed != "정부24"
    assert display_name(decomposed) == "정부24"


@pytest.mark.parametrize(
    ("given_tag", "canonical"),
    [("ko", "ko"), ("KO", "ko"), ("ko-hang", "ko-Hang"), ("EN-us", "en-US"), ("es-419", "es-419")],
)
def test_names_have_a_language_in_canonical_case(given_tag, canonical):
    named = without(GOV24, "client_name#ko") | {f"client_name#{given_tag}": "Gov"}
    assert check_metadata(named, PRODUCTION)[f"client_name#{canonical}"]
    assert language_tag(given_tag) == canonical


@pytest.mark.parametrize("tag", ["", "k", "korean", "ko_KR", "ko-", "한", "ko#en", "x" * 5000])
def test_a_language_that_is_none_is_refused(tag):
    with pytest.raises(InvalidClientMetadata, match="language tag"):
        check_metadata(GOV24 | {f"client_name#{tag}": "Gov"}, PRODUCTION)


def test_one_language_cannot_have_two_names():
    with pytest.raises(InvalidClientMetadata, match="twice"):
        check_metadata(GOV24 | {"client_name#ko": "정부", "client_name#KO": "정부24"}, PRODUCTION)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ({"client_name": "Gov 24"}, {"client_name": "GOV24"}, True),
        ({"client_name": "X", "client_name#ko": "정부24"}, {"client_name": "정부 24"}, True),
        ({"client_name": "Gov24"}, {"client_name": "Gov25"}, False),
        ({}, {}, False),
    ],
)
def test_G_07_look_alikes_are_noticed(one, other, alike):
    assert look_alike(one, other) is alike


@given(st.text())
def test_any_text_is_refused_by_name_or_kept_in_its_normal_form(text):
    try:
        name = display_name(text)
    except BrokenRule:
        return
    assert name == unicodedata.normalize("NFC", text)
    assert display_name(name) == name
    name.encode()  # no lone surrogate
