"""A registry over HTTP: one POST, the JSON contract of README.md, bearer authentication.

Whatever is slow, large, redirected or of another shape is "unavailable": a case then waits for headquarters, and
nobody is issued anything on half an answer.
"""

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError

from idp.people.registry.contract import EndsAnswer, RegistryAnswer, RegistryUnavailable, read_answer, read_ends

CONNECT_SECONDS: Final = 2.0
READ_SECONDS: Final = 3.0
MAX_ANSWER: Final = 16 * 1024
MAX_ENDS_ANSWER: Final = 128 * 1024
FOUND, UNKNOWN = 200, 404


@dataclass(frozen=True, slots=True)
class RegistryAccount:
    """Where the registry is, and in whose name it is asked."""

    url: str
    token: str = field(repr=False)
    trusted_ca: Path | None = None
    ends_url: str = ""


class HttpRegistry:
    """Registry behind that address; safe to use from several threads."""

    def __init__(self, account: RegistryAccount) -> None:
        """No redirect is followed and nothing is repeated: the officer may simply try again."""
        self._account = account
        self._pool = urllib3.PoolManager(
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            cert_reqs="CERT_REQUIRED",
            ca_certs=str(account.trusted_ca) if account.trusted_ca else None,
        )

    def look(self, passport: str, birthdate: date) -> RegistryAnswer | None:
        """The person with this passport, born on that day. Raises RegistryUnavailable."""
        asked = {"passport": passport, "birthdate": birthdate.isoformat()}
        status, raw = self._ask(self._account.url, asked, MAX_ANSWER)
        if status == UNKNOWN:
            return None
        if status != FOUND or len(raw) > MAX_ANSWER:
            raise RegistryUnavailable(f"status {status}")
        return read_answer(_document(raw))

    def ended_since(self, since: int) -> EndsAnswer:
        """Of whom it heard from `since` on (epoch seconds) that their status ended. Raises RegistryUnavailable."""
        status, raw = self._ask(self._account.ends_url, {"since": since}, MAX_ENDS_ANSWER)
        if status != FOUND or len(raw) > MAX_ENDS_ANSWER:
            raise RegistryUnavailable(f"status {status}")
        return read_ends(_document(raw))

    def _ask(self, url: str, asked: object, limit: int) -> tuple[int, bytes]:
        """Status and body, of which no more than one byte past the limit is read."""
        headers = {
            "Authorization": f"Bearer {self._account.token}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        body = json.dumps(asked).encode()
        try:
            answer = self._pool.request("POST", url, body=body, headers=headers, redirect=False, preload_content=False)
            raw = answer.read(limit + 1, decode_content=False)
            answer.close()
        except HTTPError as error:
            raise RegistryUnavailable(type(error).__name__) from None
        return answer.status, raw


def _document(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise RegistryUnavailable("answer is not JSON") from None
