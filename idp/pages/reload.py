"""The address at which a passkey page can be shown again: by a reload, or in another language.

A plain request is its own address. A pushed one is over after 90 seconds and a signed one soon after, while the
person may take an hour: their address carries a proof that this very browser has shown it before.
"""

from hmac import compare_digest
from urllib.parse import urlencode, urlsplit

from flask import request

from idp.interaction.sealed_request import LIFETIME_SECONDS
from idp.pages.browser import browser_digest, ensure_browser
from idp.pages.first_party import is_own
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.authorization_url import authorization_url
from idp.provider import Provider

PROOF = "&again="


def reload_address(wired: Provider, asked: AuthorizationRequest) -> str:
    """The path and query at which this browser sees the same request again."""
    if is_own(asked.client_id):
        return urlsplit(asked.redirect_uri).path
    if asked.device is not None:
        return "/device"  # its code is typed again: no address leads past that
    if asked.pushed is not None:
        # By its row: neither the pushed parameters nor the request_uri stand in the browser's history.
        address = f"/authorize?{urlencode({'client_id': asked.client_id, 'pushed': asked.pushed})}"
    elif asked.signed:
        address = authorization_url(asked)
    else:
        return authorization_url(asked)
    until = wired.clock() + LIFETIME_SECONDS
    return f"{address}{PROOF}{until}.{_proof(wired, ensure_browser(wired), address, until)}"


def is_reload(wired: Provider) -> bool:
    """Whether this request's address is one that `reload_address` made for this browser within the last hour."""
    query, found, rest = request.query_string.decode("latin-1").partition(PROOF)
    until, _, proof = rest.partition("&")[0].partition(".")
    browser = browser_digest(wired)
    if not found or browser is None or not (until.isascii() and until.isdigit() and len(until) <= 12):
        return False
    expected = _proof(wired, browser, f"/authorize?{query}", int(until))
    return compare_digest(proof.encode(), expected.encode()) and wired.clock() < int(until)


def _proof(wired: Provider, browser: bytes, address: str, until: int) -> str:
    return wired.keyed.form.of("authorize again", browser, address, str(until)).hex()
