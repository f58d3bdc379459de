"""Telling a citizen: one notice to every phone of theirs, queued in the transaction of the act that it tells of.

What they may have to act on at once is told in the language that they chose for messages, of which there are more than
of pages; everything else in the language of their pages, in which the pages and the letter that follow it up speak.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select

from idp.delivery.notices import KIND, NOTICE_SECONDS, Notice, to_payload
from idp.keys.sealing import Sealer, row_context
from idp.storage.database import Transaction
from idp.storage.models import Person, Phone
from idp.storage.outbox import queue

GRAVE = frozenset(
    {
        "issued",
        "replaced",
        "second_issued",
        "suspended",
        "resumed",
        "revoked",
        "number_changed",
        "passkey_added",
        "passkey_copied",
    }
)
"""Notices that stand in every language of messages (templates/messages/notices.*.toml)."""
MOST_PHONES = 10  # the newest; a person has one, and after a change two

_PHONES = (
    select(Phone.id, Phone.number, Phone.region, Person.language, Person.message_language)
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
                language = row.message_language if notice in GRAVE and row.message_language else row.language
                payload = to_payload(Notice(number, row.region, language, notice, values))
                queue(step, self.outbox, KIND, payload, now=now, good_for=NOTICE_SECONDS)
        return len(told)
