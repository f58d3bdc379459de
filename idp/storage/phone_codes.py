"""The codes sent to phones, for sign-ins and enrolments alike: counted before they are compared, spent once."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Row

from idp.authenticators.phone_code import CodePurpose, StoredCode
from idp.storage.database import Transaction
from idp.storage.models import Phone, PhoneCode

# The counter rises before anything is compared, and never above one past the limit.
_COUNT_TRY = (
    update(PhoneCode)
    .where(
        PhoneCode.bound_to == bindparam("row"),
        PhoneCode.purpose == bindparam("wanted"),
        PhoneCode.attempts <= 5,
    )
    .values(attempts=PhoneCode.attempts + 1)
    .returning(
        PhoneCode.digest,
        PhoneCode.sent_at,
        PhoneCode.expires_at,
        PhoneCode.attempts,
        PhoneCode.sends,
        PhoneCode.verified_at,
    )
)
_FIND_CODE = select(
    PhoneCode.digest,
    PhoneCode.sent_at,
    PhoneCode.expires_at,
    PhoneCode.attempts,
    PhoneCode.sends,
    PhoneCode.verified_at,
).where(PhoneCode.bound_to == bindparam("row"))
_RIGHT = (
    update(PhoneCode)
    .where(PhoneCode.bound_to == bindparam("row"), PhoneCode.verified_at.is_(None))
    .values(verified_at=bindparam("now"))
)
_RESEND = (
    update(PhoneCode)
    .where(
        PhoneCode.bound_to == bindparam("row"),
        PhoneCode.sends == bindparam("before"),
        PhoneCode.verified_at.is_(None),
    )
    .values(
        digest=bindparam("code"),
        sent_at=bindparam("now"),
        expires_at=bindparam("until"),
        attempts=0,
        sends=PhoneCode.sends + 1,
    )
)
_WRONG_ON_PHONE = (
    update(Phone)
    .where(Phone.id == bindparam("phone"))
    .values(wrong_tries=Phone.wrong_tries + 1)
    .returning(Phone.wrong_tries)
)
_LOCK_PHONE = update(Phone).where(Phone.id == bindparam("phone")).values(locked_until=bindparam("until"))
_RIGHT_ON_PHONE = update(Phone).where(Phone.id == bindparam("phone")).values(wrong_tries=0, locked_until=0)


class PhoneCodes:
    """Verbs on codes within one transaction, for sign-ins and enrolments alike."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def add(self, bound_to: UUID, purpose: CodePurpose, digest: bytes, now: int, expires_at: int) -> None:
        """Queue the first code of a sign-in or an enrolment."""
        self._transaction.add(
            PhoneCode,
            bound_to=bound_to,
            purpose=purpose.value,
            digest=digest,
            sent_at=now,
            expires_at=expires_at,
            attempts=0,
            sends=1,
        )

    def count_try(self, bound_to: UUID, purpose: CodePurpose) -> StoredCode | None:
        """Raise the counter, then hand out what the try is compared with; None when there is no code or no try left."""
        row = self._transaction.one(_COUNT_TRY, row=bound_to, wanted=purpose.value)
        return _code(row) if row else None

    def find(self, bound_to: UUID) -> StoredCode | None:
        """The code as it stands."""
        row = self._transaction.one(_FIND_CODE, row=bound_to)
        return _code(row) if row else None

    def right(self, bound_to: UUID, now: int) -> bool:
        """Spend the code. False when it was spent before."""
        return self._transaction.run(_RIGHT, row=bound_to, now=now) == 1

    def replace(self, bound_to: UUID, *, before: int, digest: bytes, now: int, expires_at: int) -> bool:
        """A new code in place of the old one, which no longer fits. False when another request was faster."""
        return self._transaction.run(_RESEND, row=bound_to, before=before, code=digest, now=now, until=expires_at) == 1

    def wrong_on_phone(self, phone: UUID) -> int:
        """Count a wrong try against the phone; returns how many there were in a row."""
        row = self._transaction.one(_WRONG_ON_PHONE, phone=phone)
        return int(row.wrong_tries) if row else 0

    def lock_phone(self, phone: UUID, until: int) -> None:
        """Refuse codes of this phone until then."""
        self._transaction.run(_LOCK_PHONE, phone=phone, until=until)

    def right_on_phone(self, phone: UUID) -> None:
        """Forget the wrong tries."""
        self._transaction.run(_RIGHT_ON_PHONE, phone=phone)


def _code(row: Row[Any]) -> StoredCode:
    return StoredCode(
        digest=row.digest,
        sent_at=row.sent_at,
        expires_at=row.expires_at,
        attempts=row.attempts,
        sends=row.sends,
        verified_at=row.verified_at,
    )
