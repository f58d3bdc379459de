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
    TextMessages,
    Unpaid,
    message_key,
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
from idp.telephony.payment import Payment
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
    TextMessages(gateway, load_messages(), HOST, Clock(now))(ITEM, payload)


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
    deliver = TextMessages(gateway, load_messages(), HOST, Clock(NOW), fictional=False)
    with pytest.raises(Undeliverable, match="fiction"):
        deliver(ITEM, to_payload(replace(MESSAGE, to=number)))
    assert gateway.sent == []


# Several at once.


class Asked:
    """Somebody who tells of numbers that moved."""

    def moved_at(self, _e164):
        return None


class Till(Unpaid):
    def payment(self, region, channel, *, is_new=False):
        return Payment([region, channel, is_new], None, NOW)


@dataclass
class Together(Gateway):
    begun: list = field(default_factory=list)

    def begin(self, messages):
        self.begun.append([message.id for message in messages])
        for message in messages[:2]:
            message.payment.begun = "first"


def first(number, message=MESSAGE, attempts=1, sends=1):
    """A leased row and its payload."""
    about = UUID(int=number << 8)
    row = OutboxItem(message_key(about, sends), KIND, b"", attempts, NOW, NOW + 600)
    return row, to_payload(replace(message, about=about))


def begin(gateway, several, signals=None, **changed):
    given = {} if signals is None else {"signals": signals}
    together = gateway if hasattr(gateway, "begin") else None
    made = TextMessages(gateway, load_messages(), HOST, Clock(NOW), desk=Till(), together=together, **given, **changed)
    made.begin(several)
    return made


def test_first_messages_are_begun_together_and_go_on_from_there():
    gateway, several = Together(), [first(number) for number in (1, 2, 3)]
    made = begin(gateway, several)
    assert gateway.begun == [[item.id for item, _ in several]]
    for item, payload in several:
        made(item, b"" if item is several[0][0] else payload)
    assert [message.id for message in gateway.sent] == [item.id for item, _ in several]
    assert [message.payment.begun for message in gateway.sent] == ["first", "first", ""]
    assert gateway.sent[0].payment.counts == ["DE", Channel.SMS, False]


@pytest.mark.parametrize(
    ("several", "changed"),
    [
        ([first(1, attempts=2)], {}),
        ([first(1, sends=2)], {}),  # another one about the same sign-in: whoever carried the first is looked up
        ([(first(1)[0], b"no payload")], {}),
        ([first(1, replace(MESSAGE, code="no code"))], {}),
        ([first(1, replace(MESSAGE, to="+12025550143", region="US"))], {"fictional": False}),
        ([first(1)], {"signals": Asked()}),  # to ask may take seconds, and the others wait
    ],
)
def test_what_has_to_be_looked_at_by_itself_is_not_begun_with_others(several, changed):
    gateway = Together()
    begin(gateway, [*several, first(9)] if "signals" not in changed else several, **changed)
    assert gateway.begun == ([[first(9)[0].id]] if "signals" not in changed else [])


def test_a_gateway_that_can_begin_nothing_is_sent_each_by_itself():
    gateway, (item, payload) = Gateway(), first(1)
    begin(gateway, [(item, payload)])(item, payload)
    assert [message.id for message in gateway.sent] == [item.id]


def test_what_was_begun_is_gone_on_with_whatever_went_wrong_afterwards():
    class Fails(Together):
        def begin(self, messages):
            super().begin(messages)
            raise ConnectionError("the alarm could not be recorded")

    gateway, (item, payload) = Fails(), first(1)
    made = TextMessages(gateway, load_messages(), HOST, Clock(NOW), desk=Till(), together=gateway)
    with pytest.raises(ConnectionError):
        made.begin([(item, payload)])
    made(item, payload)
    assert gateway.sent[0].payment.begun == "first"
