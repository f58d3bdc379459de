"""One number, one E.164 form, or a refusal that says why (abuse cases N-01, N-05, O-06)."""

import string

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from idp.telephony.numbers import (
    MAX_LENGTH,
    REASONS,
    NumberRefused,
    countries,
    country_name,
    dialling_code,
    dialling_codes,
    masked,
    parse_number,
)


@pytest.mark.parametrize(
    ("typed", "region", "e164"),
    [
        ("+1 (415) 555-2671", None, "+14155552671"),
        ("（415）555－2671", "US", "+14155552671"),
        ("００８２ １０ １２３４ ５６７８", "DE", "+821012345678"),
        ("００８２ １０ １２３４ ５６７８", "US", "+821012345678"),  # dialled 011 there, but still written 00
        ("+８２ 10-1234-5678", None, "+821012345678"),
        ("٠١٥١ ١٢٣٤٥٦٧٨", "DE", "+4915112345678"),  # Arabic-Indic
        ("+۴۹ ۱۵۱ ۱۲۳۴۵۶۷۸", None, "+4915112345678"),  # Extended Arabic-Indic
        ("+४९ १५१ १२३४५६७८", None, "+4915112345678"),  # Devanagari
        ("\u202a+49 151 12345678\u202c", None, "+4915112345678"),
        ("\u200f+49\u00a0151\u200e12345678\ufeff", None, "+4915112345678"),
        ("tel:+49-151-12345678", None, "+4915112345678"),
        ("TEL:+49.151.12345678", None, "+4915112345678"),
        ("(+49) 151/12345678", None, "+4915112345678"),
        ("+49 (0)151 12345678", None, "+4915112345678"),
        ("+49\u2013151\u201212345678", None, "+4915112345678"),
        ("\t+49 151 12345678 \n", None, "+4915112345678"),
        ("010-1234-5678", "KR", "+821012345678"),
        ("+82 010 1234 5678", None, "+821012345678"),
    ],
)
def test_N_01_every_way_of_writing_a_number_ends_in_one_form(typed, region, e164):
    assert parse_number(typed, region).e164 == e164


@pytest.mark.parametrize(
    ("typed", "region", "e164", "found"),
    [
        ("+39 347 123 4567", None, "+393471234567", "IT"),
        ("347 123 4567", "IT", "+393471234567", "IT"),
        ("011 15-2345-6789", "AR", "+5491123456789", "AR"),
        ("+54 11 15 2345 6789", None, "+5491123456789", "AR"),
        ("+54 9 11 2345 6789", None, "+5491123456789", "AR"),
        ("+52 1 55 1234 5678", None, "+525512345678", "MX"),
        ("55 1234 5678", "MX", "+525512345678", "MX"),
        ("0 15 11 98765-4321", "BR", "+5511987654321", "BR"),  # a carrier code is dialled, not part of it
        ("+55 11 98765-4321", None, "+5511987654321", "BR"),
        ("07 12 34 56 78", "CI", "+2250712345678", "CI"),  # the zero belongs to the number
        ("+7 701 123 4567", None, "+77011234567", "KZ"),
        ("8 912 345-67-89", "RU", "+79123456789", "RU"),
        ("+1 876 555 2671", None, "+18765552671", "JM"),
        ("+44 7781 123456", None, "+447781123456", "GG"),
        ("+383 44 123456", None, "+38344123456", "XK"),
        ("044 123 456", "XK", "+38344123456", "XK"),
        ("9 11 2345 6789", "AR", "+5491123456789", "AR"),
        ("044 55 1234 5678", "MX", "+525512345678", "MX"),
        ("045 55 1234 5678", "MX", "+525512345678", "MX"),
        ("01 55 1234 5678", "MX", "+525512345678", "MX"),
        ("1 55 1234 5678", "MX", "+525512345678", "MX"),
        ("0052 1 55 1234 5678", "DE", "+525512345678", "MX"),
        ("+55 0 41 11 98765-4321", None, "+5511987654321", "BR"),
        ("01 97 12 34 56", "BJ", "+2290197123456", "BJ"),
        ("97 12 34 56", "BJ", "+2290197123456", "BJ"),  # as it was until 2024
        ("+229 97 12 34 56", None, "+2290197123456", "BJ"),
        ("+225 07 12 34 56", None, "+2250707123456", "CI"),  # as it was until 2021
        ("45 12 34 56", "CI", "+2250545123456", "CI"),
        ("01 12 34 56", "CI", "+2250101123456", "CI"),
        ("011 82 10 1234 5678", "US", "+821012345678", "KR"),
        ("0011 49 151 12345678", "AU", "+4915112345678", "DE"),
        ("010 82 10 1234 5678", "JP", "+821012345678", "KR"),
        ("00700 49 151 12345678", "KR", "+4915112345678", "DE"),
        ("8 10 82 10 1234 5678", "RU", "+821012345678", "KR"),
        ("810 82 10 1234 5678", "UZ", "+821012345678", "KR"),
        ("4915112345678", "DE", "+4915112345678", "DE"),  # the + left out: not a landline in Augsburg
        ("84 912 345 678", "VN", "+84912345678", "VN"),
        ("8 701 123 4567", "KZ", "+77011234567", "KZ"),
        ("+1 787 234 5678", None, "+17872345678", "PR"),
        ("+1 671 300 1234", None, "+16713001234", "GU"),
        ("+1 242 357 1234", None, "+12423571234", "BS"),
        ("+44 7797 712345", None, "+447797712345", "JE"),
        ("+44 7624 123456", None, "+447624123456", "IM"),
        ("+44 7911 123456", None, "+447911123456", "GG"),
        ("+852 9123 4567", None, "+85291234567", "HK"),
        ("+853 6612 3456", None, "+85366123456", "MO"),
        ("0912 345 678", "TW", "+886912345678", "TW"),
        ("312 345 6789", "VA", "+393123456789", "IT"),  # Vatican phones have Italian numbers
        ("+262 692 12 34 56", None, "+262692123456", "RE"),
        ("+599 9 512 3456", None, "+59995123456", "CW"),
        ("+247 41234", None, "+24741234", "AC"),
    ],
)
def test_the_trunk_prefix_and_the_region_are_those_of_the_number(typed, region, e164, found):
    number = parse_number(typed, region)
    assert (number.e164, number.region) == (e164, found)


