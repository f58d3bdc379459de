"""Wanting messages again after STOP: the word of a person whose passkey was just verified, about their own number."""

from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.provider import Provider
from idp.storage.opt_outs import OptOuts


def opt_in(wired: Provider, person: UUID, now: int) -> None:
    """Lift the opt-out of a person's number. An operator that keeps a list of its own is told by the handset."""
    with wired.database.begin() as transaction:
        if OptOuts(transaction).lift(person, now):
            transaction.record(AuditRow(Event.OPTED_IN, now, person))
