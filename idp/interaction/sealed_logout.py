"""A logout request on its way through a page or a redirect: sealed, so that nobody changes where it leads.

No token stands in it: what an `id_token_hint` proved was proven when the request came. A request that was
posted from another site arrives without our cookies and is asked again by GET; its seal knows no browser, but
only for a minute.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable

from idp.interaction.sealed_request import SealBroken
from idp.keys.sealing import CannotOpen, Sealer
from idp.protocol.client import Client
from idp.protocol.logout import LogoutRequest

PAGE_SECONDS = 3_600  # as long as a sign-in's pages live
REDIRECT_SECONDS = 60
MAX_LENGTH = 16_384


def seal_logout(asked: LogoutRequest, *, browser: bytes | None, now: int, sealer: Sealer) -> str:
    """The text that travels; with a `browser` it opens there only."""
    document = {
        "c": asked.client.id if asked.client else None,
        "s": asked.session,
        "r": asked.redirect_to,
        "l": asked.ui_locales,
        "t": now,
    }
    plain = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return urlsafe_b64encode(sealer.seal(plain, _context(browser))).decode()


def unseal_logout(
    text: str | None, *, browser: bytes | None, now: int, sealer: Sealer, find_client: Callable[[str], Client | None]
) -> LogoutRequest:
    """The request in `text`. Raises SealBroken, also when it is too old."""
    if not text or len(text) > MAX_LENGTH or not text.isascii():
        raise SealBroken("missing or malformed")
    try:
        document = json.loads(sealer.open(urlsafe_b64decode(text), _context(browser)))
    except (NotBase64, ValueError, CannotOpen) as error:
        raise SealBroken(str(error)) from error
    if now >= document["t"] + (REDIRECT_SECONDS if browser is None else PAGE_SECONDS):
        raise SealBroken("too old")
    client = find_client(document["c"]) if document["c"] else None
    return LogoutRequest(client, document["s"], document["r"], tuple(document["l"]))


def _context(browser: bytes | None) -> bytes:
    return b"logout-posted" if browser is None else b"logout:" + browser
