"""The one HTTP client of the gateways: one request, bounded in time and size, never repeated or redirected.

A vendor's answer becomes a document and a status; what went wrong on the way becomes TemporaryFailure when the vendor
has certainly not seen the message, and OutcomeUnknown when it may have.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError, SSLError
from urllib3.response import BaseHTTPResponse

from idp.telephony.gateways.contract import (
    GatewayError,
    NotServed,
    OptedOut,
    OutcomeUnknown,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 8.0
#: A body that drips is given up after this long: the read timeout alone begins anew at each byte.
BODY_SECONDS: Final = 5
MAX_ANSWER: Final = 64 * 1024
MAX_RETRY_AFTER: Final = 600

_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. A body that cannot be read is an empty one: the status alone then judges."""

    status: int
    body: bytes
    #: The pause that the vendor asks for, in seconds.
    retry_after: int | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object answered, or an empty one."""
        try:
            read = json.loads(self.body) if self.body else None
        except (ValueError, RecursionError):
            return {}
        return read if isinstance(read, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """What the codes of a vendor's errors mean; a documented refusal that is not listed is NotServed."""

    opted_out: frozenset[str] = _NONE
    #: The number is wrong: no other vendor reaches it either.
    permanent: frozenset[str] = _NONE
    rate_limited: frozenset[str] = _NONE
    temporary: frozenset[str] = _NONE


class HttpClient:
    """Connections to one vendor."""

    def __init__(
        self, vendor: str, *, trusted_ca: str | None, clock: Callable[[], int], read_seconds: float = READ_SECONDS
    ) -> None:
        """`trusted_ca` is a PEM file instead of the system's roots. No connection is made yet."""
        self.vendor = vendor
        self._clock = clock
        self._pool = urllib3.PoolManager(
            num_pools=2,
            maxsize=8,
            block=False,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
            cert_reqs="CERT_REQUIRED",
            ca_certs=trusted_ca,
        )

    def post(self, url: str, body: str | bytes, headers: Mapping[str, str]) -> Answer:
        """One POST, at most about 20 seconds. Raises TemporaryFailure or OutcomeUnknown."""
        return self._answer("POST", url, body.encode() if isinstance(body, str) else body, headers)

    def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """The same without a body."""
        return self._answer("GET", url, None, headers)

    def _answer(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        response = self._ask(method, url, body, headers)
        try:
            return Answer(response.status, self._read(response), _seconds(response.headers.get("Retry-After")))
        finally:
            response.close()

    def post_json(self, url: str, document: object, headers: Mapping[str, str]) -> Answer:
        """The same with a JSON body."""
        content = {"Content-Type": "application/json", "Accept": "application/json"}
        return self.post(url, json.dumps(document, ensure_ascii=False), content | dict(headers))

    def _ask(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> BaseHTTPResponse:
        try:
            return self._pool.request(
                method,
                url,
                body=body,
                headers={"User-Agent": "overseas-id"} | dict(headers),
                redirect=False,
                preload_content=False,
            )
        except (ConnectTimeoutError, NewConnectionError, NameResolutionError, SSLError) as error:
            raise TemporaryFailure(f"{self.vendor}: {type(error).__name__}") from None
        except HTTPError as error:
            # The request may have been read before the connection broke.
            raise OutcomeUnknown(f"{self.vendor}: {type(error).__name__}") from None

    def _read(self, response: BaseHTTPResponse) -> bytes:
        body = b""
        give_up = self._clock() + BODY_SECONDS
        try:
            while len(body) <= MAX_ANSWER and self._clock() <= give_up:
                chunk = response.read1(MAX_ANSWER)
                if not chunk:
                    return body
                body += chunk
        except HTTPError:
            return b""
        return b""


def failure(vendor: str, answer: Answer, code: object, codes: Codes) -> GatewayError:
    """What an answer that is no acceptance means. Only the code is quoted, never the vendor's text."""
    given = str(code) if isinstance(code, str | int) and _CODE.fullmatch(str(code)) else ""
    why = f"{vendor} {given or answer.status}"
    if given in codes.opted_out:
        return OptedOut(why)
    if answer.status == 429 or given in codes.rate_limited:
        return RateLimited(why, answer.retry_after)
    # 401: our credentials are wrong, which an operator may mend while the code is still worth sending.
    if answer.status in {401, 503} or given in codes.temporary:
        return TemporaryFailure(why)
    if answer.status >= 500 or (answer.status < 300 and not given):
        # Something took the request and did not answer in the words of the API: it may be on its way.
        return OutcomeUnknown(why)
    if given in codes.permanent:
        return PermanentFailure(why)
    # Without a code: a redirect, or a proxy that refuses; the vendor has not seen the message.
    return NotServed(why) if given else TemporaryFailure(why)


def _seconds(retry_after: str | None) -> int | None:
    """Retry-After in seconds (RFC 9110 §10.2.3); its date form is rare and left to our own waiting."""
    if retry_after is None or not retry_after.isascii() or not retry_after.isdigit():
        return None
    return min(int(retry_after[:9]), MAX_RETRY_AFTER)


def check_address(url: str) -> str | None:
    """Why `url` cannot be a vendor's address, or None: credentials travel over TLS, or on loopback."""
    address = urlsplit(url)
    if address.scheme == "https" and address.hostname:
        return None
    if address.scheme == "http" and address.hostname in {"127.0.0.1", "::1", "localhost"}:
        return None
    return "must be an https address"
