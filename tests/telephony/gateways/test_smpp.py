"""SMPP 3.4 against a local message centre that answers as the specification says."""

import socket
import struct
from dataclasses import dataclass, field, replace
from threading import Event, Thread
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.telephony.channel import Channel
from idp.telephony.gateways.account import Account
from idp.telephony.gateways.contract import (
    GatewayError,
    Message,
    NotServed,
    OptedOut,
    OutcomeUnknown,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)
from idp.telephony.gateways.smpp import (
    BIND_TRANSMITTER,
    RESPONSE,
    SUBMIT_SM,
    UNBIND,
    Pdu,
    SmppGateway,
    _encode,
    _validity,
    read_pdu,
)

MESSAGE = Message(UUID(int=7), "+4915112345678", "정부24: 482913\n@id.example #482913", "DE")


@dataclass
class Centre:
    """One message centre: the status it answers each command with, and what it was asked."""

    port: int = 0
    statuses: dict = field(default_factory=dict)
    #: Commands after which it hangs up, or says nothing more, instead of answering.
    hangs_up_after: int = 0
    silent_after: int = 0
    answers_with: bytes | None = None
    asked: list = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def serve(self, listener):
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                self._talk(line)

    def _talk(self, line):
        while True:
            try:
                pdu = read_pdu(line)
            except (OSError, ValueError, struct.error):
                return
            self.asked.append(pdu)
            if pdu.command == self.hangs_up_after:
                return
            if pdu.command == self.silent_after:
                self.over.wait(10)
                return
            if self.answers_with is not None and pdu.command == SUBMIT_SM:
                line.sendall(self.answers_with)
                continue
            body = b"centre-1\0" if pdu.command != UNBIND else b""
            line.sendall(Pdu(pdu.command | RESPONSE, self.statuses.get(pdu.command, 0), pdu.sequence, body).encode())


@pytest.fixture
def centre():
    listener = socket.create_server(("127.0.0.1", 0))
    made = Centre(port=listener.getsockname()[1])
    thread = Thread(target=made.serve, args=(listener,), daemon=True)
    thread.start()
    yield made
    made.over.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)


def gateway(centre, **changed):
    account = Account(
        name="line",
        kind="smpp",
        url=f"smpp://127.0.0.1:{centre.port}",
        account="user",
        secret="password",
        sender="KOREA",
    )
    return SmppGateway(replace(account, **changed), clock=lambda: 0, read_seconds=0.3)


def fields(body):
    """The members of a submit_sm that the tests look at."""
    parts = {}
    _service, rest = body.split(b"\0", 1)
    parts["source_kind"], rest = rest[:2], rest[2:]
    source, rest = rest.split(b"\0", 1)
    rest = rest[2:]
    target, rest = rest.split(b"\0", 1)
    rest = rest[3:]
    _schedule, rest = rest.split(b"\0", 1)
    validity, rest = rest.split(b"\0", 1)
    parts |= {"source": source, "target": target, "validity": validity, "coding": rest[2]}
    length, text = rest[4], rest[5:]
    parts["text"] = text[:length] if length else text[4:]
    return parts


def test_a_message_is_bound_submitted_and_unbound(centre):
    assert gateway(centre).send(MESSAGE).vendor_id == "centre-1"
    assert [pdu.command for pdu in centre.asked] == [BIND_TRANSMITTER, SUBMIT_SM, UNBIND]
    assert centre.asked[0].body == b"user\0password\0\0" + b"\x34\0\0\0"
    sent = fields(centre.asked[1].body)
    assert sent["text"].decode("utf-16-be") == MESSAGE.body
    assert (sent["source"], sent["target"], sent["coding"]) == (b"KOREA", b"4915112345678", 8)
    assert (sent["source_kind"], sent["validity"]) == (b"\x05\x00", b"000000001000000R")


