"""Amazon SNS: the Publish action (API version 2010-03-31) to a phone number, signed with Signature Version 4.

A form in, XML out: `<MessageId>`, or an error with its `<Code>`. Publish to a number documents no idempotency key.
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from idp.telephony.channel import Channel
from idp.telephony.gateways.account import Account
from idp.telephony.gateways.contract import Accepted, Message, NotServed
from idp.telephony.gateways.http import READ_SECONDS, Codes, HttpClient, failure
from idp.telephony.gateways.sigv4 import signed_headers

_MESSAGE_ID: Final = re.compile(rb"<MessageId>([0-9A-Za-z-]{1,64})</MessageId>")
_CODE: Final = re.compile(rb"<Code>([0-9A-Za-z.]{1,40})</Code>")
_FORM: Final = "application/x-www-form-urlencoded"
_E164: Final = re.compile(r"\+\d{5,15}")

_CODES: Final = Codes(
    opted_out=frozenset({"OptedOut", "OptedOutException"}),
    permanent=frozenset({"InvalidParameter", "InvalidParameterValue"}),
    rate_limited=frozenset({"Throttled", "Throttling", "ThrottlingException", "RequestLimitExceeded"}),
    # What an operator mends: credentials, rights, a clock that is wrong.
    temporary=frozenset(
        {"AuthorizationError", "InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken", "ServiceUnavailable"}
    ),
)


class SnsGateway:
    """Sends by one HTTP request."""

    carries = frozenset({Channel.SMS})
    speaks: frozenset[str] = frozenset()
    repeatable = False

    def __init__(self, account: Account, *, clock: Callable[[], int], read_seconds: float = READ_SECONDS) -> None:
        """No connection is made yet."""
        self._account = account
        self._clock = clock
        self._url = f"{(account.url or f'https://sns.{account.zone}.amazonaws.com').rstrip('/')}/"
        self._http = HttpClient(account.name, trusted_ca=account.ca, clock=clock, read_seconds=read_seconds)

    def send(self, message: Message) -> Accepted:
        """Hand `message` over. Raises a GatewayError."""
        if message.channel is not Channel.SMS:
            raise NotServed(f"{self._account.name}: no calls")
        body = urlencode(self._form(message)).encode()
        headers = signed_headers(
            url=self._url,
            body=body,
            content_type=_FORM,
            service="sns",
            zone=self._account.zone,
            key_id=self._account.account,
            secret=self._account.secret,
            now=self._clock(),
        )
        answer = self._http.post(self._url, body, headers)
        taken = _MESSAGE_ID.search(answer.body)
        if answer.status == 200 and taken:
            return Accepted(taken[1].decode(), named_by_it=True)
        code = _CODE.search(answer.body)
        raise failure(self._account.name, answer, code[1].decode() if code else None, _CODES)

    def _form(self, message: Message) -> dict[str, str]:
        sender = message.sender or self._account.sender
        attributes = {"AWS.SNS.SMS.SMSType": "Transactional"}
        if sender:
            named = "AWS.MM.SMS.OriginationNumber" if _E164.fullmatch(sender) else "AWS.SNS.SMS.SenderID"
            attributes[named] = sender
        form = {
            "Action": "Publish",
            "Version": "2010-03-31",
            "PhoneNumber": message.to,
            "Message": message.body,
        }
        for place, (name, value) in enumerate(attributes.items(), start=1):
            entry = f"MessageAttributes.entry.{place}"
            form |= {
                f"{entry}.Name": name,
                f"{entry}.Value.DataType": "String",
                f"{entry}.Value.StringValue": value,
            }
        return form
