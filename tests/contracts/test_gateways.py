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

from idp.telephony.channel import Channel
from idp.telephony.gateways.contract import (
    Accepted,
    Gateway,
    GatewayError,
    Message,
    NotServed,
    OutcomeUnknown,
    RateLimited,
    TemporaryFailure,
)
from idp.telephony.gateways.file import FileGateway, read_messages
from idp.telephony.gateways.simulator import SimulatorGateway
from tests.contracts import vendor as vendors
from tests.contracts.dialects import DIALECTS, RELAY, SECRET, SENDER, SNS, TWILIO, Clock, twilio_refuse

MESSAGE = Message(
    UUID("0192f0c1-2a3b-7c4d-8e5f-60718293a4b5"),
    "+4915112345678",
    "정부24: 482913 & 100% € @{}\n@id.overseas.go.kr #482913",
    "DE",
)
OTHER = replace(MESSAGE, id=UUID("0192f0c1-2a3b-7c4d-8e5f-60718293a4b6"), body="other\n@id.example #111111")
CALL = replace(MESSAGE, channel=Channel.VOICE, language="ko", body="인증번호는, 4, 8, 2, 9, 1, 3. <&\n안녕히.")

#: What goes wrong the same way with every vendor that is spoken to by HTTP.
ON_THE_WAY = {
    "redirect": (vendors.answer(307, b"", Location="/elsewhere"), TemporaryFailure),
    "a proxy refuses": (vendors.answer(407, b"<html>"), TemporaryFailure),
    "bad gateway": (vendors.answer(502, b"<html>"), OutcomeUnknown),
    "unavailable": (vendors.answer(503, b"<html>"), TemporaryFailure),
    "slow": (vendors.slow, OutcomeUnknown),
    "dropped connection": (vendors.hang_up, OutcomeUnknown),
    "broken answer": (vendors.half, OutcomeUnknown),
    "endless answer": (vendors.drip, OutcomeUnknown),
    "huge answer": (vendors.answer(200, b'{"id": "1"' + b" " * 70_000 + b"}"), OutcomeUnknown),
    "not the API": (vendors.answer(200, b"<html>welcome"), OutcomeUnknown),
    "deep answer": (vendors.answer(200, b"[" * 60_000), OutcomeUnknown),
}
ANSWERS = [
    (dialect, name, behaviour, expected)
    for dialect in DIALECTS.values()
    for name, (behaviour, expected) in (ON_THE_WAY | dict(dialect.refusals)).items()
]
each_answer = pytest.mark.parametrize(
    ("dialect", "name", "behaviour", "expected"), ANSWERS, ids=[f"{d.name}-{name}" for d, name, _, _ in ANSWERS]
)


@dataclass
class Subject:
    """A gateway, and what arrived at its other end: (to, text) of each distinct message."""

    gateway: Gateway
    arrived: object


@pytest.fixture
def serve():
    """Start the server of a dialect; all of them end with the test."""
    started = []

    def start(dialect, certificate=None):
        started.append(vendors.start(dialect, certificate))
        return started[-1][0]

    yield start
    for vendor, server in started:
        vendor.over.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def vendor(serve):
    return serve(TWILIO)


def twilio(address, **changed):
    return TWILIO.make(address, **changed)


@pytest.fixture(params=["file", "simulator", *DIALECTS])
def subject(request, tmp_path, serve):
    if request.param in {"file", "simulator"}:
        path = tmp_path / "var" / "messages.jsonl"
        file = FileGateway(path, Clock())
        gateway = file if request.param == "file" else SimulatorGateway(file, sleep=lambda _: None)
        return Subject(gateway, lambda: [(m.to, m.text) for m in reversed(read_messages(path))])
    dialect = DIALECTS[request.param]
    vendor = serve(dialect)

    def arrived():
        # Who knows the key has one message for each; dict keeps the order of the first.
        return [(to, text) for _, to, text in dict.fromkeys(map(dialect.seen, vendor.asked))]

    return Subject(dialect.make(vendor.address), arrived)


def test_a_message_arrives_unchanged_and_gets_the_vendors_id(subject):
    accepted = subject.gateway.send(MESSAGE)
    assert isinstance(accepted, Accepted)
    assert accepted.vendor_id
    assert subject.arrived() == [(MESSAGE.to, MESSAGE.body)]


def test_two_messages_are_two(subject):
    subject.gateway.send(MESSAGE)
    subject.gateway.send(OTHER)
    assert [text for _, text in subject.arrived()] == [MESSAGE.body, OTHER.body]


def test_the_same_message_again_is_accepted_and_can_be_told_to_be_the_same(subject):
    subject.gateway.send(MESSAGE)
    assert isinstance(subject.gateway.send(MESSAGE), Accepted)
    assert len(subject.arrived()) == 1


def test_a_call_says_every_sentence_or_is_not_served(subject):
    if Channel.VOICE not in subject.gateway.carries:
        assert not subject.gateway.speaks
        with pytest.raises(NotServed):
            subject.gateway.send(CALL)
        assert subject.arrived() == []
        return
    assert "ko" in subject.gateway.speaks
    assert subject.gateway.send(CALL).vendor_id
    ((to, said),) = subject.arrived()
    assert to == CALL.to
    assert "4, 8, 2, 9, 1, 3" in said
    assert "안녕히." in said


