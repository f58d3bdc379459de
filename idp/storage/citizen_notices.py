"""Telling a citizen: one notice to every phone of theirs, queued in the transaction of the act that it tells of."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select

from idp.delivery.notices import KIND, NOTICE_SECONDS, Notice, to_payload
from idp.keys.sealing import Sealer, row_context
from idp.storage.database import Transaction
from idp.storage.models import OutboxRow, Person, Phone

MOST_PHONES = 10  # the newest; a person has one, and after a change two

_PHONES = (
    select(Phone.id, Phone.number, Phone.region, Person.language)
    .join(Person, Person.id == Phone.person_id)
    .where(Phone.person_id == bindparam("person"), Person.sandbox_of.is_(None))
    .order_by(Phone.id.desc())
    .limit(MOST_PHONES)
)
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class CitizenNotices:
    """What queueing a notice takes."""

    phone: Sealer
    outbox: Sealer

    def tell(self, step: Transaction, person: UUID, notice: str, now: int, values: Mapping[str, str] = NOTHING) -> int:
        """Queue the notice; returns to how many numbers it goes. `values` are put into its words."""
        step.flush()  # a phone that this very step adds hears of it too
        told: set[str] = set()
        for row in step.all(_PHONES, person=person):
            number = self.phone.open(row.number, row_context("phones", "number", row.id)).decode()
            if number not in told:
                told.add(number)
                self._queue(step, Notice(number, row.region, row.language, notice, values), now)
        return len(told)

    def _queue(self, step: Transaction, notice: Notice, now: int) -> None:
        row = step.new_id()
        step.add(
            OutboxRow,
            id=row,
            kind=KIND,
            payload=self.outbox.seal(to_payload(notice), row_context("outbox", "payload", row)),
            attempts=0,
            due_at=now,
            not_after=now + NOTICE_SECONDS,
            created_at=now,
        )
