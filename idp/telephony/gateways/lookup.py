"""Look-ups of numbers at vendors that offer them. Contract: idp.telephony.signals.Signals.

Twilio's Lookup v2 (GET /v2/PhoneNumbers/{number}?Fields=sim_swap) tells when a SIM was changed, in the countries whose
operators say so. A relay of one's own is asked by POST to `<url>/lookup` with `{"number"}` and answers `{"moved_at"}`:
seconds since the epoch, or null.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import urllib3

from idp.telephony.gateways.account import Account
from idp.telephony.gateways.contract import TemporaryFailure
from idp.telephony.gateways.http import Answer, HttpClient
from idp.telephony.signals import SignalUnavailable

ADDRESS: Final = "https://lookups.twilio.com"
#: A code waits for the answer: rather none than a late one.
READ_SECONDS: Final = 3.0


class TwilioLookup:
    """Asks for the last change of SIM."""

    def __init__(self, account: Account, *, clock: Callable[[], int], read_seconds: float = READ_SECONDS) -> None:
        """No connection is made yet."""
        self._name = account.name
        self._http = HttpClient(account.name, trusted_ca=account.ca, clock=clock, read_seconds=read_seconds)
        self._address = f"{(account.url or ADDRESS).rstrip('/')}/v2/PhoneNumbers"
        self._headers = urllib3.make_headers(basic_auth=f"{account.account}:{account.secret}") | {
            "Accept": "application/json"
        }

    def moved_at(self, e164: str) -> int | None:
        """When its SIM was changed last. Raises SignalUnavailable."""
        url = f"{self._address}/{quote(e164, safe='')}?Fields=sim_swap"
        swap = _document(self._name, lambda: self._http.get(url, self._headers)).get("sim_swap")
        last = swap.get("last_sim_swap") if isinstance(swap, dict) else None
        if not isinstance(last, dict):  # null with an error_code where the operator does not say
            raise SignalUnavailable(f"{self._name}: no answer for this number")
        date = last.get("last_sim_swap_date")
        if date is None:
            return None
        try:
            return int(datetime.fromisoformat(str(date)).timestamp())
        except ValueError:
            raise SignalUnavailable(f"{self._name}: a date that is none") from None


class RelayLookup:
    """Asks a relay of one's own."""

    def __init__(self, account: Account, *, clock: Callable[[], int], read_seconds: float = READ_SECONDS) -> None:
        """No connection is made yet."""
        self._name = account.name
        self._http = HttpClient(account.name, trusted_ca=account.ca, clock=clock, read_seconds=read_seconds)
        self._address = f"{account.url.rstrip('/')}/lookup"
        self._headers = {"Authorization": f"Bearer {account.secret}"}

    def moved_at(self, e164: str) -> int | None:
        """When it moved last. Raises SignalUnavailable."""
        document = _document(self._name, lambda: self._http.post_json(self._address, {"number": e164}, self._headers))
        moved = document.get("moved_at")
        if moved is not None and (type(moved) is not int or moved < 0):
            raise SignalUnavailable(f"{self._name}: a time that is none")
        if "moved_at" not in document:
            raise SignalUnavailable(f"{self._name}: no answer for this number")
        return moved


def _document(name: str, ask: Callable[[], Answer]) -> dict[str, Any]:
    try:
        answer = ask()
    except TemporaryFailure as failure:
        raise SignalUnavailable(str(failure)) from None
    if answer.status != 200:
        raise SignalUnavailable(f"{name} {answer.status}")
    return answer.document