@pytest.mark.parametrize(
    ("typed", "region", "reason"),
    [
        ("", "DE", "malformed"),
        ("+", None, "malformed"),
        ("-- --", "DE", "malformed"),
        ("+49 151 12345678;ext=5", None, "malformed"),
        ("+49 151 12345678 ext. 5", None, "malformed"),
        ("+49 151 12345678 x5", None, "malformed"),
        ("tel:151-12345678;phone-context=+49", None, "malformed"),
        ("+1-415-FLOWERS", None, "malformed"),
        ("++49 151 12345678", None, "malformed"),
        ("+49 151 +12345678", None, "malformed"),
        ("call +49 151 12345678", None, "malformed"),
        ("+49 151 12345678\n+49 151 12345679", None, "malformed"),
        ("+49 151 1234567\x00", None, "malformed"),
        ("+49 151 12345678 😀", None, "malformed"),
        ("\ud800+4915112345678", None, "malformed"),
        ("+49 151 12345678" + " " * MAX_LENGTH, None, "malformed"),
        ("0151 12345678", "ZZ", "malformed"),
        ("0151 12345678", "de", "malformed"),
        ("0151 12345678", None, "not_possible"),
        ("+49 151", None, "not_possible"),
        ("+999 1234 5678", None, "not_possible"),
        ("+39 0347 123 4567", None, "not_possible"),  # no trunk zero in Italian mobile numbers
        ("+55 11 8765-4321", None, "not_possible"),  # the ninth digit is missing
        ("+49 151 123456789012345", None, "not_possible"),
    ],
)
def test_N_01_anything_else_is_refused(typed, region, reason):
    with pytest.raises(NumberRefused) as refusal:
        parse_number(typed, region)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("+44 20 7123 4567", "fixed_line"),
        ("+39 06 6982", "fixed_line"),
        ("+54 11 2345 6789", "fixed_line"),
        ("+1 900 234 5678", "premium"),
        ("+44 843 012 3456", "premium"),
        ("+1 800 234 5678", "toll_free"),
        ("+44 7640 123456", "pager"),
        ("+49 18 500 123456", "uan"),
        ("+55 300 100 1234", "shared_cost"),
        ("+44 55 1234 5678", "uan"),
        ("+82 70 1234 5678", "voip"),
        ("+44 70 1234 5678", "personal"),
        ("+1 415 555 0100", "fictional"),
        ("+1 212 555 0199", "fictional"),
        ("+61 491 570 006", "fictional"),
        ("+881 6 1234 5678", "satellite"),
        ("+882 16 12345678", "satellite"),
        ("+883 5100 1234 5678", "satellite"),
        ("+870 773 123456", "satellite"),
        ("+888 123 456 789", "satellite"),
        ("+878 10 1234 5678", "personal"),
        ("00 878 10 1234 5678", "personal"),
        ("+979 1 2345 6789", "premium"),
        ("+800 1234 5678", "toll_free"),
        ("+808 1234 5678", "shared_cost"),
    ],
)
def test_N_05_what_cannot_or_must_not_receive_a_message_is_refused_with_its_reason(typed, reason):
    with pytest.raises(NumberRefused) as refusal:
        parse_number(typed, None)
    assert refusal.value.reason == reason


