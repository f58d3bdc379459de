"""What a text costs: 3GPP TS 23.038 and TS 23.040."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.telephony.segments import is_gsm, segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),  # two septets each
        ("€" * 80 + "a", 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # an escape stays with its character, so the first part has 152
        ("a" * 151 + "€" + "a" * 153, 2),
        ("가" * 70, 1),
        ("가" * 71, 2),
        ("가" * 134, 2),
        ("가" * 135, 3),
        ("😀" * 35, 1),  # two units each
        ("😀" * 35 + "a", 2),
        ("가" * 66 + "😀" + "가" * 66, 3),  # a surrogate pair is not parted
        ("가" * 65 + "😀" + "가" * 67, 2),
        ("a" * 70 + "ê", 2),  # one letter outside the alphabet makes every letter dear
        ("@£$¥èéùìòÇ\nØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà[]{}|^~\\€", 1),
    ],
)
def test_segments_at_each_border(text, expected):
    assert segments(text) == expected


@pytest.mark.parametrize(
    ("character", "gsm"),
    [
        ("@", True),
        ("#", True),
        ("_", True),
        ("Ç", True),
        ("ç", False),
        ("`", False),
        ("\t", False),
        ("•", False),
    ],
)
def test_the_gsm_alphabet(character, gsm):
    assert is_gsm(character) is gsm


@given(st.text(max_size=400), st.text(max_size=50))
def test_more_text_never_costs_less(text, more):
    assert 1 <= segments(text) <= segments(text + more)


@given(st.text(min_size=161, max_size=700))
def test_a_long_text_is_never_one_message(text):
    assert segments(text) > 1
