"""Messages to a person's own number: in which language they are, and wanting them again after STOP."""

from flask import Response

from idp.audit.catalogue import AuditRow, Event
from idp.pages.account_phone import show_phone
from idp.pages.opt_in import opt_in
from idp.pages.owner import Owner
from idp.pages.refusals import PageRefused
from idp.provider import Provider
from idp.storage.account import Account
from idp.telephony.languages import LONGEST_TAG, known


def choose_message_language(wired: Provider, owner: Owner, wish: str) -> Response:
    """The language of messages and calls from now on. Raises PageRefused."""
    tag, now = known(wish) if len(wish) <= LONGEST_TAG else None, wired.clock()
    if tag is None:
        raise PageRefused("invalid_request", 400, "no such language of messages")
    with wired.database.begin() as transaction:
        Account(transaction, owner.person_id).choose_message_language(tag, now)
        transaction.record(AuditRow(Event.LANGUAGE_CHOSEN, now, owner.person_id, detail={"language": tag}))
    return show_phone(wired, owner, notice="account.message_language_saved")


def messages_again(wired: Provider, owner: Owner) -> Response:
    """The person who once answered STOP wants messages at their number again."""
    opt_in(wired, owner.person_id, wired.clock())
    return show_phone(wired, owner, notice="account.opted_in")
