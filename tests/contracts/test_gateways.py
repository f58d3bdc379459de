"""What every gateway must do: one suite, run against each of them."""

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from idp.telephony.gateways.contract import (
    Accepted,
    Gateway,
    GatewayError,
    Message,
    OptedOut,
    OutcomeUnknown,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)
from idp.telephony.gateways.file import FileGateway, read_messages
from idp.telephony.gateways.twilio import TwilioAccount, TwilioGateway
from tests.contracts import vendor as vendors

MESSAGE = Message(
    UUID("0192f0c1-2a3b-7c4d-8e5f-60718293a4b5"),
    "+4915112345678",
    "정부24: 482913 & 100% € @{}\n@id.overseas.go.kr #482913",
    "DE",
)
OTHER = replace(MESSAGE, id=UUID("0192f0c1-2a3b-7c4d-8e5f-60718293a4b6"), body="other\n@id.example #111111")

OUTCOMES = {
    "rejected": (vendors.refuse(400, 21211), PermanentFailure),
    "not a mobile number": (vendors.refuse(400, 21614), PermanentFailure),
    "country closed": (vendors.refuse(403, 21408), PermanentFailure),
    "opted out": (vendors.refuse(400, 21610), OptedOut),
    "unavailable": (vendors.refuse(503, 20503), TemporaryFailure),
    "queue full": (vendors.refuse(429, 21611), RateLimited),
    "rate limited": (vendors.refuse(429, 20429, Retry_After="7"), RateLimited),
    "credentials": (vendors.refuse(401, 20003), TemporaryFailure),
    "redirect": (vendors.answer(307, b"", Location="/elsewhere"), TemporaryFailure),
    "a proxy refuses": (vendors.answer(407, b"<html>"), TemporaryFailure),
    "internal error": (vendors.refuse(500, 20500), OutcomeUnknown),
    "bad gateway": (vendors.answer(502, b"<html>"), OutcomeUnknown),
    "slow": (vendors.slow, OutcomeUnknown),
    "dropped connection": (vendors.hang_up, OutcomeUnknown),
    "broken answer": (vendors.half, OutcomeUnknown),
    "endless answer": (vendors.drip, OutcomeUnknown),
    "huge answer": (vendors.answer(201, b'{"sid": "SM1"' + b" " * 70_000 + b"}"), OutcomeUnknown),
    "not the API": (vendors.answer(200, b"<html>welcome"), OutcomeUnknown),
    "no sid": (vendors.answer(201, {"sid": None}), OutcomeUnknown),
    "deep answer": (vendors.answer(201, b"[" * 60_000), OutcomeUnknown),
}


@dataclass
class Subject:
    """A gateway, and what arrived at its other end: (id, to, text) of each distinct message."""

    gateway: Gateway
    arrived: object


class Clock:
    """Every look at it is a second later."""

    def __init__(self):
        self.now = 1_800_000_000

    def __call__(self):
        self.now += 1
        return self.now


@pytest.fixture
def vendor():
    vendor, server = vendors.start()
    yield vendor
    vendor.over.set()
    server.shutdown()
    server.server_close()


def twilio(address, sender="+15005550006", token=vendors.TOKEN, **kwargs):
    account = TwilioAccount(address, vendors.ACCOUNT, token, sender)
    return TwilioGateway(account, **({"trusted_ca": None, "clock": Clock(), "read_seconds": 0.5} | kwargs))


@pytest.fixture(params=["file", "twilio"])
def subject(request, tmp_path):
    if request.param == "file":
        path = tmp_path / "var" / "messages.jsonl"
        return Subject(
            FileGateway(path, Clock()), lambda: [(m.id, m.to, m.text) for m in reversed(read_messages(path))]
        )
    vendor = request.getfixturevalue("vendor")

    def arrived():
        # A vendor that honours the key has one message for each; dict keeps the order of the first.
        return [(key, to, text) for (key, to, text) in dict.fromkeys(map(seen, vendor.asked))]

    return Subject(twilio(vendor.address), arrived)


def seen(asked):
    return asked.key, asked.form["To"], asked.form["Body"]


def test_a_message_arrives_unchanged_and_gets_the_vendors_id(subject):
    accepted = subject.gateway.send(MESSAGE)
    assert isinstance(accepted, Accepted)
    assert accepted.vendor_id
    assert subject.arrived() == [(str(MESSAGE.id), MESSAGE.to, MESSAGE.body)]


def test_two_messages_are_two(subject):
    subject.gateway.send(MESSAGE)
    subject.gateway.send(OTHER)
    assert [text for _, _, text in subject.arrived()] == [MESSAGE.body, OTHER.body]


