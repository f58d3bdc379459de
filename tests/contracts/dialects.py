"""How each vendor is spoken to and answers, as its documents say. Refusals quote number and text, as a vendor's may."""

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from idp.telephony.gateways.account import Account
from idp.telephony.gateways.contract import (
    Gateway,
    GatewayError,
    NotServed,
    OptedOut,
    OutcomeUnknown,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)
from idp.telephony.gateways.infobip import InfobipGateway
from idp.telephony.gateways.relay import RelayGateway
from idp.telephony.gateways.sigv4 import signed_headers
from idp.telephony.gateways.sns import SnsGateway
from idp.telephony.gateways.solapi import SolapiGateway
from idp.telephony.gateways.twilio import TwilioGateway
from idp.telephony.gateways.vonage import VonageGateway
from tests.contracts.vendor import Asked, Behaviour, Handler, answer

ACCOUNT = "AC" + "0" * 32
SECRET = "a-secret-of-the-account"
SENDER = "+15005550006"
CALLER = "+15005550007"
APPLICATION = "78d335fa-323d-0114-9c3d-d6f0d48968cf"
ZONE = "ap-northeast-2"


class Clock:
    """Every look at it is a second later."""

    def __init__(self):
        self.now = 1_800_000_000

    def __call__(self):
        self.now += 1
        return self.now


@dataclass(frozen=True)
class Dialect:
    name: str
    gateway: Callable[..., Gateway]
    guard: Callable[[Handler], bool]
    accept: Behaviour
    #: Key that tells a repetition, number and text of what was asked.
    seen: Callable[[Asked], tuple[str, str, str]]
    refusals: Mapping[str, tuple[Behaviour, type[GatewayError]]]
    calls: bool = False

    def make(self, address, **changed) -> Gateway:
        """The gateway of this vendor towards a local server."""
        account = Account(
            name=self.name,
            kind=self.name,
            url=address,
            account=ACCOUNT,
            secret=SECRET,
            sender=SENDER,
            caller=CALLER if self.calls else "",
            zone=ZONE,
            application=APPLICATION,
            key="a key in PEM",
        )
        options = {"clock": changed.pop("clock", Clock()), "read_seconds": changed.pop("read_seconds", 0.5)}
        if self.name == "vonage":
            options["sign"] = lambda claims: f"signed.{claims['application_id']}.token"
        return self.gateway(replace(account, **changed), **options)


def basic(handler: Handler) -> bool:
    scheme, _, credentials = handler.headers.get("Authorization", "").partition(" ")
    return scheme == "Basic" and b64decode(credentials).decode() == f"{ACCOUNT}:{SECRET}"


# Twilio: form in, {sid} or {code, status, message} out.


def twilio_guard(handler):
    resource = handler.path.removeprefix(f"/2010-04-01/Accounts/{ACCOUNT}/")
    if not basic(handler):
        twilio_refuse(401, 20003)(handler)
        return True
    if resource not in {"Messages.json", "Calls.json"} or "To" not in handler.asked.form:
        twilio_refuse(404, 20404)(handler)
        return True
    return False


def twilio_accept(handler):
    form = handler.asked.form
    handler.answer(201, {"sid": f"SM{len(handler.vendor.asked):032x}", "status": "queued", "to": form["To"]})


def twilio_refuse(status, code, **headers):
    def refusal(handler):
        said = handler.asked.body.decode()
        handler.answer(status, {"code": code, "status": status, "message": said}, **headers)

    return refusal


