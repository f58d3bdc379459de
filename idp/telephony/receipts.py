"""Delivery receipts: whether a vendor really sent one, and what it says became of a message. Pure.

Each vendor signs, or authenticates itself, in its own way; what is not genuine raises NotGenuine and says nothing.
A receipt names the message by our id (in the address that we gave the vendor, or in its body) or by the vendor's.
Receipts may come twice, late or out of order: noting one (storage) changes a message that was handed over, once.
"""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from idp.keys.jose import InvalidJwt, verify_mac_jwt
from idp.telephony.dispatch import State

#: How far a signed time may be from ours.
MAX_SKEW_SECONDS: Final = 300
MOST_REPORTS: Final = 100
MAX_BODY: Final = 64 * 1024
#: The header in which relays, and forwarders of Amazon's delivery logs, sign: `t=<seconds>,v1=<hex HMAC-SHA256>`.
SIGNATURE_HEADER: Final = "x-receipt-signature"


class NotGenuine(Exception):
    """Not from the vendor, or too old to tell. The message is for the log only."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request at the receipts' address."""

    #: As the vendor was told, from the issuer on: what Twilio signs.
    url: str
    #: Names in lower case.
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    #: The message that the address names.
    message: UUID | None


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one message."""

    state: State
    message: UUID | None = None
    vendor_id: str | None = None


def read_receipt(kind: str, secret: str, incoming: Incoming, now: int) -> list[Report]:
    """What a vendor of `kind` reports. Raises NotGenuine. Statuses that are not final report nothing."""
    check_genuine(kind, secret, incoming, now)
    return list(_limited(_KINDS[kind][1](incoming)))


def check_genuine(kind: str, secret: str, incoming: Incoming, now: int) -> None:
    """Raise NotGenuine unless a vendor of `kind` has sent this."""
    if not secret or len(incoming.body) > MAX_BODY:
        raise NotGenuine("no secret, or too long")
    check, _ = _KINDS.get(kind, (_refuse, _relay))
    check(incoming, secret, now)


def sign(secret: str, body: bytes, now: int) -> str:
    """The value of SIGNATURE_HEADER for a body: what a relay sends."""
    mac = hmac.new(secret.encode(), f"{now}.".encode() + body, sha256).hexdigest()
    return f"t={now},v1={mac}"


def _limited(reports: Iterator[Report]) -> Iterator[Report]:
    for report, _ in zip(reports, range(MOST_REPORTS), strict=False):
        yield report


# Who sent it.


def _refuse(_incoming: Incoming, _secret: str, _now: int) -> None:
    raise NotGenuine("a kind that sends no receipts")


def _twilio_signed(incoming: Incoming, secret: str, _now: int) -> None:
    """HMAC-SHA1 over the address and the sorted form (twilio.com/docs/usage/webhooks/webhooks-security)."""
    form = sorted(parse_qsl(_text(incoming.body), keep_blank_values=True))
    said = incoming.url + "".join(name + value for name, value in form)
    mac = b64encode(hmac.new(secret.encode(), said.encode(), sha1).digest()).decode()
    _same(incoming.headers.get("x-twilio-signature", ""), mac)


def _vonage_signed(incoming: Incoming, secret: str, now: int) -> None:
    """A JWT with the account's signature secret, over the hash of the body (Vonage: "Signed webhooks")."""
    scheme, _, token = incoming.headers.get("authorization", "").partition(" ")
    try:
        claims = verify_mac_jwt(token, secret, typ=("JWT", None))
    except InvalidJwt as error:
        raise NotGenuine(str(error)) from None
    issued_at = claims.get("iat")
    fresh = type(issued_at) is int and abs(now - issued_at) <= MAX_SKEW_SECONDS
    if scheme.lower() != "bearer" or not fresh:
        raise NotGenuine("no bearer token, or an old one")
    _same(str(claims.get("payload_hash", "")), sha256(incoming.body).hexdigest())


def _password_shown(incoming: Incoming, secret: str, _now: int) -> None:
    """HTTP Basic credentials, which Infobip takes for its webhooks; the name does not matter."""
    scheme, _, encoded = incoming.headers.get("authorization", "").partition(" ")
    try:
        _, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise NotGenuine("no credentials") from None
    if scheme.lower() != "basic":
        raise NotGenuine("no credentials")
    _same(password, secret)


def _secret_shown(incoming: Incoming, secret: str, _now: int) -> None:
    """A header that Solapi sends as it was set in its console."""
    _same(incoming.headers.get("x-solapi-secret", ""), secret)


def _signed(incoming: Incoming, secret: str, now: int) -> None:
    """The signature of relays and forwarders: over the time and the body."""
    said = incoming.headers.get(SIGNATURE_HEADER, "")
    at = said.partition(",")[0].removeprefix("t=")
    if not at.isascii() or not at.isdigit() or len(at) > 12 or abs(now - int(at)) > MAX_SKEW_SECONDS:
        raise NotGenuine("no time, or an old one")
    _same(said, sign(secret, incoming.body, int(at)))