@pytest.mark.parametrize("name", ["twilio", "vonage", "infobip"])
def test_a_language_without_a_voice_is_not_served(serve, name):
    dialect = DIALECTS[name]
    vendor = serve(dialect)
    gateway = dialect.make(vendor.address)
    assert "uz" not in gateway.speaks
    with pytest.raises(NotServed, match="voice"):
        gateway.send(replace(CALL, language="uz"))
    assert vendor.asked == []


def test_what_a_voice_says_cannot_become_markup(serve):
    for name in ("twilio", "vonage"):
        vendor = serve(DIALECTS[name])
        DIALECTS[name].make(vendor.address).send(CALL)
        assert "3. &lt;&amp;" in DIALECTS[name].seen(vendor.asked[0])[2]


def test_O_10_neither_number_nor_code_reaches_a_log(subject, caplog):
    caplog.set_level(logging.DEBUG)
    subject.gateway.send(MESSAGE)
    for secret in ("4915112345678", "15112345678", "482913", SECRET):
        assert secret not in caplog.text


def test_O_10_a_message_in_a_traceback_shows_neither_number_nor_code():
    assert "482913" not in repr(MESSAGE)
    assert "4915" not in repr(MESSAGE)


@each_answer
def test_each_answer_of_a_vendor_has_one_meaning_and_is_never_quoted(serve, caplog, dialect, name, behaviour, expected):
    caplog.set_level(logging.DEBUG)
    vendor = serve(dialect)
    vendor.next = behaviour
    with pytest.raises(GatewayError) as refusal:
        dialect.make(vendor.address, read_seconds=0.1 if name == "slow" else 1.0).send(MESSAGE)
    assert type(refusal.value) is expected
    assert len(vendor.asked) == 1, "a gateway never repeats or follows by itself"
    said = f"{refusal.value} {refusal.value!r} {refusal.value.__cause__!r} {caplog.text}"
    for secret in ("15112345678", "482913", SECRET):
        assert secret not in said


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_wrong_credentials_wait_for_the_operator(serve, dialect):
    vendor = serve(dialect)
    with pytest.raises(TemporaryFailure) as refusal:
        dialect.make(vendor.address, secret="old").send(MESSAGE)
    assert not isinstance(refusal.value, OutcomeUnknown)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_vendor_that_is_not_there_has_certainly_not_taken_the_message(dialect):
    _, server = vendors.start(dialect)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    with pytest.raises(TemporaryFailure) as refusal:
        dialect.make(address).send(MESSAGE)
    assert not isinstance(refusal.value, OutcomeUnknown)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_receipts_are_asked_for_at_an_address_that_names_the_message(serve, dialect):
    vendor = serve(dialect)
    dialect.make(vendor.address, receipts_url="https://id.example/receipts/here").send(MESSAGE)
    wanted = f"https://id.example/receipts/here/{MESSAGE.id}"
    asked = vendor.asked[0].form.values() if dialect is TWILIO else [vendor.asked[0].body.decode()]
    # SNS and Solapi are told once, in their consoles, where receipts go.
    assert any(wanted in value for value in asked) == (dialect.name not in {"sns", "solapi"})


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
    vendor.next = twilio_refuse(429, 20429, Retry_After=header)
    with pytest.raises(RateLimited) as refusal:
        twilio(vendor.address).send(MESSAGE)
    assert refusal.value.retry_after == seconds


def test_the_gateway_works_again_after_a_dropped_connection(vendor):
    gateway = twilio(vendor.address)
    vendor.next = vendors.hang_up
    with pytest.raises(OutcomeUnknown):
        gateway.send(MESSAGE)
    vendor.next = TWILIO.accept
    gateway.send(MESSAGE)
    assert {asked.headers["Idempotency-Key"] for asked in vendor.asked} == {str(MESSAGE.id)}


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


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_the_sender_of_the_country_goes_before_the_gateways_own(serve, dialect):
    vendor = serve(dialect)
    dialect.make(vendor.address).send(replace(MESSAGE, sender="KOREA"))
    assert b"KOREA" in vendor.asked[0].body
    assert SENDER.lstrip("+").encode() not in vendor.asked[0].body


@pytest.mark.parametrize(
    ("sender", "attribute"), [("+15005550006", "AWS.MM.SMS.OriginationNumber"), ("KOREA", "AWS.SNS.SMS.SenderID")]
)
def test_sns_is_told_whether_the_sender_is_a_number_or_a_name(serve, sender, attribute):
    vendor = serve(SNS)
    SNS.make(vendor.address, sender=sender).send(MESSAGE)
    form = vendor.asked[0].form
    assert form["MessageAttributes.entry.1.Value.StringValue"] == "Transactional"
    assert (form["MessageAttributes.entry.2.Name"], form["MessageAttributes.entry.2.Value.StringValue"]) == (
        attribute,
        sender,
    )


def test_a_relay_learns_for_how_long_a_code_is_good(serve):
    vendor = serve(RELAY)
    RELAY.make(vendor.address).send(replace(MESSAGE, valid_seconds=-5))
    assert vendor.asked[0].document["valid_seconds"] == 1


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
    return path / "server.pem", path / "trusted.pem"


def test_a_vendor_whose_certificate_is_not_trusted_gets_nothing(tmp_path, serve):
    own, trusted = certificate(tmp_path)
    vendor = serve(TWILIO, own)
    with pytest.raises(TemporaryFailure, match="SSLError") as refusal:
        twilio(vendor.address).send(MESSAGE)
    assert not isinstance(refusal.value, OutcomeUnknown)
    assert vendor.asked == []
    assert twilio(vendor.address, trusted_ca=trusted).send(MESSAGE).vendor_id
