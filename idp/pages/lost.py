"""/lost: stopping a mobile ID without the phone and without signing in, at any hour.

Two things prove enough to stop, and to stop only: the link that was in every letter, with the date of birth; or a
printed code, with the phone number. Nobody is sent anything here: what was sent was sent before (design law 1). Whoever
proves nothing gets one answer, whether the person exists or not, and nothing is written.
"""

import json
from datetime import date
from hmac import compare_digest
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators import printed_code
from idp.credential.enrolment import MOST_PEOPLE_A_NUMBER
from idp.credential.stop_link import read_stop_secret
from idp.keys.sealing import CannotOpen
from idp.pages.account_passkeys import passkey_name
from idp.pages.account_stop import stop_credentials
from idp.pages.browser import ensure_browser
from idp.pages.consent_view import open_record
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider
from idp.provider import Provider
from idp.storage.account import Account
from idp.storage.database import Transaction
from idp.storage.own_stops import OwnStops
from idp.storage.second_proofs import SecondProofs
from idp.storage.shared_numbers import holders_of
from idp.telephony.numbers import NumberRefused, countries, parse_number

pages = Blueprint("lost", __name__)
WHICH_SECONDS = 900
LONGEST_DATE = 20


@pages.get("/lost")
def lost() -> Response:
    """What can be done without the phone. The secret of a link stays in its fragment until it is posted."""
    return _show()


def _show(error: str | None = None, country: str = "") -> Response:
    listed = [{"region": one.region, "name": one.name, "code": one.dialling_code} for one in countries(page_language())]
    return page("lost/lost.html", here="/lost", error=error, countries=listed, chosen=country)


@pages.post("/lost/link")
def by_link() -> Response:
    """The link of a letter, and the date of birth."""
    form = read_form()
    wired = provider()
    now = wired.clock()
    link = read_stop_secret(form.get("secret", ""))
    if link is None:
        return _show("lost.not_stopped")
    with wired.database.read() as reading:
        account = Account(reading, link.person)
        person, credentials = account.person(), account.credentials()
    if person is None or not credentials or not link.is_of(credentials[-1].id, wired.keyed.stop_link):
        return _show("lost.not_stopped")
    if not wired.stop_tries.spend(link.person.bytes, now):
        return _show("lost.not_stopped")
    born = open_record(wired, person.record, link.person).birthdate
    if not compare_digest(born.encode(), (read_date(form.get("birthdate", "")) or "-").encode()):
        return _show("lost.not_stopped")
    wired.stop_tries.give_back(link.person.bytes)
    with wired.database.begin() as transaction:
        stopped = _stop(transaction, wired, link.person, now, by="link")
    return _stopped(wired, link.person, now, stopped)


def read_date(typed: str) -> str | None:
    """A date as records keep it, from eight digits in whatever grouping; None when it is no day."""
    digits = "".join(c for c in typed[:LONGEST_DATE] if c.isdecimal())
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat() if len(digits) == 8 else None
    except ValueError:
        return None


@pages.post("/lost/paper")
def by_paper() -> Response:
    """A printed code, and the phone number that codes were sent to. The code is spent."""
    form = read_form()
    wired = provider()
    now, country = wired.clock(), form.get("country", "")
    code = printed_code.read_typed(form.get("code", ""))
    try:
        number = parse_number(form.get("number", ""), country or None, fictional=wired.settings.demo)
    except NumberRefused:
        return _show("lost.not_stopped", country)
    with wired.database.read() as reading:
        holders = holders_of(reading, wired.keyed.look_up.of("phone", number.e164))
        digests = {one: printed_code.digest_of(code or "", one, wired.keyed.printed_code) for one in _as_many(holders)}
        found = [one for one, digest in digests.items() if SecondProofs(reading).has_printed(one, digest)]
    if code is None or not found:
        return _show("lost.not_stopped", country)
    with wired.database.begin() as transaction:
        taken = SecondProofs(transaction).take_printed(found[0], digests[found[0]], now)
        if taken:
            transaction.record(AuditRow(Event.PRINTED_CODE_USED, now, found[0]))
        stopped = _stop(transaction, wired, found[0], now, by="paper") if taken else None
    return _stopped(wired, found[0], now, stopped) if stopped else _show("lost.not_stopped", country)


def _as_many(holders: set[UUID]) -> list[UUID]:
    """The holders of a number, and nobodies up to the most there may be: each number takes the same time to look up."""
    nobodies = [UUID(int=number) for number in range(MOST_PEOPLE_A_NUMBER)]
    return [*holders, *nobodies][: max(MOST_PEOPLE_A_NUMBER, len(holders))]


def _stop(
    transaction: Transaction, wired: Provider, person: UUID, now: int, *, by: str
) -> tuple[list[UUID], list[Any]]:
    """Stop it, in the step that took what proved it; the stops, and the passkeys that may have been lost."""
    stops = stop_credentials(transaction, wired, person, now, by=by, by_passkey=False)
    return stops, [one for one in Account(transaction, person).passkeys() if one.state == "active"]


def _stopped(wired: Provider, person: UUID, now: int, stopped: tuple[list[UUID], list[Any]]) -> Response:
    """What was stopped before is answered alike."""
    stops, passkeys = stopped
    if not stops or len(passkeys) < 2:
        return page("lost/stopped.html", here="/lost", passkeys=[], sealed="")
    document = json.dumps({"p": person.hex, "s": [one.hex for one in stops], "t": now}).encode()
    sealed = wired.sealers.page.seal(document, _context(wired)).hex()
    shown = [{"id": one.id, "name": passkey_name(one)} for one in passkeys]
    return page("lost/stopped.html", here="/lost", passkeys=shown, sealed=sealed)


@pages.post("/lost/which")
def which() -> Response:
    """The passkey that is lost: it stays stopped, and another one may lift the rest."""
    form = read_form()
    wired = provider()
    now = wired.clock()
    try:
        document = json.loads(wired.sealers.page.open(bytes.fromhex(form.get("stop", "")), _context(wired)))
        passkey = UUID(form.get("passkey", ""))
    except (ValueError, CannotOpen) as error:
        raise PageRefused("wrong_browser", 400, "not the form of this browser's stop") from error
    if now >= document["t"] + WHICH_SECONDS:
        raise PageRefused("wrong_browser", 400, "the form of a stop is too old")
    person = UUID(document["p"])
    with wired.database.begin() as transaction:
        if Account(transaction, person).distrust_passkey(passkey):
            for one in document["s"]:
                OwnStops(transaction).trust_others(UUID(one))
            transaction.record(AuditRow(Event.PASSKEY_DISTRUSTED, now, person, detail={"passkey": passkey}))
    return page("account/stopped.html", here="/account/resume", by_passkey=True)


def _context(wired: Provider) -> bytes:
    return b"lost:" + ensure_browser(wired)
