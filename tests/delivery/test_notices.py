"""Notices: the words of every language, and what a vendor gets."""

from uuid import UUID

import pytest

from idp.delivery.notices import (
    Notice,
    NoticeWords,
    deliver_notices,
    load_notices,
    read_payload,
    to_payload,
)
from idp.delivery.outbox import HandedOver, OutboxItem, Undeliverable
from idp.telephony.gateways.contract import Accepted
from idp.telephony.messages import MessageError
from idp.telephony.segments import segments

WORDS = load_notices()
NOTICE = Notice("+4915112345678", "DE", "ko", "expires_soon", {"days": "30"})
ITEM = OutboxItem(UUID(int=1), "notice", b"", 1, 100, 1000)


class Carrier:
    def __init__(self):
        self.sent = []

    def send(self, message):
        self.sent.append(message)
        return Accepted("theirs")


def test_every_language_has_the_same_notices_and_none_is_long():
    assert len({frozenset(sentences) for sentences in WORDS.sentences.values()}) == 1
    for sentences in WORDS.sentences.values():
        for name, sentence in sentences.items():
            assert segments(sentence.format(days="90", place="주상트페테르부르크대한민국총영사관")) <= 2, name


def test_a_notice_says_its_words_in_the_language_of_the_person():
    carrier = Carrier()
    assert deliver_notices(carrier, WORDS, lambda: 400)(ITEM, to_payload(NOTICE)) == HandedOver("theirs")
    [sent] = carrier.sent
    assert (sent.to, sent.region, sent.valid_seconds) == ("+4915112345678", "DE", 600)
    assert "30일" in sent.body


@pytest.mark.parametrize(("language", "word"), [("ko", "재외국민"), ("ko-KR", "재외국민"), ("fr", "mobile ID")])
def test_a_language_without_words_gets_english(language, word):
    assert word in WORDS.say(Notice("+491", "DE", language, "issued"))


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{}", b"\xff", to_payload(NOTICE)[:-1], b'{"to":1,"region":"","language":"","notice":""}'],
)
def test_what_is_no_notice_is_never_tried_again(payload):
    with pytest.raises(Undeliverable):
        read_payload(payload)


@pytest.mark.parametrize("notice", [Notice("+491", "DE", "ko", "nothing"), Notice("+491", "DE", "ko", "expires_soon")])
def test_a_notice_without_words_or_values_is_never_tried_again(notice):
    with pytest.raises(Undeliverable):
        deliver_notices(Carrier(), WORDS, lambda: 400)(ITEM, to_payload(notice))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notices.en.toml", "issued = 5"),
        ("notices.en.toml", 'issued = "see https://x.example"'),
        ("notices.en.toml", "issued"),
        ("notices.english.toml", 'issued = "x"'),
        ("notices.ko.toml", 'issued = "x"'),
    ],
)
def test_words_that_cannot_be_used_stop_the_start(tmp_path, name, content):
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(MessageError):
        load_notices(tmp_path)


def test_a_notice_shows_no_number_in_its_repr():
    assert "+49" not in repr(NOTICE)
    assert isinstance(WORDS, NoticeWords)