TWILIO = Dialect(
    "twilio",
    TwilioGateway,
    twilio_guard,
    twilio_accept,
    lambda asked: (asked.headers["Idempotency-Key"], asked.form["To"], asked.form.get("Body") or asked.form["Twiml"]),
    {
        "rejected": (twilio_refuse(400, 21211), PermanentFailure),
        "not a mobile number": (twilio_refuse(400, 21614), PermanentFailure),
        "country closed": (twilio_refuse(403, 21408), NotServed),
        "opted out": (twilio_refuse(400, 21610), OptedOut),
        "unavailable": (twilio_refuse(503, 20503), TemporaryFailure),
        "queue full": (twilio_refuse(429, 21611), RateLimited),
        "rate limited": (twilio_refuse(429, 20429, Retry_After="7"), RateLimited),
        "credentials": (twilio_refuse(401, 20003), TemporaryFailure),
        "internal error": (twilio_refuse(500, 20500), OutcomeUnknown),
        "no sid": (answer(201, {"sid": None}), OutcomeUnknown),
    },
    calls=True,
)


# Vonage: JSON in, {message_uuid} or {uuid} out, or problem details whose type ends in the code.


def vonage_guard(handler):
    call = handler.path == "/v1/calls"
    known = handler.headers["Authorization"] == f"Bearer signed.{APPLICATION}.token" if call else basic(handler)
    if not known:
        handler.answer(401, {"type": "https://developer.vonage.com/api-errors#unauthorized", "title": "Unauthorized"})
    return not known


def vonage_accept(handler):
    name = "uuid" if handler.path == "/v1/calls" else "message_uuid"
    handler.answer(202, {name: f"aaaaaaaa-bbbb-cccc-dddd-{len(handler.vendor.asked):012x}"})


def vonage_refuse(status, code, **headers):
    def refusal(handler):
        kind = f"https://developer.vonage.com/api-errors/messages#{code}"
        handler.answer(status, {"type": kind, "title": "no", "detail": handler.asked.body.decode()}, **headers)

    return refusal


def vonage_seen(asked):
    document = asked.document
    if "ncco" in document:
        return asked.headers["Authorization"], f"+{document['to'][0]['number']}", document["ncco"][0]["text"]
    return document["client_ref"], f"+{document['to']}", document["text"]


VONAGE = Dialect(
    "vonage",
    VonageGateway,
    vonage_guard,
    vonage_accept,
    vonage_seen,
    {
        "rejected": (vonage_refuse(422, 1040), PermanentFailure),
        "no such number": (vonage_refuse(422, 1170), PermanentFailure),
        "barred": (vonage_refuse(422, 1050), OptedOut),
        "sender not allowed": (vonage_refuse(422, 1120), NotServed),
        "no credit": (vonage_refuse(402, 1070), NotServed),
        "rate limited": (vonage_refuse(429, 1000), RateLimited),
        "throttled": (vonage_refuse(422, 1000), RateLimited),
        "platform error": (vonage_refuse(422, 1030), TemporaryFailure),
        "credentials": (vonage_refuse(401, "unauthorized"), TemporaryFailure),
        "internal error": (vonage_refuse(500, "internal"), OutcomeUnknown),
        "no id": (answer(202, {"message_uuid": 7}), OutcomeUnknown),
    },
    calls=True,
)


# Infobip: JSON in, a status for each message out; a duplicate id is refused by that name.


def infobip_guard(handler):
    known = handler.headers["Authorization"] == f"App {SECRET}"
    if not known:
        infobip_error(401, "UNAUTHORIZED")(handler)
    return not known


def infobip_status(group, name):
    def tell(handler):
        to = handler.asked.document["messages"][0]["destinations"][0]
        status = {"groupId": 1, "groupName": group, "id": 7, "name": name, "description": str(to)}
        handler.answer(200, {"bulkId": "b", "messages": [{"messageId": to["messageId"], "status": status}]})

    return tell


def infobip_accept(handler):
    ids = [asked.document["messages"][0]["destinations"][0]["messageId"] for asked in handler.vendor.asked]
    if ids[-1] in ids[:-1]:
        infobip_status("REJECTED", "REJECTED_DUPLICATE_MESSAGE_ID")(handler)
    else:
        infobip_status("PENDING", "PENDING_ACCEPTED")(handler)


