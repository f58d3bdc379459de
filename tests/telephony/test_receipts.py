"""Delivery receipts: genuine or refused, final or not, and never a word to anybody else."""

import hmac
import json
from base64 import b64encode
from hashlib import sha1, sha256
from urllib.parse import urlencode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OctKey

from idp.telephony.accounts_file import KINDS
from idp.telephony.dispatch import State
from idp.telephony.receipts import (
    MAX_SKEW_SECONDS,
    MOST_REPORTS,
    SIGNATURE_HEADER,
    Incoming,
    NotGenuine,
    Report,
    read_receipt,
    sign,
)

NOW = 1_800_000_000
SECRET = "a-secret-that-only-the-vendor-has"
MESSAGE = UUID("0192f0c1-2a3b-7c4d-8e5f-60718293a4b5")
URL = f"https://id.example/receipts/one/{MESSAGE}"
DELIVERED, UNDELIVERED = State.DELIVERED, State.UNDELIVERED


def twilio(body, secret=SECRET, url=URL):
    said = url + "".join(name + value for name, value in sorted(body.items()))
    mac = b64encode(hmac.new(secret.encode(), said.encode(), sha1).digest()).decode()
    return Incoming(URL, {"x-twilio-signature": mac}, urlencode(body).encode(), MESSAGE)


def vonage(body, secret=SECRET, at=NOW, alg="HS256", **claims):
    content = json.dumps(body).encode()
    claims = {"iat": at, "jti": "1", "iss": "Vonage", "payload_hash": sha256(content).hexdigest()} | claims
    token = jws.serialize_compact({"alg": alg, "typ": "JWT"}, json.dumps(claims), OctKey.import_key(secret), [alg])
    return Incoming(URL, {"authorization": f"Bearer {token}"}, content, MESSAGE)


def infobip(body, secret=SECRET):
    shown = b64encode(f"infobip:{secret}".encode()).decode()
    return Incoming(URL, {"authorization": f"Basic {shown}"}, json.dumps(body).encode(), MESSAGE)


def solapi(body, secret=SECRET):
    return Incoming(URL, {"x-solapi-secret": secret}, json.dumps(body).encode(), None)


def signed(body, secret=SECRET, at=NOW):
    content = json.dumps(body).encode()
    return Incoming(URL, {SIGNATURE_HEADER: sign(secret, content, at)}, content, MESSAGE)


def status(group, message=str(MESSAGE)):
    return {"results": [{"messageId": message, "status": {"groupName": group}}]}


SAID = [
    ("twilio", twilio({"MessageSid": "SM1", "MessageStatus": "delivered"}), [Report(DELIVERED, MESSAGE, "SM1")]),
    ("twilio", twilio({"MessageSid": "SM1", "MessageStatus": "undelivered"}), [Report(UNDELIVERED, MESSAGE, "SM1")]),
    ("twilio", twilio({"MessageSid": "SM1", "MessageStatus": "sent", "ErrorCode": ""}), []),
    ("twilio", twilio({"CallSid": "CA1", "CallStatus": "completed"}), [Report(DELIVERED, MESSAGE, "CA1")]),
    ("twilio", twilio({"CallSid": "CA1", "CallStatus": "no-answer"}), [Report(UNDELIVERED, MESSAGE, "CA1")]),
    ("vonage", vonage({"message_uuid": "u1", "status": "delivered"}), [Report(DELIVERED, MESSAGE, "u1")]),
    ("vonage", vonage({"message_uuid": "u1", "status": "rejected"}), [Report(UNDELIVERED, MESSAGE, "u1")]),
    ("vonage", vonage({"message_uuid": "u1", "status": "submitted"}), []),
    ("vonage", vonage({"uuid": "c1", "status": "unanswered"}), [Report(UNDELIVERED, MESSAGE, "c1")]),
    ("infobip", infobip(status("DELIVERED")), [Report(DELIVERED, MESSAGE)]),
    ("infobip", infobip(status("EXPIRED")), [Report(UNDELIVERED, MESSAGE)]),
    ("infobip", infobip(status("PENDING")), []),
    ("infobip", infobip(status("DELIVERED", "not ours")), []),
    (
        "solapi",
        solapi([{"messageId": "M1", "statusCode": "4000", "customFields": {"message": str(MESSAGE)}}]),
        [Report(DELIVERED, MESSAGE, "M1")],
    ),
    ("solapi", solapi([{"messageId": "M1", "statusCode": "3058"}]), [Report(UNDELIVERED, None, "M1")]),
    ("solapi", solapi([{"messageId": "M1", "statusCode": "3000"}]), []),
    ("sns", signed({"notification": {"messageId": "n1"}, "status": "SUCCESS"}), [Report(DELIVERED, None, "n1")]),
    ("sns", signed({"notification": {"messageId": "n1"}, "status": "FAILURE"}), [Report(UNDELIVERED, None, "n1")]),
    ("relay", signed({"id": str(MESSAGE), "state": "delivered"}), [Report(DELIVERED, MESSAGE)]),
    ("relay", signed({"state": "undelivered"}), [Report(UNDELIVERED, MESSAGE)]),
    ("smpp", signed([{"id": str(MESSAGE), "state": "delivered"}, 7]), [Report(DELIVERED, MESSAGE)]),
]


