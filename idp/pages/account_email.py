"""/account/email, /email: where letters go. Named by its owner or at a mission, and good once its mailbox has answered.

Whoever holds the link of the letter reads the mailbox, so confirming takes no sign-in. Another address takes both
proofs anew, and the one before is told: letters are how somebody learns that their mobile ID is in other hands.
"""

from dataclasses import replace

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.credential.address_link import PresentedAddressLink, read_address_secret
from idp.delivery.mail import MailKind
from idp.keys.sealing import row_context
from idp.pages.account_gate import Visit, act, look
from idp.pages.consent_view import open_record
from idp.pages.counter_intake import IntakeRefused, read_email
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider
from idp.people.record import Record
from idp.provider import Provider
from idp.storage import Transaction
from idp.storage.account import Account

pages = Blueprint("account_email", __name__)
HERE = "/account/email"
CHANGES_A_DAY = 5
DAY = 86_400


@pages.get("/account/email")
def email() -> Response:
    """The address, and whether it is confirmed."""
    return _show(look(fresh=True))


def _show(visit: Visit, *, error: str | None = None, notice: str | None = None, typed: str = "") -> Response:
    with visit.wired.database.read() as reading:
        record = open_record(visit.wired, Account(reading, visit.person).person().record, visit.person)
    return page(
        "account/email.html",
        here=HERE,
        status=422 if error else 200,
        address=record.email,
        confirmed=record.email_verified,
        posted=visit.wired.letters.posted,
        typed=typed,
        error=error,
        notice=notice,
    )


@pages.post("/account/email")
def change() -> Response:
    """Another address, or the same once more: a letter asks whether it is theirs."""
    visit, form = act(fresh=True)
    typed = form.get("email", "")[:200]
    try:
        address = read_email(typed)
    except IntakeRefused as refused:
        return _show(visit, error=refused.reason, typed=typed)
    with visit.wired.database.begin() as transaction:
        account = Account(transaction, visit.person)
        account.hold(visit.now)
        if _asked(account, visit.now) >= CHANGES_A_DAY:
            raise PageRefused("account_email_limit", 429, "letters enough for today", client=visit.own)
        _change(transaction, visit, account, address)
    return _show(visit, notice="account_email.sent")


def _asked(account: Account, now: int) -> int:
    return sum(one.event == Event.ADDRESS_CHANGED.tag and now - one.at < DAY for one in account.happened())


def _change(transaction: Transaction, visit: Visit, account: Account, address: str) -> None:
    person = account.person()
    old = open_record(visit.wired, person.record, visit.person)
    if old.email == address and old.email_verified:
        return
    if old.email and old.email_verified:
        visit.wired.letters.write(transaction, visit.person, MailKind.ADDRESS_CHANGED, visit.now)
    _keep(visit.wired, account, person.record, replace(old, email=address, email_verified=False), visit)
    transaction.record(AuditRow(Event.ADDRESS_CHANGED, visit.now, visit.person))
    visit.wired.letters.ask_to_confirm(transaction, visit.person, visit.now)


def _keep(wired: Provider, account: Account, before: bytes, record: Record, visit: Visit) -> None:
    sealed = wired.sealers.record.seal(record.to_json(), row_context("persons", "record", visit.person))
    if not account.change_record(before, sealed, visit.now):
        raise PageRefused("account_changed", 409, "the record was changed at the same moment", client=visit.own)


@pages.get("/email")
def link() -> Response:
    """Where the letter leads. The secret stays in its fragment until it is posted; nothing is written."""
    return page("account/email_confirm.html", here="/email", error=None)


@pages.post("/email")
def confirm() -> Response:
    """The secret of the letter: the address is its person's. One answer to everything that is none."""
    form = read_form()
    presented = read_address_secret(form.get("secret", ""))
    if presented is None or not _confirm(provider(), presented):
        return page("account/email_confirm.html", here="/email", error="account_email.not_confirmed")
    return page("account/email_confirmed.html", here="/account")


def _confirm(wired: Provider, presented: PresentedAddressLink) -> bool:
    """Keep that the address is confirmed; once more changes nothing."""
    now = wired.clock()
    with wired.database.read() as reading:
        person = Account(reading, presented.person).person()
    if person is None:
        return False
    record = open_record(wired, person.record, person.id)
    if not record.email or not presented.confirms(record.email, now, wired.keyed.address_link):
        return False
    if record.email_verified:
        return True
    confirmed = replace(record, email_verified=True)
    sealed = wired.sealers.record.seal(confirmed.to_json(), row_context("persons", "record", person.id))
    with wired.database.begin() as step:
        kept = Account(step, person.id).change_record(person.record, sealed, now)
        if kept:
            step.record(AuditRow(Event.ADDRESS_CONFIRMED, now, person.id))
            wired.letters.write(
                step, person.id, MailKind.ADDRESS_CONFIRMED, now
            )  # with the link for the day the phone is lost
    return kept