def test_the_same_message_again_is_accepted_and_can_be_told_to_be_the_same(subject):
    subject.gateway.send(MESSAGE)
    assert isinstance(subject.gateway.send(MESSAGE), Accepted)
    assert len(subject.arrived()) == 1


def test_O_10_neither_number_nor_code_reaches_a_log(subject, caplog):
    caplog.set_level(logging.DEBUG)
    subject.gateway.send(MESSAGE)
    for secret in ("4915112345678", "15112345678", "482913"):
        assert secret not in caplog.text


def test_O_10_a_message_in_a_traceback_shows_neither_number_nor_code():
    assert "482913" not in repr(MESSAGE)
    assert "4915" not in repr(MESSAGE)


@pytest.mark.parametrize("name", OUTCOMES)
def test_each_answer_of_the_vendor_has_one_meaning(vendor, name):
    behaviour, expected = OUTCOMES[name]
    vendor.next = behaviour
    with pytest.raises(GatewayError) as refusal:
        twilio(vendor.address).send(MESSAGE)
    assert type(refusal.value) is expected
    assert len(vendor.asked) == 1, "a gateway never repeats or follows by itself"


@pytest.mark.parametrize("name", OUTCOMES)
def test_O_10_no_failure_quotes_the_message_or_the_vendor(vendor, name, caplog):
    caplog.set_level(logging.DEBUG)
    vendor.next = OUTCOMES[name][0]
    with pytest.raises(GatewayError) as refusal:
        twilio(vendor.address).send(MESSAGE)
    said = f"{refusal.value} {refusal.value!r} {refusal.value.__cause__!r} {caplog.text}"
    for secret in ("15112345678", "482913", vendors.TOKEN):
        assert secret not in said


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("86400", 600),
        ("9" * 5000, 600),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("-1", None),
    ],
)
def test_the_pause_that_the_vendor_asks_for_is_kept_and_bounded(vendor, header, seconds):
    vendor.next = vendors.refuse(429, 20429, Retry_After=header)
    with pytest.raises(RateLimited) as refusal:
        twilio(vendor.address).send(MESSAGE)
    assert refusal.value.retry_after == seconds


def test_a_vendor_that_is_not_there_has_certainly_not_taken_the_message():
    _, server = vendors.start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    with pytest.raises(TemporaryFailure) as refusal:
        twilio(address).send(MESSAGE)
    assert not isinstance(refusal.value, OutcomeUnknown)


def test_the_gateway_works_again_after_a_dropped_connection(vendor):
    gateway = twilio(vendor.address)
    vendor.next = vendors.hang_up
    with pytest.raises(OutcomeUnknown):
        gateway.send(MESSAGE)
    vendor.next = vendors.accept
    gateway.send(MESSAGE)
    assert {asked.key for asked in vendor.asked} == {str(MESSAGE.id)}


def test_a_code_is_not_delivered_after_it_has_expired(vendor):
    twilio(vendor.address).send(replace(MESSAGE, valid_seconds=431))
    twilio(vendor.address).send(replace(MESSAGE, valid_seconds=-5))
    twilio(vendor.address).send(replace(MESSAGE, valid_seconds=10**9))
    assert [asked.form["ValidityPeriod"] for asked in vendor.asked] == ["431", "1", "36000"]


@pytest.mark.parametrize(
    ("sender", "name"),
    [("+15005550006", "From"), ("OVERSEAS ID", "From"), ("MG" + "0" * 32, "MessagingServiceSid")],
)
def test_the_sender_is_a_number_a_name_or_a_messaging_service(vendor, sender, name):
    twilio(vendor.address, sender=sender).send(MESSAGE)
    assert vendor.asked[0].form[name] == sender
    assert len({"From", "MessagingServiceSid"} & vendor.asked[0].form.keys()) == 1


def test_wrong_credentials_wait_for_the_operator(vendor):
    with pytest.raises(TemporaryFailure, match="20003"):
        twilio(vendor.address, token="old").send(MESSAGE)


def certificate(path):
    """A self-signed certificate for 127.0.0.1 with its key, and the certificate alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vendor")])
    now = datetime.now(tz=UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    ).public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (path / "server.pem").write_bytes(private + signed)
    (path / "trusted.pem").write_bytes(signed)
    return path / "server.pem", str(path / "trusted.pem")


def test_a_vendor_whose_certificate_is_not_trusted_gets_nothing(tmp_path):
    own, trusted = certificate(tmp_path)
    vendor, server = vendors.start(own)
    with pytest.raises(TemporaryFailure, match="SSLError") as refusal:
        twilio(vendor.address).send(MESSAGE)
    assert not isinstance(refusal.value, OutcomeUnknown)
    assert vendor.asked == []
    assert twilio(vendor.address, trusted_ca=trusted).send(MESSAGE).vendor_id
    server.shutdown()
    server.server_close()