@pytest.mark.parametrize(("kind", "incoming", "reports"), SAID)
def test_what_a_vendor_signed_is_read(kind, incoming, reports):
    assert read_receipt(kind, SECRET, incoming, NOW) == reports


def test_every_kind_that_really_sends_can_report():
    assert {kind for kind, _, _ in SAID} == set(KINDS) - {"file", "simulator"}


BODY = {"id": str(MESSAGE), "state": "delivered"}
FORM = {"MessageSid": "SM1", "MessageStatus": "delivered"}


@pytest.mark.parametrize(
    ("kind", "incoming"),
    [
        ("twilio", twilio(FORM, secret="another")),
        ("twilio", twilio(FORM, url="https://evil.example/receipts/one")),
        ("twilio", Incoming(URL, twilio(FORM).headers, urlencode(FORM | {"MessageStatus": "failed"}).encode(), None)),
        ("twilio", Incoming(URL, {}, urlencode(FORM).encode(), MESSAGE)),
        ("twilio", Incoming(URL, {"x-twilio-signature": "\ud800"}, b"", MESSAGE)),
        ("vonage", vonage(BODY, secret="another-secret-of-the-same-length")),
        ("vonage", vonage(BODY, at=NOW - MAX_SKEW_SECONDS - 1)),
        ("vonage", vonage(BODY, at=NOW + MAX_SKEW_SECONDS + 1)),
        ("vonage", vonage(BODY, iat=None)),
        ("vonage", vonage(BODY, iat=True)),
        ("vonage", vonage(BODY, payload_hash=None)),
        ("vonage", vonage(BODY, alg="HS384")),
        ("vonage", Incoming(URL, vonage(BODY).headers, b"{}", MESSAGE)),
        ("vonage", Incoming(URL, {"authorization": "Bearer a.b.c"}, b"{}", MESSAGE)),
        ("vonage", Incoming(URL, {}, b"{}", MESSAGE)),
        ("infobip", infobip(BODY, secret="another")),
        ("infobip", Incoming(URL, {"authorization": "Basic !"}, b"{}", MESSAGE)),
        ("infobip", Incoming(URL, {"authorization": f"Bearer {SECRET}"}, b"{}", MESSAGE)),
        ("infobip", Incoming(URL, {}, b"{}", MESSAGE)),
        ("solapi", solapi([], secret="")),
        ("relay", signed(BODY, secret="another")),
        ("relay", signed(BODY, at=NOW - MAX_SKEW_SECONDS - 1)),
        ("relay", signed(BODY, at=NOW + MAX_SKEW_SECONDS + 1)),
        ("relay", Incoming(URL, {SIGNATURE_HEADER: "t=now,v1=" + "0" * 64}, b"{}", None)),
        ("relay", Incoming(URL, {SIGNATURE_HEADER: f"t={NOW}"}, b"{}", None)),
        ("relay", Incoming(URL, signed(BODY).headers, b'{"state":"undelivered"}', MESSAGE)),
        ("file", signed(BODY)),
        ("simulator", signed(BODY)),
        ("", signed(BODY)),
        ("relay", Incoming(URL, {SIGNATURE_HEADER: sign(SECRET, b"x" * 65_537, NOW)}, b"x" * 65_537, None)),
    ],
)
def test_what_is_not_genuine_is_refused_and_says_nothing(kind, incoming):
    with pytest.raises(NotGenuine) as refusal:
        read_receipt(kind, SECRET, incoming, NOW)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_gateway_without_a_secret_takes_no_receipts(kind):
    with pytest.raises(NotGenuine):
        read_receipt(kind, "", Incoming(URL, {SIGNATURE_HEADER: sign("", b"{}", NOW)}, b"{}", None), NOW)


@given(st.binary(max_size=200) | st.from_regex(rb'[\[{"a-z0-9:,}\]]{0,60}', fullmatch=True))
def test_a_signed_body_of_any_kind_is_read_or_says_nothing(body):
    for kind in ("relay", "sns"):
        incoming = Incoming(URL, {SIGNATURE_HEADER: sign(SECRET, body, NOW)}, body, None)
        assert isinstance(read_receipt(kind, SECRET, incoming, NOW), list)


def test_one_request_reports_a_bounded_number_of_messages():
    many = [{"id": str(UUID(int=n)), "state": "delivered"} for n in range(MOST_REPORTS + 50)]
    assert len(read_receipt("relay", SECRET, signed(many), NOW)) == MOST_REPORTS
