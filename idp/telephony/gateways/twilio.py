"""A gateway over HTTP: the Messages resource of Twilio's 2010-04-01 API, which other vendors speak too.

POST /2010-04-01/Accounts/{AccountSid}/Messages.json with To, From (or MessagingServiceSid), Body and
ValidityPeriod as a form, HTTP Basic authentication; 201 with `sid`, or an error document `{code, status, …}`.

That API documents no idempotency key for its callers. The item's id travels as `Idempotency-Key`, which a
compatible vendor or a relay in front may honour, but nothing relies on it: an answer that leaves open whether
the message was taken is OutcomeUnknown, and the outbox repeats that at most once.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse

from idp.telephony.channel import Channel
from idp.telephony.gateways.contract import (
    Accepted,
    GatewayError,
    Message,
    OptedOut,
    OutcomeUnknown,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 10.0
#: A body that drips is given up after this long: the read timeout alone begins anew at each byte.
BODY_SECONDS: Final = 10
MAX_ANSWER: Final = 64 * 1024
MAX_RETRY_AFTER: Final = 600

# Vendor error codes that say more than the HTTP status (twilio.com/docs/api/errors/<code>).
_OPTED_OUT: Final = frozenset({21610})
_RATE_LIMITED: Final = frozenset({14107, 20429})
# 20003: our credentials are wrong, which an operator may mend while the code is still worth sending.
# 21611: the sender's queue is full.
_TEMPORARY: Final = frozenset({20003, 20503, 21611})


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """Where messages are handed over and in whose name."""

    url: str
    account: str
    token: str = field(repr=False)
    #: E.164 number, alphanumeric sender id, or the sid of a messaging service (MG…).
    sender: str


class TwilioGateway:
    """Sends by one HTTP request; never follows a redirect and never repeats by itself."""

    carries = frozenset({Channel.SMS})

    def __init__(
        self,
        account: TwilioAccount,
        *,
        trusted_ca: str | None,
        clock: Callable[[], int],
        read_seconds: float = READ_SECONDS,
    ) -> None:
        """`trusted_ca` is a PEM file instead of the system's roots. No connection is made yet."""
        self._account = account
        self._clock = clock
        path = f"/2010-04-01/Accounts/{quote(account.account, safe='')}/Messages.json"
        self._address = account.url.rstrip("/") + path
        self._headers = urllib3.make_headers(basic_auth=f"{account.account}:{account.token}") | {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "overseas-id",
        }
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=8,
            block=False,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
            cert_reqs="CERT_REQUIRED",
            ca_certs=trusted_ca,
        )

    def send(self, message: Message) -> Accepted:
        """Hand `message` over; at most about 25 seconds. Raises a GatewayError."""
        response = self._ask(message)
        try:
            answer = self._document(response)
        finally:
            response.close()
        if response.status in {200, 201} and isinstance(answer.get("sid"), str):
            return Accepted(answer["sid"][:64])
        raise _failure(response.status, answer, response.headers.get("Retry-After"))

    def _ask(self, message: Message) -> BaseHTTPResponse:
        try:
            return self._pool.request(
                "POST",
                self._address,
                body=urlencode(self._form(message)),
                headers=self._headers | {"Idempotency-Key": str(message.id)},
                redirect=False,
                preload_content=False,
            )
        except (ConnectTimeoutError, NewConnectionError, NameResolutionError, SSLError) as error:
            raise TemporaryFailure(f"twilio: {type(error).__name__}") from None
        except HTTPError as error:
            # The request may have been read before the connection broke.
            raise OutcomeUnknown(f"twilio: {type(error).__name__}") from None

    def _form(self, message: Message) -> dict[str, str]:
        # From and MessagingServiceSid exclude each other in that API.
        sender = "MessagingServiceSid" if self._account.sender.startswith("MG") else "From"
        return {
            "To": message.to,
            sender: self._account.sender,
            "Body": message.body,
            "ValidityPeriod": str(min(max(message.valid_seconds, 1), 36_000)),
        }

    def _document(self, response: BaseHTTPResponse) -> dict[str, Any]:
        """The JSON object answered, or an empty one: an unreadable answer is judged by its status alone."""
        body = b""
        give_up = self._clock() + BODY_SECONDS
        try:
            while len(body) <= MAX_ANSWER and self._clock() <= give_up:
                chunk = response.read1(MAX_ANSWER)
                if not chunk:
                    break
                body += chunk
        except HTTPError:
            return {}
        try:
            answer = json.loads(body) if len(body) <= MAX_ANSWER else None
        except (ValueError, RecursionError):
            return {}
        return answer if isinstance(answer, dict) else {}


def _failure(status: int, answer: dict[str, Any], retry_after: str | None) -> GatewayError:
    """What a status and an error document mean. Only numbers are quoted, never the vendor's text."""
    given = answer.get("code")
    code = given if isinstance(given, int) else 0
    why = f"twilio {code or status}"
    if code in _OPTED_OUT:
        return OptedOut(why)
    if status == 429 or code in _RATE_LIMITED:
        return RateLimited(why, _seconds(retry_after))
    if status in {401, 503} or code in _TEMPORARY:
        return TemporaryFailure(why)
    if status >= 500 or status < 300:
        # Something took the request and did not answer in the words of the API: it may be on its way.
        return OutcomeUnknown(why)
    if not code:
        # A redirect, or a proxy that refuses: the vendor has not seen the message and says nothing about it.
        return TemporaryFailure(why)
    # 21211 and 21614 (not a mobile number), 21408 (country closed in our account) and the like.
    return PermanentFailure(why)


def _seconds(retry_after: str | None) -> int | None:
    """Retry-After in seconds (RFC 9110 §10.2.3); its date form is rare and left to our own waiting."""
    if retry_after is None or not retry_after.isascii() or not retry_after.isdigit():
        return None
    return min(int(retry_after[:9]), MAX_RETRY_AFTER)


def check_address(url: str) -> str | None:
    """Why `url` cannot be the vendor's address, or None: credentials travel over TLS, or on loopback."""
    address = urlsplit(url)
    if address.scheme == "https" and address.hostname:
        return None
    if address.scheme == "http" and address.hostname in {"127.0.0.1", "::1", "localhost"}:
        return None
    return "twilio_url must be an https address"