def test_a_sender_that_is_a_number_is_one_and_a_latin_text_is_short(centre):
    gateway(centre).send(replace(MESSAGE, sender="+8225550100", body="Code 482913 für Sie\n@h #482913"))
    sent = fields(centre.asked[1].body)
    assert (sent["source"], sent["source_kind"], sent["coding"]) == (b"8225550100", b"\x01\x01", 3)
    assert sent["text"].decode("latin-1") == "Code 482913 für Sie\n@h #482913"


def test_a_long_text_travels_as_payload(centre):
    body = "가" * 200
    gateway(centre).send(replace(MESSAGE, body=body))
    assert fields(centre.asked[1].body)["text"].decode("utf-16-be") == body


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"statuses": {SUBMIT_SM: 0x0B}}, PermanentFailure),
        ({"statuses": {SUBMIT_SM: 0x0443}}, OptedOut),
        ({"statuses": {SUBMIT_SM: 0x58}}, RateLimited),
        ({"statuses": {SUBMIT_SM: 0x14}}, TemporaryFailure),
        ({"statuses": {SUBMIT_SM: 0x08}}, TemporaryFailure),
        ({"statuses": {SUBMIT_SM: 0x0A}}, NotServed),
        ({"statuses": {BIND_TRANSMITTER: 0x0E}}, TemporaryFailure),
        ({"hangs_up_after": BIND_TRANSMITTER}, TemporaryFailure),
        ({"silent_after": BIND_TRANSMITTER}, TemporaryFailure),
        ({"hangs_up_after": SUBMIT_SM}, OutcomeUnknown),
        ({"silent_after": SUBMIT_SM}, OutcomeUnknown),
        ({"answers_with": struct.pack(">IIII", 10**6, SUBMIT_SM | RESPONSE, 0, 2)}, OutcomeUnknown),
        ({"answers_with": struct.pack(">IIII", 3, SUBMIT_SM | RESPONSE, 0, 2)}, OutcomeUnknown),
        ({"answers_with": Pdu(SUBMIT_SM | RESPONSE, 0, 9, b"\0").encode()}, OutcomeUnknown),
    ],
)
def test_each_answer_of_the_centre_has_one_meaning(centre, changed, expected):
    for name, value in changed.items():
        setattr(centre, name, value)
    with pytest.raises(GatewayError) as refusal:
        gateway(centre).send(MESSAGE)
    assert type(refusal.value) is expected
    for secret in ("482913", "15112345678", "password"):
        assert secret not in f"{refusal.value!r} {refusal.value.__cause__!r}"


def test_a_message_is_taken_even_when_the_line_breaks_while_unbinding(centre):
    centre.hangs_up_after = UNBIND
    assert gateway(centre).send(MESSAGE).vendor_id == "centre-1"


def test_a_centre_that_is_not_there_has_not_taken_it(centre):
    with pytest.raises(TemporaryFailure) as refusal:
        gateway(centre, url="smpp://127.0.0.1:1").send(MESSAGE)
    assert not isinstance(refusal.value, OutcomeUnknown)


def test_a_line_without_tls_is_not_taken_for_one_with(centre):
    with pytest.raises(TemporaryFailure):
        gateway(centre, url=f"smpps://127.0.0.1:{centre.port}").send(MESSAGE)
    assert [pdu.command for pdu in centre.asked] == []


def test_it_makes_no_calls(centre):
    with pytest.raises(NotServed):
        gateway(centre).send(replace(MESSAGE, channel=Channel.VOICE))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
def test_every_text_reads_back(text):
    coding, octets = _encode(text)
    assert octets.decode({3: "latin-1", 8: "utf-16-be"}[coding]) == text


@pytest.mark.parametrize(
    ("seconds", "period"),
    [(600, b"000000001000000R\0"), (-5, b"000000000100000R\0"), (10**9, b"000000235959000R\0")],
)
def test_a_code_is_not_delivered_after_it_has_expired(seconds, period):
    assert _validity(seconds) == period
