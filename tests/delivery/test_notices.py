"""Notices: the words of every language, and what a vendor gets."""

from uuid import UUID

import pytest
from sqlalchemy import select

from idp.delivery.notices import (
    Notice,
    NoticeWords,
    deliver_notices,
    load_notices,
    read_payload,
    to_payload,
)
from idp.delivery.outbox import HandedOver, OutboxItem, Undeliverable
from idp.keys.sealing import row_context
from idp.storage.account import Account
from idp.storage.citizen_notices import GRAVE
from idp.storage.models import OutboxRow
from idp.telephony.gateways.contract import Accepted
from idp.telephony.languages import LANGUAGES
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


PAGES = ("ko", "en")


def test_the_languages_of_pages_have_every_notice_those_of_messages_the_grave_ones():
    assert set(WORDS.sentences) == set(LANGUAGES)
    assert set(WORDS.sentences["ko"]) == set(WORDS.sentences["en"]) > GRAVE
    assert {tag: set(WORDS.sentences[tag]) for tag in LANGUAGES if tag not in PAGES} == {
        tag: GRAVE for tag in LANGUAGES if tag not in PAGES
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_none_is_long(language):
    most = 2 if language in PAGES else 1
    for name, sentence in WORDS.sentences[language].items():
        assert segments(sentence.format(days="90", place="주상트페테르부르크대한민국총영사관")) <= most, name


@pytest.mark.parametrize(
    ("notice", "expected"), [("suspended", "モバイルID"), ("expires_soon", "재외국민"), ("case_begun", "재외국민")]
)
def test_a_grave_notice_comes_in_the_language_of_messages_every_other_in_that_of_the_pages(ground, notice, expected):
    person, wired = ground.enrol().person, ground.provider
    with wired.database.begin() as step:
        Account(step, person).choose_language("ko", ground.clock())
        Account(step, person).choose_message_language("ja", ground.clock())
        assert wired.notices.tell(step, person, notice, ground.clock(), {"days": "7", "place": "재외국민 창구"}) == 1
    with wired.database.read() as reading:
        row = reading.one(select(OutboxRow.id, OutboxRow.payload).where(OutboxRow.kind == "notice"))
    told = read_payload(wired.sealers.outbox.open(row.payload, row_context("outbox", "payload", row.id)))
    assert expected in WORDS.say(told)


def test_a_notice_says_its_words_in_the_language_of_the_person():
    carrier = Carrier()
    assert deliver_notices(carrier, WORDS, lambda: 400)(ITEM, to_payload(NOTICE)) == HandedOver("theirs")
    [sent] = carrier.sent
    assert (sent.to, sent.region, sent.valid_seconds) == ("+4915112345678", "DE", 600)
    assert "30일" in sent.body


@pytest.mark.parametrize(("language", "word"), [("ko", "재외국민"), ("ko-KR", "재외국민"), ("it", "mobile ID")])
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
