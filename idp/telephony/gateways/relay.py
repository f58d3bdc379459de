"""A relay of one's own or any vendor behind one: a small JSON protocol that this house defines.

POST to the configured address with `Authorization: Bearer SECRET`, `Idempotency-Key: <id>` and

    {"id", "channel": "sms"|"voice", "to", "text", "language", "from", "valid_seconds", "receipts"}

2xx with `{"id": "<the relay's own>"}` accepts; 409 says that this id was taken before, which is as good. A refusal is
a 4xx with `{"error": …}`: `opted_out`, `unreachable` (nobody reaches the number), `not_served`, `rate_limited`,
`temporary`. The relay promises that the same id goes out once.
"""

from collections.abc import Callable
from typing import Final

from idp.telephony.channel import Channel
from idp.telephony.gateways.account import Account
from idp.telephony.gateways.contract import Accepted, Message
from idp.telephony.gateways.http import READ_SECONDS, Codes, HttpClient, failure
from idp.telephony.gateways.voices import WRITTEN

_TAKEN_BEFORE: Final = 409
_CODES: Final = Codes(
    opted_out=frozenset({"opted_out"}),
    permanent=frozenset({"unreachable"}),
    rate_limited=frozenset({"rate_limited"}),
    temporary=frozenset({"temporary"}),
)


class RelayGateway:
    """Sends by one HTTP request."""

    repeatable = True

    def __init__(self, account: Account, *, clock: Callable[[], int], read_seconds: float = READ_SECONDS) -> None:
        """No connection is made yet."""
        self._account = account
        self._http = HttpClient(account.name, trusted_ca=account.ca, clock=clock, read_seconds=read_seconds)
        self.carries = account.carries
        self.speaks = WRITTEN if account.caller else frozenset()

    def send(self, message: Message) -> Accepted:
        """Hand `message` over. Raises a GatewayError."""
        account = self._account
        own = account.caller if message.channel is Channel.VOICE else account.sender
        document = {
            "id": str(message.id),
            "channel": message.channel.value,
            "to": message.to,
            "text": message.body,
            "language": message.language,
            "from": message.sender or own,
            "valid_seconds": max(message.valid_seconds, 1),
            "receipts": f"{account.receipts_url}/{message.id}" if account.receipts_url else "",
        }
        headers = {"Authorization": f"Bearer {account.secret}", "Idempotency-Key": str(message.id)}
        answer = self._http.post_json(account.url, document, headers)
        read = answer.document
        if answer.status == _TAKEN_BEFORE:
            return Accepted(str(message.id))
        if 200 <= answer.status < 300 and isinstance(read.get("id"), str):
            return Accepted(read["id"][:64])
        raise failure(account.name, answer, read.get("error"), _CODES)
