"""Telling a person by mail what happened to their mobile ID: queued in the transaction of the act itself.

Only to an address that a mission has verified. Every letter holds the link with which its owner stops everything.
"""

from uuid import UUID

from idp.credential.stop_link import stop_secret
from idp.delivery.mail import KIND, MAIL_SECONDS, MailKind, MailNotice, to_payload
from idp.keys.sealing import row_context
from idp.pages.consent_view import open_record
from idp.provider import Provider
from idp.storage import Transaction
from idp.storage.account import Account
from idp.storage.models import OutboxRow


def queue_letter(transaction: Transaction, wired: Provider, person: UUID, kind: MailKind, now: int) -> bool:
    """Queue the letter. False when mail is not sent here, or the person has no verified address."""
    if wired.settings.mail == "none":
        return False
    account = Account(transaction, person)
    found = account.person()
    credentials = account.credentials()
    record = open_record(wired, found.record, person) if found else None
    if (
        record is None
        or found.sandbox_of is not None
        or not record.email
        or not record.email_verified
        or not credentials
    ):
        return False
    link = stop_address(wired, person, credentials[-1].id)
    notice = MailNotice(kind, record.email, found.language, now, link)
    row = transaction.new_id()
    transaction.add(
        OutboxRow,
        id=row,
        kind=KIND,
        payload=wired.sealers.outbox.seal(to_payload(notice), row_context("outbox", "payload", row)),
        attempts=0,
        due_at=now,
        not_after=now + MAIL_SECONDS,
        created_at=now,
    )
    return True


def stop_address(wired: Provider, person: UUID, credential: UUID) -> str:
    """The link, its secret in the fragment: browsers send that to nobody."""
    return f"{wired.issuer}/lost#{stop_secret(person, credential, wired.keyed.stop_link)}"