def test_N_05_every_type_in_the_metadata_but_mobile_is_refused():
    reached = set()
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None or phonenumbers.number_type(example) in {
                PhoneNumberType.MOBILE,
                PhoneNumberType.FIXED_LINE_OR_MOBILE,
            }:
                continue
            with pytest.raises(NumberRefused) as refusal:
                parse_number(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164), None)
            reached.add(refusal.value.reason)
    assert reached >= {
        "fixed_line",
        "premium",
        "shared_cost",
        "toll_free",
        "pager",
        "uan",
        "voicemail",
        "voip",
    }


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("+881 6 12345678", "satellite"),  # Iridium
        ("+882 13300655", "satellite"),
        ("+883 510 012345678", "satellite"),
        ("+870 773111632", "satellite"),  # Inmarsat
        ("+979 123456789", "premium"),
        ("+800 12345678", "toll_free"),
        ("+808 12345678", "shared_cost"),
        ("+878 10 1234567890", "personal"),
    ],
)
def test_O_06_ranges_of_no_country_are_refused(typed, reason):
    with pytest.raises(NumberRefused) as refusal:
        parse_number(typed, None)
    assert refusal.value.reason == reason


def test_a_demonstration_may_use_the_numbers_of_films():
    assert parse_number("+1 415 555 0100", None, fictional=True).e164 == "+14155550100"


def test_a_person_from_every_country_can_give_a_mobile_number():
    refused = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
        if example is None:
            continue
        typed = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        try:
            number = parse_number(typed, None, fictional=True)
        except NumberRefused as refusal:
            refused.append((region, refusal.reason))
            continue
        assert number.region in phonenumbers.SUPPORTED_REGIONS
    assert refused == []


def number_or_reason(typed, region):
    try:
        return parse_number(typed, region).e164
    except NumberRefused as refusal:
        return refusal.reason


@given(st.text(max_size=MAX_LENGTH + 8), st.sampled_from([None, "DE", "KR", "US", "AR", "IT"]))
def test_N_01_any_text_ends_in_a_number_or_a_named_refusal(typed, region):
    outcome = number_or_reason(typed, region)
    assert outcome in REASONS or parse_number(outcome, None).e164 == outcome


@given(st.text(alphabet=string.digits + "+ -()٠١٢３４", max_size=24), st.sampled_from([None, "DE", "US", "MX"]))
def test_N_01_a_form_once_accepted_is_its_own_form(typed, region):
    outcome = number_or_reason(typed, region)
    assert outcome.isascii()
    assert outcome in REASONS or number_or_reason(outcome, region) == outcome


def test_O_10_a_number_shows_neither_its_digits_nor_its_length():
    number = parse_number("+49 151 12345678", None)
    assert number.masked == "+49 ••••••78"
    assert number.last_digits == "78"
    assert "1234567" not in f"{number!r} {number.masked}"
    assert len(masked("+4915112345678")) == len(masked("+491511234567"))


