"""Adding ways to prove oneself: an authenticator app, a sheet of printed codes.

A secret that is not yet confirmed travels sealed through its page, so a page that is left leaves nothing behind.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from babel.dates import format_date
from flask import Response

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators import phone_code, printed_code, totp
from idp.credential.enrolment import MOST_PASSKEYS
from idp.keys.sealing import CannotOpen, row_context
from idp.pages.browser import ensure_browser
from idp.pages.owner import Owner
from idp.pages.qr import qr_code
from idp.pages.rendering import page, say, words
from idp.provider import Provider
from idp.storage import Transaction
from idp.storage.passkeys import Passkeys
from idp.storage.second_proofs import SecondProofs

NO_PASSKEY = UUID(int=0)


def ways_ready(reading: Transaction, person: UUID, now: int) -> dict[str, bool]:
    """Which of the three ways to do without a message somebody has prepared."""
    holdings = SecondProofs(reading).holdings(person, NO_PASSKEY, now)
    passkeys = len(Passkeys(reading).ids_of(person))
    return {"passkey": passkeys > 1, "printed": holdings.printed > 0, "app": holdings.app}


def show_ways(wired: Provider, owner: Owner, notice: str | None = None) -> Response:
    """Every way there is, and what can be added."""
    with wired.database.read() as reading:
        holdings = SecondProofs(reading).holdings(owner.person_id, owner.passkey_id or NO_PASSKEY, wired.clock())
        passkeys = len(Passkeys(reading).ids_of(owner.person_id))
    return page(
        "account/ways.html",
        here="/account/ways",
        notice=notice,
        has_app=holdings.app,
        printed=holdings.printed,
        passkeys=passkeys,
        may_add_passkey=passkeys < MOST_PASSKEYS,
        signed_in=owner.passkey_id is not None,
    )


def show_app(wired: Provider, owner: Owner, error: str | None = None, secret: bytes | None = None) -> Response:
    """The secret as a picture and as text, and a field for the first code."""
    secret = secret or totp.new_secret(wired.random_bytes)
    uri = totp.provisioning_uri(secret, issuer=say("site.name"), account=say("account.app_account"))
    sealed = wired.sealers.page.seal(secret, _secret_context(owner, wired))
    return page(
        "account/app.html",
        here="/account/app",
        picture=qr_code(uri),
        uri=uri,
        secret=totp.shown_secret(secret),
        sealed=urlsafe_b64encode(sealed).decode(),
        error=error,
    )


def add_app(wired: Provider, owner: Owner, sealed: str | None, typed: str) -> Response:
    """Bind the app once it has shown that it has the secret and the time."""
    now = wired.clock()
    try:
        secret = wired.sealers.page.open(urlsafe_b64decode(sealed or ""), _secret_context(owner, wired))
    except (CannotOpen, ValueError):
        return show_app(wired, owner, error="account.app_stale")
    code = phone_code.read_typed(typed)
    step = totp.matching_step(secret, code, now, 0) if code else None
    if step is None:
        return show_app(wired, owner, error="account.app_wrong", secret=secret)
    context = row_context("authenticator_apps", "secret", owner.person_id)
    with wired.database.begin() as transaction:
        SecondProofs(transaction).add_app(owner.person_id, wired.sealers.app_secret.seal(secret, context), step, now)
        transaction.record(AuditRow(Event.APP_ADDED, now, owner.person_id, detail={"by": owner.by}))
    return show_ways(wired, owner, notice="account.app_added")


def remove_app(wired: Provider, owner: Owner) -> Response:
    """Forget the app."""
    now = wired.clock()
    with wired.database.begin() as transaction:
        if SecondProofs(transaction).remove_app(owner.person_id):
            transaction.record(AuditRow(Event.APP_REMOVED, now, owner.person_id))
    return show_ways(wired, owner, notice="account.app_removed")


def make_printed(wired: Provider, owner: Owner) -> Response:
    """A new sheet. It is shown in this answer and never again."""
    now = wired.clock()
    codes = printed_code.new_codes(wired.random_bytes)
    digests = [printed_code.digest_of(code, owner.person_id, wired.keyed.printed_code) for code in codes]
    with wired.database.begin() as transaction:
        SecondProofs(transaction).replace_printed(owner.person_id, digests, now)
        transaction.record(AuditRow(Event.PRINTED_CODES_MADE, now, owner.person_id, detail={"by": owner.by}))
    return page(
        "account/printed.html",
        here="/account/ways",
        codes=[printed_code.shown(code) for code in codes],
        sheets=[_sheet(wired, language, now) for language in words().languages],
    )


def _sheet(wired: Provider, language: str, now: int) -> dict[str, Any]:
    """What the paper says, in one language; it says it in each, because nobody knows who will find it when."""
    speak = partial(words().say, language)
    day = format_date(datetime.fromtimestamp(now, UTC).date(), format="long", locale=language)
    address = f"{wired.issuer}/lost"
    lines = [speak(f"account.printed_{name}") for name in ("once", "keep")]
    return {
        "language": language,
        "title": speak("account.printed_sheet"),
        "lines": [*lines, speak("account.printed_lost", address=address), speak("account.printed_made", day=day)],
    }


def _secret_context(owner: Owner, wired: Provider) -> bytes:
    return b"new-app:" + owner.person_id.bytes + ensure_browser(wired)
