"""A change of number under way, and its end: the person's phone takes the new number, one transaction."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from idp.storage.database import Transaction
from idp.storage.models import Phone
from idp.storage.models_second_proofs import PhoneChange

LIFETIME_SECONDS = 1800

_FIND = (
    select(PhoneChange.id, PhoneChange.number, PhoneChange.region)
    .where(
        PhoneChange.person_id == bindparam("person"),
        PhoneChange.finished_at.is_(None),
        PhoneChange.expires_at > bindparam("now"),
    )
    .order_by(PhoneChange.id.desc())
    .limit(1)
)
_END = (
    update(PhoneChange)
    .where(PhoneChange.id == bindparam("row"), PhoneChange.finished_at.is_(None))
    .values(finished_at=bindparam("now"))
)
_FORGET = (
    update(PhoneChange)
    .where(PhoneChange.person_id == bindparam("person"), PhoneChange.finished_at.is_(None))
    .values(finished_at=bindparam("now"))
)
_PHONE = (
    select(Phone.id, Phone.number, Phone.region, Phone.fingerprint, Phone.held_until, Phone.verified_at)
    .where(Phone.person_id == bindparam("person"))
    .order_by(Phone.verified_at.desc())
    .limit(1)
)
_MOVED = (
    update(Phone)
    .where(Phone.fingerprint == bindparam("value"), (Phone.moved_at.is_(None)) | (Phone.moved_at < bindparam("at")))
    .values(moved_at=bindparam("at"))
)
_TAKE = (
    update(Phone)
    .where(Phone.id == bindparam("row"), Phone.person_id == bindparam("person"))
    .values(
        number=bindparam("sealed"),
        fingerprint=bindparam("found_by"),
        region=bindparam("area"),
        verified_at=bindparam("now"),
        wrong_tries=0,
        locked_until=0,
        moved_at=None,
        held_until=bindparam("hold"),
    )
)


@dataclass(frozen=True, slots=True)
class ChangeUnderWay:
    """A new number whose code is awaited."""

    id: UUID
    number: bytes  # sealed
    region: str


class PhoneChanges:
    """Verbs on changes of number within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def begin(
        self, row: UUID, person: UUID, *, sealed: bytes, region: str, code: bytes, now: int, spoken: bool = False
    ) -> None:
        """Queue a change in place of an earlier one that was not finished, with its first code."""
        self.forget(person, now)
        self._transaction.add(
            PhoneChange,
            id=row,
            person_id=person,
            number=sealed,
            region=region,
            expires_at=now + LIFETIME_SECONDS,
            code_digest=code,
            code_sent_at=now,
            code_sends=1,
            code_attempts=0,
            code_spoken=spoken or None,
        )

    def find(self, person: UUID, now: int) -> ChangeUnderWay | None:
        """The change that a person has under way."""
        row = self._transaction.one(_FIND, person=person, now=now)
        return ChangeUnderWay(row.id, row.number, row.region) if row else None

    def end(self, row: UUID, now: int) -> bool:
        """Take the change's one end. False when somebody was faster."""
        return self._transaction.run(_END, row=row, now=now) == 1

    def forget(self, person: UUID, now: int) -> None:
        """Not that number after all."""
        self._transaction.run(_FORGET, person=person, now=now)

    def phone_of(self, person: UUID) -> Any | None:
        """The person's phone row: id, sealed number, region, fingerprint, held_until."""
        return self._transaction.one(_PHONE, person=person)

    def moved(self, fingerprint: bytes, at: int) -> bool:
        """The number has moved to another SIM. False when that was known, or nobody here has it."""
        return self._transaction.run(_MOVED, value=fingerprint, at=at) >= 1

    def take(
        self, phone: UUID, person: UUID, *, sealed: bytes, fingerprint: bytes, region: str, held_until: int, now: int
    ) -> bool:
        """The phone has the new number from here on; the old one is no longer known."""
        return (
            self._transaction.run(
                _TAKE,
                row=phone,
                person=person,
                sealed=sealed,
                found_by=fingerprint,
                area=region,
                hold=held_until,
                now=now,
            )
            == 1
        )
