"""What vendors of messages post here: receipts, and what people answered. Only what a vendor has signed is read.

Who is no vendor of ours, or did not sign, learns nothing: not even which gateways exist.
"""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from flask import request

from idp.provider import Provider
from idp.telephony.receipts import Incoming

Read = TypeVar("Read")


def read_signed(
    wired: Provider,
    gateway: str,
    read: Callable[[str, str, Incoming, int], Read],
    message: UUID | None = None,
) -> Read:
    """What this request says, as `read` reads it: kind of vendor, its secret, the request, now. Raises NotGenuine."""
    account = next((one for one in wired.accounts if one.name == gateway), None)
    incoming = Incoming(
        url=f"{wired.issuer}{request.path}",
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.get_data(),
        message=message,
    )
    kind, secret = (account.kind, account.receipts_secret) if account else ("", "")
    return read(kind, secret, incoming, wired.clock())
