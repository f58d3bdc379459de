"""From an opened payload to words at a gateway, and from the gateway's failures to the outbox's."""

import json
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.delivery.outbox import LeftUncertain, NotDelivered, OutboxItem, Undeliverable
from idp.delivery.text_messages import (
    KIND,
    CodeMessage,
    NumberOptedOut,
    deliver_text_messages,
    read_payload,
    to_payload,
)
from idp.telephony.channel import Channel
from idp.telephony.gateways.contract import (
    Accepted,
    GatewayError,
    LeftOpen,
    NotServed,
    OptedOut,
    OutcomeUnknown,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)
from idp.telephony.messages import load_messages
from tests.delivery.fakes import NOW, Clock

HOST = "id.overseas.go.kr"
ABOUT = UUID(int=9)
MESSAGE = CodeMessage("+4915112345678", "DE", "ko", "482913", "정부24", ABOUT)
ITEM = OutboxItem(UUID(int=7), KIND, b"", 1, NOW, NOW + 600)


@dataclass
class Gateway:
    failure: GatewayError | None = None
    sent: list = field(default_factory=list)
    speaks: frozenset = frozenset({"ko", "en", "ru"})

    def send(self, message):
        if self.failure:
            raise self.failure
        self.sent.append(message)
        return Accepted("fake")


def deliver(gateway, payload, now=NOW):
    deliver_text_messages(gateway, load_messages(), HOST, Clock(now))(ITEM, payload)


def test_the_person_is_written_to_in_their_language():
    gateway = Gateway()
    deliver(gateway, to_payload(MESSAGE), now=NOW + 100)
    (sent,) = gateway.sent
    assert sent.body.startswith("[정부24] 인증번호 482913")
    assert sent.body.endswith("\n@id.overseas.go.kr #482913")
    assert (sent.id, sent.to, sent.region, sent.valid_seconds) == (ITEM.id, MESSAGE.to, "DE", 500)


def test_a_call_says_the_code_three_times_in_the_persons_language():
    gateway = Gateway()
    deliver(gateway, to_payload(replace(MESSAGE, channel=Channel.VOICE)))
    (sent,) = gateway.sent
    assert (sent.channel, sent.language) == (Channel.VOICE, "ko")
    assert sent.body.count("4, 8, 2, 9, 1, 3") == 3
    assert HOST not in sent.body


@given(st.builds(CodeMessage, *[st.text(max_size=20)] * 5, st.uuids(), st.sampled_from(Channel)))
def test_a_payload_reads_back_as_it_was_written(message):
    assert read_payload(to_payload(message)) == message


FACTS = ["+4915112345678", "DE", "ko", "482913", "정부24"]


def facts(*values):
    return ABOUT.bytes + json.dumps(values).encode()


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        ABOUT.bytes,
        ABOUT.bytes + b"{}",
        ABOUT.bytes + b'"text"',
        facts(*FACTS, "pigeon"),
        facts(*FACTS, "sms", "voice"),
        facts(*FACTS[:-1]),
        facts(None, *FACTS[1:]),
        facts(*FACTS[:3], 482913, FACTS[4]),
        facts(*FACTS[:3], "no digits", FACTS[4]),
        to_payload(MESSAGE)[1:],
    ],
)
def test_a_payload_that_is_not_a_code_message_is_never_sent(payload):
    gateway = Gateway()
    with pytest.raises(Undeliverable) as failure:
        deliver(gateway, payload)
    assert gateway.sent == []
    assert failure.value.__cause__ is None
    assert "482913" not in str(failure.value)


@pytest.mark.parametrize(
    ("failure", "expected", "wait", "uncertain"),
    [
        (OptedOut("twilio 21610"), NumberOptedOut, None, None),
        (PermanentFailure("twilio 21211"), Undeliverable, None, None),
        (NotServed("twilio 21408"), Undeliverable, None, None),
        (TemporaryFailure("twilio 503"), NotDelivered, 0, False),
        (OutcomeUnknown("twilio 500"), NotDelivered, 0, True),
        (LeftOpen("twilio 500"), LeftUncertain, None, None),
        (RateLimited("twilio 20429", 30), NotDelivered, 30, False),
        (RateLimited("twilio 20429"), NotDelivered, 0, False),
    ],
)
def test_what_a_gateway_failure_means_for_the_next_attempt(failure, expected, wait, uncertain):
    with pytest.raises(expected, match=str(failure)) as seen:
        deliver(Gateway(failure), to_payload(MESSAGE))
    assert type(seen.value) is expected
    assert getattr(seen.value, "wait", None) == wait
    assert getattr(seen.value, "uncertain", None) == uncertain


def test_O_10_a_message_in_a_traceback_shows_neither_number_nor_code():
    assert "482913" not in repr(MESSAGE)
    assert "4915" not in repr(MESSAGE)


@pytest.mark.parametrize("number", ["+447700900001", "+12125550101", "+61491570156"])
def test_a_message_to_a_number_of_fiction_leaves_nobody_in_production(number):
    gateway = Gateway()
    deliver = deliver_text_messages(gateway, load_messages(), HOST, Clock(NOW), fictional=False)
    with pytest.raises(Undeliverable, match="fiction"):
        deliver(ITEM, to_payload(replace(MESSAGE, to=number)))
    assert gateway.sent == []