def _same(shown: str, right: str) -> None:
    if not hmac.compare_digest(shown.encode("utf-8", "replace"), right.encode()):
        raise NotGenuine("the signature is not theirs")


# What it says.

_TWILIO_STATES: Final = {
    "delivered": State.DELIVERED,
    "read": State.DELIVERED,
    "undelivered": State.UNDELIVERED,
    "failed": State.UNDELIVERED,
    # Of calls: somebody has listened, or nobody has.
    "completed": State.DELIVERED,
    "busy": State.UNDELIVERED,
    "no-answer": State.UNDELIVERED,
    "canceled": State.UNDELIVERED,
}
_VONAGE_STATES: Final = {
    "delivered": State.DELIVERED,
    "read": State.DELIVERED,
    "rejected": State.UNDELIVERED,
    "undeliverable": State.UNDELIVERED,
    "completed": State.DELIVERED,
    "busy": State.UNDELIVERED,
    "failed": State.UNDELIVERED,
    "timeout": State.UNDELIVERED,
    "unanswered": State.UNDELIVERED,
    "cancelled": State.UNDELIVERED,
}
_INFOBIP_STATES: Final = {
    "DELIVERED": State.DELIVERED,
    "UNDELIVERABLE": State.UNDELIVERED,
    "EXPIRED": State.UNDELIVERED,
    "REJECTED": State.UNDELIVERED,
}
_RELAY_STATES: Final = {"delivered": State.DELIVERED, "undelivered": State.UNDELIVERED}
_SNS_STATES: Final = {"SUCCESS": State.DELIVERED, "FAILURE": State.UNDELIVERED}
_SOLAPI_DELIVERED: Final = "4000"
_SOLAPI_UNDER_WAY: Final = frozenset({"2000", "3000"})


def _twilio(incoming: Incoming) -> Iterator[Report]:
    form = dict(parse_qsl(_text(incoming.body)))
    state = _TWILIO_STATES.get(form.get("MessageStatus") or form.get("CallStatus") or "")
    if state is not None:
        yield Report(state, incoming.message, form.get("MessageSid") or form.get("CallSid"))


def _vonage(incoming: Incoming) -> Iterator[Report]:
    for one in _objects(incoming.body):
        state = _VONAGE_STATES.get(_word(one.get("status")))
        if state is not None:
            yield Report(state, incoming.message, _word(one.get("message_uuid") or one.get("uuid")) or None)


def _infobip(incoming: Incoming) -> Iterator[Report]:
    for document in _objects(incoming.body):
        results = document.get("results")
        for one in results if isinstance(results, list) else ():
            status = one.get("status") if isinstance(one, dict) else None
            state = _INFOBIP_STATES.get(_word(status.get("groupName"))) if isinstance(status, dict) else None
            message = _uuid(one.get("messageId")) if state is not None else None
            if state is not None and message is not None:
                yield Report(state, message)


def _solapi(incoming: Incoming) -> Iterator[Report]:
    for one in _objects(incoming.body):
        code = _word(one.get("statusCode"))
        if code and code not in _SOLAPI_UNDER_WAY:
            fields = one.get("customFields")
            message = _uuid(fields.get("message")) if isinstance(fields, dict) else None
            state = State.DELIVERED if code == _SOLAPI_DELIVERED else State.UNDELIVERED
            yield Report(state, message, _word(one.get("messageId")) or None)


def _sns(incoming: Incoming) -> Iterator[Report]:
    """Amazon's log of a delivery, forwarded: SNS itself calls nobody."""
    for one in _objects(incoming.body):
        state, told = _SNS_STATES.get(_word(one.get("status"))), one.get("notification")
        vendor_id = _word(told.get("messageId")) if isinstance(told, dict) else ""
        if state is not None and vendor_id:
            yield Report(state, None, vendor_id)


def _relay(incoming: Incoming) -> Iterator[Report]:
    for one in _objects(incoming.body):
        state, message = _RELAY_STATES.get(_word(one.get("state"))), _uuid(one.get("id")) or incoming.message
        if state is not None and message is not None:
            yield Report(state, message)


def _objects(body: bytes) -> Iterator[dict[str, Any]]:
    """The JSON object of a body, or those of the array that it is."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return
    for one in read if isinstance(read, list) else (read,):
        if isinstance(one, dict):
            yield one


def _word(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= 64 else ""


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(_word(value))
    except ValueError:
        return None


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


_KINDS: Final[Mapping[str, tuple[Callable[[Incoming, str, int], None], Callable[[Incoming], Iterator[Report]]]]] = {
    "twilio": (_twilio_signed, _twilio),
    "vonage": (_vonage_signed, _vonage),
    "infobip": (_password_shown, _infobip),
    "solapi": (_secret_shown, _solapi),
    "sns": (_signed, _sns),
    "relay": (_signed, _relay),
    "smpp": (_signed, _relay),
}
