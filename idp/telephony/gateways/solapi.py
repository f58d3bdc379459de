"""Solapi, for numbers in Korea and the few countries that it serves.

POST /messages/v4/send with `Authorization: HMAC-SHA256 apiKey=…, date=…, salt=…, signature=…`, where the signature is
over date and salt; 200 with `statusCode` 2000, or an error document `{errorCode, errorMessage}`. Numbers are national,
their country beside them. No idempotency key is documented.
"""

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from idp.telephony.channel import Channel
from idp.telephony.gateways.account import Account
from idp.telephony.gateways.contract import Accepted, Message, NotServed
from idp.telephony.gateways.http import READ_SECONDS, Codes, HttpClient, failure
from idp.telephony.numbers import dialling_code

ADDRESS: Final = "https://api.solapi.com"
_ACCEPTED: Final = "2000"
_KOREA: Final = "82"

_CODES: Final = Codes(
    opted_out=frozenset({"1062", "3040"}),  # refused by the holder of the number
    permanent=frozenset({"1025", "3058", "InvalidTo", "ToNumberInvalid"}),
    rate_limited=frozenset({"RateLimitExceeded", "TooManyRequests"}),
    temporary=frozenset({"NotEnoughBalance", "InternalError", "SignatureDoesNotMatch", "RequestTimeTooSkewed"}),
)


class SolapiGateway:
    """Sends by one HTTP request."""

    carries = frozenset({Channel.SMS})
    speaks: frozenset[str] = frozenset()
    repeatable = False

    def __init__(self, account: Account, *, clock: Callable[[], int], read_seconds: float = READ_SECONDS) -> None:
        """No connection is made yet."""
        self._account = account
        self._clock = clock
        self._address = f"{(account.url or ADDRESS).rstrip('/')}/messages/v4/send"
        self._http = HttpClient(account.name, trusted_ca=account.ca, clock=clock, read_seconds=read_seconds)

    def send(self, message: Message) -> Accepted:
        """Hand `message` over. Raises a GatewayError."""
        if message.channel is not Channel.SMS:
            raise NotServed(f"{self._account.name}: no calls")
        country, national = dialling_code(message.to)
        document = {
            "message": {
                # At home a number begins with a zero, which its international form leaves out.
                "to": f"0{national}" if country == _KOREA else national,
                "country": country,
                "from": (message.sender or self._account.sender).replace("+82", "0"),
                "text": message.body,
                "type": "SMS",
                "customFields": {"message": str(message.id)},
            }
        }
        answer = self._http.post_json(self._address, document, {"Authorization": self._authorization(message)})
        read = answer.document
        status = read.get("statusCode")
        if answer.status == 200 and status == _ACCEPTED and isinstance(read.get("messageId"), str):
            return Accepted(read["messageId"][:64], named_by_it=True)
        raise failure(self._account.name, answer, read.get("errorCode") or status, _CODES)

    def _authorization(self, message: Message) -> str:
        """A signature is taken once in fifteen minutes: the salt is the message's own, and the second of the try."""
        now = self._clock()
        date = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        salt = f"{message.id.hex}{now}"
        signature = hmac.new(self._account.secret.encode(), f"{date}{salt}".encode(), sha256).hexdigest()
        return f"HMAC-SHA256 apiKey={self._account.account}, date={date}, salt={salt}, signature={signature}"
