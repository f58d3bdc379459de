"""Twilio's 2010-04-01 API: the Messages and the Calls resource, which other vendors speak too.

POST /2010-04-01/Accounts/{AccountSid}/Messages.json with To, From (or MessagingServiceSid), Body and
ValidityPeriod as a form, HTTP Basic authentication; 201 with `sid`, or an error document `{code, status, …}`. A call
is a POST to Calls.json with the words as TwiML.

That API documents no idempotency key for its callers. The item's id travels as `Idempotency-Key`, which a
compatible vendor or a relay in front may honour, but nothing relies on it: an answer that leaves open whether
the message was taken is OutcomeUnknown.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape, quoteattr

import urllib3

from idp.telephony.channel import Channel
from idp.telephony.gateways.account import Account
from idp.telephony.gateways.contract import Accepted, Message, NotServed
from idp.telephony.gateways.http import READ_SECONDS, Codes, HttpClient, failure
from idp.telephony.gateways.voices import TWILIO as VOICES

ADDRESS: Final = "https://api.twilio.com"
RING_SECONDS: Final = 40

# Vendor error codes that say more than the HTTP status (twilio.com/docs/api/errors/<code>).
_CODES: Final = Codes(
    opted_out=frozenset({"21610"}),
    # Not a number; not a mobile number; not reachable from anywhere.
    permanent=frozenset({"21211", "21614", "21217", "13224"}),
    rate_limited=frozenset({"14107", "20429"}),
    # 20003: wrong credentials. 21611: the sender's queue is full.
    temporary=frozenset({"20003", "20503", "21611"}),
)


class TwilioGateway:
    """Sends by one HTTP request; never follows a redirect and never repeats by itself."""

    repeatable = False

    def __init__(self, account: Account, *, clock: Callable[[], int], read_seconds: float = READ_SECONDS) -> None:
        """No connection is made yet."""
        self._account = account
        self._http = HttpClient(account.name, trusted_ca=account.ca, clock=clock, read_seconds=read_seconds)
        base = (account.url or ADDRESS).rstrip("/")
        self._address = f"{base}/2010-04-01/Accounts/{quote(account.account, safe='')}"
        self._headers = urllib3.make_headers(basic_auth=f"{account.account}:{account.secret}") | {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self.carries = account.carries
        self.speaks = frozenset(VOICES) if account.caller else frozenset()

    def send(self, message: Message) -> Accepted:
        """Hand `message` over. Raises a GatewayError."""
        call = message.channel is Channel.VOICE
        form = self._call(message) if call else self._text(message)
        if self._account.receipts_url:
            form["StatusCallback"] = f"{self._account.receipts_url}/{message.id}"
        answer = self._http.post(
            f"{self._address}/{'Calls' if call else 'Messages'}.json",
            urlencode(form),
            self._headers | {"Idempotency-Key": str(message.id)},
        )
        document = answer.document
        if answer.status in {200, 201} and isinstance(document.get("sid"), str):
            return Accepted(document["sid"][:64])
        raise failure(self._account.name, answer, document.get("code"), _CODES)

    def _text(self, message: Message) -> dict[str, str]:
        sender = message.sender or self._account.sender
        # From and MessagingServiceSid exclude each other in that API.
        return {
            "To": message.to,
            "MessagingServiceSid" if sender.startswith("MG") else "From": sender,
            "Body": message.body,
            "ValidityPeriod": str(min(max(message.valid_seconds, 1), 36_000)),
        }

    def _call(self, message: Message) -> dict[str, str]:
        locale = VOICES.get(message.language)
        if locale is None or not self._account.caller:
            raise NotServed(f"{self._account.name}: no voice for {message.language}")
        said = '<Pause length="1"/>'.join(
            f'<Say language={quoteattr(locale)}><prosody rate="slow">{escape(line)}</prosody></Say>'
            for line in message.body.splitlines()
        )
        return {
            "To": message.to,
            "From": self._account.caller,
            "Twiml": f'<Response><Pause length="1"/>{said}</Response>',
            "Timeout": str(RING_SECONDS),
        }
