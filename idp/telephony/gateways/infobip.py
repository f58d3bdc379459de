"""Infobip: the SMS API (v3) and the voice message API (TTS).

POST /sms/3/messages or /tts/3/advanced with `Authorization: App KEY`; 200 with a status for each message. We choose
the message's id: one that comes again is refused as a duplicate, so that a repetition goes out once.
"""

from collections.abc import Callable
from typing import Any, Final

from idp.telephony.channel import Channel
from idp.telephony.gateways.account import Account
from idp.telephony.gateways.contract import Accepted, Message, NotServed
from idp.telephony.gateways.http import READ_SECONDS, Answer, Codes, HttpClient, failure
from idp.telephony.gateways.voices import INFOBIP as VOICES

ADDRESS: Final = "https://api.infobip.com"
SPEECH_RATE: Final = 0.8
RING_SECONDS: Final = 40
_ACCEPTED_GROUPS: Final = frozenset({"PENDING", "DELIVERED"})
_DUPLICATE: Final = "REJECTED_DUPLICATE_MESSAGE_ID"

# Names of message statuses, and of the errors of the API itself.
_CODES: Final = Codes(
    opted_out=frozenset({"REJECTED_DND", "REJECTED_UNSUBSCRIBED", "REJECTED_USER_OPTED_OUT"}),
    permanent=frozenset({"REJECTED_DESTINATION", "REJECTED_INVALID_DESTINATION", "REJECTED_PREFIX_MISSING"}),
    rate_limited=frozenset({"REJECTED_FLOODING_FILTER", "TOO_MANY_REQUESTS"}),
    temporary=frozenset({"REJECTED_SYSTEM_ERROR", "UNAUTHORIZED", "GENERAL_ERROR"}),
)


class InfobipGateway:
    """Sends by one HTTP request."""

    repeatable = True

    def __init__(self, account: Account, *, clock: Callable[[], int], read_seconds: float = READ_SECONDS) -> None:
        """No connection is made yet."""
        self._account = account
        self._base = (account.url or ADDRESS).rstrip("/")
        self._http = HttpClient(account.name, trusted_ca=account.ca, clock=clock, read_seconds=read_seconds)
        self._headers = {"Authorization": f"App {account.secret}"}
        self.carries = account.carries
        self.speaks = frozenset(VOICES) if account.caller else frozenset()

    def send(self, message: Message) -> Accepted:
        """Hand `message` over. Raises a GatewayError."""
        call = message.channel is Channel.VOICE
        one = self._call(message) if call else self._text(message)
        path = "/tts/3/advanced" if call else "/sms/3/messages"
        answer = self._http.post_json(self._base + path, {"messages": [one]}, self._headers)
        status = _status(answer)
        name = status.get("name")
        if answer.status == 200 and (status.get("groupName") in _ACCEPTED_GROUPS or name == _DUPLICATE):
            return Accepted(str(message.id))
        raise failure(self._account.name, answer, name or _error(answer), _CODES)

    def _text(self, message: Message) -> dict[str, Any]:
        one: dict[str, Any] = {
            "sender": message.sender or self._account.sender,
            "destinations": [{"to": message.to.lstrip("+"), "messageId": str(message.id)}],
            "content": {"text": message.body},
            "options": {"validityPeriod": {"amount": max(message.valid_seconds // 60, 1), "timeUnit": "MINUTES"}},
        }
        if self._account.receipts_url:
            one["webhooks"] = {"delivery": {"url": f"{self._account.receipts_url}/{message.id}"}}
        return one

    def _call(self, message: Message) -> dict[str, Any]:
        voice = VOICES.get(message.language)
        if voice is None or not self._account.caller:
            raise NotServed(f"{self._account.name}: no voice for {message.language}")
        one: dict[str, Any] = {
            "from": self._account.caller.lstrip("+"),
            "destinations": [{"to": message.to.lstrip("+"), "messageId": str(message.id)}],
            "language": voice,
            "text": message.body,
            "speechRate": SPEECH_RATE,
            "ringTimeout": RING_SECONDS,
        }
        if self._account.receipts_url:
            one["notifyUrl"] = f"{self._account.receipts_url}/{message.id}"
        return one


def _status(answer: Answer) -> dict[str, Any]:
    """The status of our one message, or an empty one."""
    messages = answer.document.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    status = first.get("status") if isinstance(first, dict) else None
    return status if isinstance(status, dict) else {}


def _error(answer: Answer) -> object:
    """The name of an error of the API itself, in its older and its newer form."""
    document = answer.document
    older = document.get("requestError")
    exception = older.get("serviceException") if isinstance(older, dict) else None
    return exception.get("messageId") if isinstance(exception, dict) else document.get("errorCode")