def infobip_error(status, name):
    def refusal(handler):
        text = handler.asked.body.decode()
        handler.answer(status, {"requestError": {"serviceException": {"messageId": name, "text": text}}})

    return refusal


def infobip_seen(asked):
    one = asked.document["messages"][0]
    text = one["content"]["text"] if "content" in one else one["text"]
    return one["destinations"][0]["messageId"], f"+{one['destinations'][0]['to']}", text


INFOBIP = Dialect(
    "infobip",
    InfobipGateway,
    infobip_guard,
    infobip_accept,
    infobip_seen,
    {
        "rejected": (infobip_status("REJECTED", "REJECTED_DESTINATION"), PermanentFailure),
        "no prefix": (infobip_status("REJECTED", "REJECTED_PREFIX_MISSING"), PermanentFailure),
        "do not disturb": (infobip_status("REJECTED", "REJECTED_DND"), OptedOut),
        "no route": (infobip_status("REJECTED", "REJECTED_ROUTE_NOT_AVAILABLE"), NotServed),
        "no credit": (infobip_status("REJECTED", "REJECTED_NOT_ENOUGH_CREDITS"), NotServed),
        "flooding": (infobip_status("REJECTED", "REJECTED_FLOODING_FILTER"), RateLimited),
        "system error": (infobip_status("REJECTED", "REJECTED_SYSTEM_ERROR"), TemporaryFailure),
        "bad request": (infobip_error(400, "BAD_REQUEST"), NotServed),
        "newer error": (answer(400, {"errorCode": "E400"}), NotServed),
        "too many": (infobip_error(429, "TOO_MANY_REQUESTS"), RateLimited),
        "credentials": (infobip_error(401, "UNAUTHORIZED"), TemporaryFailure),
        "internal error": (infobip_error(500, "INTERNAL"), OutcomeUnknown),
        "no messages": (answer(200, {"messages": []}), OutcomeUnknown),
        "messages of another kind": (answer(200, {"messages": {"status": 1}}), OutcomeUnknown),
    },
    calls=True,
)


# Solapi: JSON in, {statusCode: 2000, messageId} or {errorCode} out.


def solapi_guard(handler):
    kind, _, rest = handler.headers["Authorization"].partition(" ")
    given = dict(part.split("=", 1) for part in rest.split(", "))
    said = hmac.new(SECRET.encode(), f"{given['date']}{given['salt']}".encode(), sha256).hexdigest()
    known = kind == "HMAC-SHA256" and given["apiKey"] == ACCOUNT and given["signature"] == said
    if not known:
        solapi_refuse(403, "SignatureDoesNotMatch")(handler)
    return not known


def solapi_accept(handler):
    handler.answer(200, {"statusCode": "2000", "messageId": f"M4V{len(handler.vendor.asked)}", "to": "x"})


def solapi_refuse(status, code):
    return lambda handler: handler.answer(status, {"errorCode": code, "errorMessage": handler.asked.body.decode()})


def solapi_seen(asked):
    message = asked.document["message"]
    national = message["to"].removeprefix("0") if message["country"] == "82" else message["to"]
    return message["customFields"]["message"], f"+{message['country']}{national}", message["text"]


SOLAPI = Dialect(
    "solapi",
    SolapiGateway,
    solapi_guard,
    solapi_accept,
    solapi_seen,
    {
        "rejected": (answer(200, {"statusCode": "3058", "messageId": "M"}), PermanentFailure),
        "opted out": (answer(200, {"statusCode": "3040", "messageId": "M"}), OptedOut),
        "sender not registered": (answer(200, {"statusCode": "1062x", "messageId": "M"}), NotServed),
        "no balance": (solapi_refuse(402, "NotEnoughBalance"), TemporaryFailure),
        "validation": (solapi_refuse(400, "ValidationError"), NotServed),
        "clock": (solapi_refuse(403, "RequestTimeTooSkewed"), TemporaryFailure),
        "too many": (solapi_refuse(429, "TooManyRequests"), RateLimited),
        "internal error": (solapi_refuse(500, "InternalError"), TemporaryFailure),
        "no id": (answer(200, {"statusCode": 2000}), NotServed),
    },
)


