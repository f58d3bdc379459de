"""STOP and START: as each vendor passes them on, in every language, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.telephony.inbound import MOST_ANSWERS, WORDS, Said, Wish, read_inbound, wish_of
from idp.telephony.receipts import NotGenuine
from tests.telephony.test_receipts import NOW, SECRET, infobip, signed, solapi, twilio, vonage

NUMBER = "+4915112345678"
STOP, START = Wish.STOP, Wish.START
URL = "https://id.example/inbound/one"

PASSED_ON = [
    ("twilio", twilio({"From": NUMBER, "Body": "Stop"}), [Said(NUMBER, STOP)]),
    ("twilio", twilio({"From": NUMBER, "Body": "arret svp", "OptOutType": "STOP"}), [Said(NUMBER, STOP)]),
    ("twilio", twilio({"From": NUMBER, "Body": "START", "OptOutType": "START"}), [Said(NUMBER, START)]),
    ("twilio", twilio({"From": NUMBER, "Body": "HELP", "OptOutType": "HELP"}), []),
    ("twilio", twilio({"From": "KOREA", "Body": "STOP"}), []),
    ("vonage", vonage({"from": NUMBER[1:], "text": "STOP", "channel": "sms"}), [Said(NUMBER, STOP)]),
    ("vonage", vonage({"from": {"number": NUMBER}, "text": "STOP"}), []),
    ("vonage", vonage({"from": NUMBER[1:], "text": 7}), []),
    ("infobip", infobip({"results": [{"from": NUMBER[1:], "text": "stop."}, {"from": "49"}, 7]}), [Said(NUMBER, STOP)]),
    ("infobip", infobip({"results": {"from": NUMBER}}), []),
    ("sns", signed({"originationNumber": NUMBER, "messageBody": "수신거부"}), [Said(NUMBER, STOP)]),
    ("relay", signed([{"from": NUMBER, "text": "stop"}, {"from": "+12", "text": "stop"}]), [Said(NUMBER, STOP)]),
    ("smpp", signed({"from": NUMBER, "text": "482913"}), []),
    ("relay", signed([{"from": NUMBER, "text": "stop"}] * 500), [Said(NUMBER, STOP)] * MOST_ANSWERS),
]


@pytest.mark.parametrize(("kind", "incoming", "said"), PASSED_ON)
def test_each_vendor_passes_answers_on_in_its_own_way(kind, incoming, said):
    assert read_inbound(kind, SECRET, incoming, NOW) == said


@pytest.mark.parametrize(
    ("kind", "incoming"),
    [
        ("twilio", twilio({"From": NUMBER, "Body": "STOP"}, secret="x")),
        ("vonage", vonage({"from": NUMBER, "text": "STOP"}, secret="x" * 32)),
        ("infobip", infobip({"results": []}, secret="x")),
        ("relay", signed({"from": NUMBER, "text": "STOP"}, at=NOW - 301)),
        ("file", signed({"from": NUMBER, "text": "STOP"})),
        ("nobody", solapi({"from": NUMBER, "text": "STOP"})),
    ],
)
def test_what_the_vendor_has_not_signed_is_nothing(kind, incoming):
    with pytest.raises(NotGenuine):
        read_inbound(kind, SECRET, incoming, NOW)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("STOP", STOP),
        (" stop! ", STOP),
        ("ＳＴＯＰ", STOP),
        ("Stop all", STOP),
        ("수신 거부", STOP),
        ("\u200fتوقف", STOP),
        ("СТОП", STOP),
        ("Start", START),
        ("please stop sending", None),
        ("482913", None),
        ("", None),
        ("stop " * 50, None),
    ],
)
def test_only_the_word_and_nothing_else_counts(text, wish):
    assert wish_of(text) is wish


@given(st.text(max_size=60))
def test_anything_else_never_fails(text):
    assert wish_of(text) in {None, STOP, START}


def test_no_word_wishes_both():
    assert all(wish_of(word) is wish for word, wish in WORDS.items())


def test_an_answer_in_a_traceback_does_not_show_the_number():
    assert NUMBER not in repr(Said(NUMBER, STOP))
