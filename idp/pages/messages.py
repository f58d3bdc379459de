"""Putting a code message into the outbox, in the transaction that made the code."""

from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.phone_code import LIFETIME_SECONDS, CodePurpose
from idp.delivery.text_messages import KIND, CodeMessage, message_key, to_payload
from idp.pages.sandbox_phone import keep_message
from idp.provider import Provider
from idp.storage.database import Transaction
from idp.storage.outbox import queue


def queue_message(
    transaction: Transaction,
    wired: Provider,
    message: CodeMessage,
    sends: int,
    now: int,
    *,
    test_citizen: tuple[str, UUID] | None = None,
) -> None:
    """Queue the message; it leaves when the transaction is committed, never before.

    To a `test_citizen` (the sandbox client, the person) it never leaves: the client's engineers read it.
    """
    if test_citizen is not None:
        keep_message(transaction, wired, message, *test_citizen, now)
        return
    row = message_key(message.about, sends)
    queue(transaction, wired.sealers.outbox, KIND, to_payload(message), now=now, good_for=LIFETIME_SECONDS, row=row)


def send_code(
    transaction: Transaction,
    wired: Provider,
    message: CodeMessage,
    *,
    person: UUID | None,
    client: str | None,
    purpose: CodePurpose,
    sends: int,
    now: int,
    sandbox_of: str | None = None,
) -> None:
    """The same with an audit row of its own, where no other act of the transaction tells of it."""
    test_citizen = (sandbox_of, person) if sandbox_of is not None and person is not None else None
    queue_message(transaction, wired, message, sends, now, test_citizen=test_citizen)
    detail = {
        "purpose": purpose.value,
        "region": message.region,
        "sends": sends,
        "channel": message.channel.value,
    }
    transaction.record(AuditRow(Event.CODE_SENT, now, person, client, detail))
