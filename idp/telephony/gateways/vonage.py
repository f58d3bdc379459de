"""Vonage: the Messages API for text messages, the Voice API for calls.

POST /v1/messages with HTTP Basic authentication; 202 with `message_uuid`, or problem details (RFC 9457) whose `type`
ends in the code. POST /v1/calls with a JWT that the application's key signs; 201 with `uuid`. Neither documents an
idempotency key.
"""

from collections.abc import Callable, Mapping
from html import escape
from typing import Final

import urllib3

from idp.keys.jose import InvalidJwt
from idp.telephony.channel import Channel
from idp.telephony.gateways.account import Account
from idp.telephony.gateways.contract import Accepted, Message, NotServed
from idp.telephony.gateways.http import READ_SECONDS, Codes, HttpClient, failure
from idp.telephony.gateways.voices import VONAGE as VOICES

ADDRESS: Final = "https://api.nexmo.com"
TOKEN_SECONDS: Final = 60

# developer.vonage.com/api-errors/messages
_CODES: Final = Codes(
    opted_out=frozenset({"1050"}),  # barred: the holder or their operator does not want messages
    permanent=frozenset({"1040", "1170"}),  # no such prefix, no such number
    rate_limited=frozenset({"1000"}),
    temporary=frozenset({"1030", "1100"}),
)

#: Makes the token of a call out of its claims.
SignToken = Callable[[Mapping[str, object]], str]


class VonageGateway:
    """Sends by one HTTP request."""

    repeatable = False

    def __init__(
        self,
        account: Account,
        *,
        clock: Callable[[], int],
        sign: SignToken | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        """`sign` signs with the application's key; without it no calls are made."""
        self._account = account
        self._clock = clock
        self._sign = sign
        self._base = (account.url or ADDRESS).rstrip("/")
        self._http = HttpClient(account.name, trusted_ca=account.ca, clock=clock, read_seconds=read_seconds)
        self.carries = account.carries
        self.speaks = frozenset(VOICES) if Channel.VOICE in account.carries else frozenset()

    def send(self, message: Message) -> Accepted:
        """Hand `message` over. Raises a GatewayError."""
        return self._call(message) if message.channel is Channel.VOICE else self._text(message)

    def _text(self, message: Message) -> Accepted:
        document: dict[str, object] = {
            "channel": "sms",
            "message_type": "text",
            "to": message.to.lstrip("+"),
            "from": (message.sender or self._account.sender).lstrip("+"),
            "text": message.body,
            "client_ref": str(message.id),
            # The least that the API takes is twenty seconds.
            "ttl": min(max(message.valid_seconds, 20), 259_200),
        }
        if self._account.receipts_url:
            document["webhook_url"] = f"{self._account.receipts_url}/{message.id}"
        account = self._account
        headers = urllib3.make_headers(basic_auth=f"{account.account}:{account.secret}")
        return self._hand_over("/v1/messages", document, headers, "message_uuid")

    def _call(self, message: Message) -> Accepted:
        voice = VOICES.get(message.language)
        if voice is None or self._sign is None:
            raise NotServed(f"{self._account.name}: no voice for {message.language}")
        said = "<break time='1s'/>".join(escape(line) for line in message.body.splitlines())
        document: dict[str, object] = {
            "to": [{"type": "phone", "number": message.to.lstrip("+")}],
            "from": {"type": "phone", "number": self._account.caller.lstrip("+")},
            "ncco": [
                {
                    "action": "talk",
                    "language": voice,
                    "text": f"<speak><prosody rate='slow'>{said}</prosody></speak>",
                }
            ],
        }
        if self._account.receipts_url:
            document["event_url"] = [f"{self._account.receipts_url}/{message.id}"]
        headers = {"Authorization": f"Bearer {self._token(message, self._sign)}"}
        return self._hand_over("/v1/calls", document, headers, "uuid")

    def _token(self, message: Message, sign: SignToken) -> str:
        now = self._clock()
        claims = {
            "application_id": self._account.application,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": f"{message.id}-{now}",
        }
        try:
            return sign(claims)
        except (InvalidJwt, ValueError, TypeError):
            raise NotServed(f"{self._account.name}: the application's key cannot sign") from None

    def _hand_over(self, path: str, document: object, headers: Mapping[str, str], id_member: str) -> Accepted:
        answer = self._http.post_json(self._base + path, document, headers)
        read = answer.document
        if answer.status in {200, 201, 202} and isinstance(read.get(id_member), str):
            return Accepted(read[id_member][:64])
        kind = read.get("type")
        code = kind.rpartition("#")[2] if isinstance(kind, str) else None
        raise failure(self._account.name, answer, code, _CODES)