@pytest.mark.parametrize(
    ("e164", "shown"),
    [("+14155552671", "+1 ••••••71"), ("+821012345678", "+82 ••••••78"), ("+38344123456", "+383 ••••••56")],
)
def test_the_mask_keeps_the_dialling_code(e164, shown):
    assert masked(e164) == shown


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_country_has_a_name_in_each_language(language):
    listed = countries(language)
    assert {country.region for country in listed} == set(phonenumbers.SUPPORTED_REGIONS)
    assert not [country for country in listed if country.name in {"", country.region}]
    assert {country.dialling_code for country in listed if country.region in {"US", "CA", "JM"}} == {"+1"}


def test_countries_stand_where_a_reader_looks_for_them():
    english = [country.name for country in countries("en")]
    assert english.index("Åland Islands") < english.index("Albania")
    assert english[-1] == "Zimbabwe"
    korean = [country.name for country in countries("ko")]
    assert korean == sorted(korean)
    assert korean[0] == "가나"


def test_a_country_is_named_in_the_language_and_by_its_code_when_unknown():
    assert country_name("DE", "ko") == "독일"
    assert country_name("DE", "en") == "Germany"
    assert country_name("DE", "xx-unknown") == "Germany"
    assert country_name("QQ", "ko") == "QQ"


ONE_NUMBER_MANY_FORMS = {
    "+821012345678": [
        "+82 10 1234 5678",
        "+82 (0)10-1234-5678",
        "0082 10 1234 5678",
        "82 10 1234 5678|KR",
        "010.1234.5678|KR",
    ],
    "+393471234567": ["+39 347 123 4567", "0039 347 123 4567", "347/1234567|IT", "39 347 123 4567|IT"],
    "+5491123456789": ["+54 9 11 2345-6789", "011 15 2345 6789|AR", "+54 11 15 2345 6789", "0054 9 11 2345 6789"],
    "+525512345678": ["+52 55 1234 5678", "+52 1 55 1234 5678", "0052 1 55 1234 5678", "55 1234 5678|MX"],
    "+5511987654321": ["+55 11 98765-4321", "(11) 98765-4321|BR", "0 15 11 98765 4321|BR", "+55 (0)11 98765 4321"],
    "+447911123456": ["+44 7911 123456", "07911 123456|GB", "+44 (0) 7911 123 456", "00447911123456"],
    "+12025550143": ["(202) 555-0143|US", "1-202-555-0143|US", "+1.202.555.0143", "001 202 555 0143"],
    "+36201234567": ["+36 20 123 4567", "06 20 123 4567|HU"],
    "+79161234567": ["+7 916 123 45 67", "8 916 123-45-67|RU"],
    "+2250712345678": ["+225 07 12 34 56 78", "07 12 34 56 78|CI"],
    "+84912345678": ["+84 912 345 678", "0912 345 678|VN", "+84 (0)912 345 678"],
}


@pytest.mark.parametrize(
    ("form", "e164"), [(form, e164) for e164, forms in ONE_NUMBER_MANY_FORMS.items() for form in forms]
)
def test_N_01_a_person_is_found_again_however_the_number_is_written(form, e164):
    typed, _, region = form.partition("|")
    assert parse_number(typed, region or None, fictional=True).e164 == e164


@pytest.mark.parametrize("prefix", ["870", "881", "882", "883", "888", "878", "979"])
def test_O_06_no_form_of_a_number_of_no_country_is_accepted(prefix):
    for typed in (
        f"+{prefix}612345678",
        f"00{prefix} 6 1234 5678",
        f"+{prefix} (0) 61234567",
        f"tel:+{prefix}61234567",
    ):
        for region in (None, "US", "DE"):  # in Korea 009 is a way to dial abroad
            with pytest.raises(NumberRefused):
                parse_number(typed, region, fictional=True)


@pytest.mark.parametrize(
    ("e164", "parts"),
    [
        ("+821012345678", ("82", "1012345678")),
        ("+12025550143", ("1", "2025550143")),
        ("+38344123456", ("383", "44123456")),
    ],
)
def test_a_number_has_a_country_code_and_a_national_part(e164, parts):
    assert dialling_code(e164) == parts


@pytest.mark.parametrize(("region", "codes"), [("DE", ["+49"]), ("JM", ["+1"]), ("KZ", ["+7"]), ("AQ", []), ("ZZ", [])])
def test_a_country_is_dialled_by_its_code(region, codes):
    assert dialling_codes(region) == codes
