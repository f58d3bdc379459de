"""The languages of messages: the same as the words, called by their own names, offered as the person reads."""

import pytest

from idp.telephony.languages import LANGUAGES, choices, known, offered_first
from idp.telephony.messages import load_messages

PAGES = ("ko", "en")


def test_every_language_of_the_messages_can_be_chosen():
    assert set(LANGUAGES) == load_messages().languages == set(load_messages().calls)
    assert len(LANGUAGES) == len(set(LANGUAGES)) == 17


def test_each_calls_itself_by_its_own_name():
    names = dict(choices())
    assert (names["ko"], names["en"], names["ja"], names["fil"]) == ("한국어", "English", "日本語", "Filipino")
    assert names["zh-Hans"] != names["zh-Hant"]
    assert len(set(names.values())) == len(LANGUAGES)
    assert not set(names) & set(names.values())


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("ko", "ko"),
        ("ko-KR", "ko"),
        ("EN-us", "en"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-hant-hk", "zh-Hant"),
        ("tl-PH", "fil"),
        ("in", "id"),
        ("pt-BR", "pt"),
        ("tlh", None),
        ("", None),
        (None, None),
    ],
)
def test_a_tag_means_the_nearest_language(tag, expected):
    assert known(tag) == expected


@pytest.mark.parametrize(
    ("page", "country", "reads", "expected"),
    [
        ("ko", "de", ["ko-KR", "de"], "ko"),
        ("en", "de", ["en"], "en"),
        ("en", "de", ["de-AT", "en"], "de"),
        ("en", "de", ["fr", "de", "en"], "de"),  # of those preferred to the page's, the country's
        ("en", "de", ["fr", "en", "de"], "fr"),
        ("en", "ja", ["xx", "vi", "en"], "vi"),
        ("en", "ja", ["ko", "ja"], "en"),  # they could read the Korean page, and chose this one
        ("en", "en", [], "en"),
        ("ko", "vi", [], "ko"),
    ],
)
def test_no_message_is_offered_in_a_language_that_nobody_said_they_read(page, country, reads, expected):
    assert offered_first(page=page, pages=PAGES, country=country, reads=reads) == expected