# SNS: a signed form in, XML out.


def sns_guard(handler):
    now = handler.headers["X-Amz-Date"]
    seconds = Clock().now + int(now[13:15])  # the clock of the tests stands in one minute
    expected = signed_headers(
        url=f"http://{handler.headers['Host']}/",
        body=handler.asked.body,
        content_type="application/x-www-form-urlencoded",
        service="sns",
        zone=ZONE,
        key_id=ACCOUNT,
        secret=SECRET,
        now=seconds,
    )
    known = expected["Authorization"] == handler.headers["Authorization"]
    if not known:
        sns_refuse(403, "SignatureDoesNotMatch")(handler)
    return not known


def sns_accept(handler):
    taken = f"94f20ce6-13c5-43a0-9a9e-{len(handler.vendor.asked):012x}"
    handler.answer(200, f"<PublishResponse><PublishResult><MessageId>{taken}</MessageId></PublishResult>".encode())


def sns_refuse(status, code, **headers):
    def refusal(handler):
        said = handler.asked.body.decode()
        xml = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{said}</Message></Error>"
        handler.answer(status, xml.encode(), **headers)

    return refusal


SNS = Dialect(
    "sns",
    SnsGateway,
    sns_guard,
    sns_accept,
    lambda asked: ("", asked.form["PhoneNumber"], asked.form["Message"]),
    {
        "rejected": (sns_refuse(400, "InvalidParameter"), PermanentFailure),
        "opted out": (sns_refuse(400, "OptedOut"), OptedOut),
        "throttled": (sns_refuse(400, "Throttled"), RateLimited),
        "rights": (sns_refuse(403, "AuthorizationError"), TemporaryFailure),
        "credentials": (sns_refuse(403, "InvalidClientTokenId"), TemporaryFailure),
        "unavailable": (sns_refuse(503, "ServiceUnavailable"), TemporaryFailure),
        "not for us": (sns_refuse(400, "UserError"), NotServed),
        "internal error": (sns_refuse(500, "InternalError"), OutcomeUnknown),
        "no id": (answer(200, b"<PublishResponse/>"), OutcomeUnknown),
    },
)


# A relay: our own protocol.


def relay_guard(handler):
    known = handler.headers["Authorization"] == f"Bearer {SECRET}"
    if not known:
        handler.answer(401, {"error": "credentials"})
    return not known


def relay_accept(handler):
    keys = [asked.headers["Idempotency-Key"] for asked in handler.vendor.asked]
    handler.answer(409 if keys[-1] in keys[:-1] else 202, {"id": f"r-{len(keys)}"})


def relay_refuse(status, error):
    return lambda handler: handler.answer(status, {"error": error, "said": handler.asked.body.decode()})


RELAY = Dialect(
    "relay",
    RelayGateway,
    relay_guard,
    relay_accept,
    lambda asked: (asked.document["id"], asked.document["to"], asked.document["text"]),
    {
        "rejected": (relay_refuse(400, "unreachable"), PermanentFailure),
        "opted out": (relay_refuse(400, "opted_out"), OptedOut),
        "not served": (relay_refuse(400, "not_served"), NotServed),
        "something else": (relay_refuse(400, "who_knows"), NotServed),
        "rate limited": (relay_refuse(400, "rate_limited"), RateLimited),
        "temporary": (relay_refuse(400, "temporary"), TemporaryFailure),
        "an error that is no code": (relay_refuse(400, "+4915112345678 482913"), TemporaryFailure),
        "no id": (answer(202, {}), OutcomeUnknown),
    },
    calls=True,
)

DIALECTS = {dialect.name: dialect for dialect in (TWILIO, VONAGE, INFOBIP, SOLAPI, SNS, RELAY)}
