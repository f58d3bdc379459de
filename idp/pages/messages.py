"""Putting a code message into the outbox, in the transaction that made the code."""

from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.phone_code import LIFETIME_SECONDS, CodePurpose
from idp.delivery.notices import KIND as NOTICE
from idp.delivery.notices import NOTICE_SECONDS, Notice
from idp.delivery.notices import to_payload as notice_payload
from idp.delivery.text_messages import KIND, CodeMessage, to_payload
from idp.keys.sealing import row_context
from idp.provider import Provider
from idp.storage.database import Transaction
from idp.storage.models import OutboxRow


def message_key(about: UUID, sends: int) -> UUID:
    """The outbox row of the so-manieth message about a sign-in or enrolment: found again without being stored."""
    return UUID(int=about.int ^ sends)


def queue_message(transaction: Transaction, wired: Provider, message: CodeMessage, sends: int, now: int) -> None:
    """Queue the message; it leaves when the transaction is committed, never before."""
    row = message_key(message.about, sends)
    transaction.add(
        OutboxRow,
        id=row,
        kind=KIND,
        payload=wired.sealers.outbox.seal(to_payload(message), row_context("outbox", "payload", row)),
        attempts=0,
        due_at=now,
        not_after=now + LIFETIME_SECONDS,
        created_at=now,
    )


def queue_notice(transaction: Transaction, wired: Provider, notice: Notice, now: int) -> None:
    """Queue a text message without a code."""
    row = transaction.new_id()
    transaction.add(
        OutboxRow,
        id=row,
        kind=NOTICE,
        payload=wired.sealers.outbox.seal(notice_payload(notice), row_context("outbox", "payload", row)),
        attempts=0,
        due_at=now,
        not_after=now + NOTICE_SECONDS,
        created_at=now,
    )


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
) -> None:
    """The same with an audit row of its own, where no other act of the transaction tells of it."""
    queue_message(transaction, wired, message, sends, now)
    detail = {
        "purpose": purpose.value,
        "region": message.region,
        "sends": sends,
        "channel": message.channel.value,
    }
    transaction.record(AuditRow(Event.CODE_SENT, now, person, client, detail))
