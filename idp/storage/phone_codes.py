"""The code sent to a phone, kept in the row of the sign-in or the enrolment that it belongs to.

Counted before it is compared, replaced by a newer one, and worth nothing once its row has moved on.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, bindparam, select, update
from sqlalchemy.engine import Row

from idp.authenticators.phone_code import LIFETIME_SECONDS, MAX_ATTEMPTS, StoredCode
from idp.storage.database import Transaction
from idp.storage.models import Enrolment, Phone, SignIn
from idp.storage.models_second_proofs import PhoneChange

Owner = type[SignIn] | type[Enrolment] | type[PhoneChange]

_WRONG_ON_PHONE = (
    update(Phone)
    .where(Phone.id == bindparam("phone"))
    .values(wrong_tries=Phone.wrong_tries + 1)
    .returning(Phone.wrong_tries)
)
_LOCK_PHONE = update(Phone).where(Phone.id == bindparam("phone")).values(locked_until=bindparam("until"))
_STILL_THEIRS = update(Phone).where(Phone.id == bindparam("phone")).values(verified_at=bindparam("now"))
_RIGHT_ON_PHONE = update(Phone).where(Phone.id == bindparam("phone")).values(wrong_tries=0, locked_until=0)


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements over one kind of row."""

    count_try: Executable
    find: Executable
    first: Executable
    again: Executable


@lru_cache(maxsize=4)
def statements(owner: Owner) -> Statements:
    """The statements over sign-ins or over enrolments, built once."""
    code = (owner.code_digest, owner.code_sent_at, owner.code_sends, owner.code_attempts, owner.code_spoken)
    this = owner.id == bindparam("row")
    waiting = update(owner).where(this, owner.finished_at.is_(None))
    fresh = waiting.values(
        code_digest=bindparam("code"), code_sent_at=bindparam("now"), code_attempts=0, code_spoken=bindparam("aloud")
    )
    return Statements(
        # The counter rises before anything is compared, and never above one past the limit.
        count_try=waiting.where(owner.code_attempts <= MAX_ATTEMPTS)
        .values(code_attempts=owner.code_attempts + 1)
        .returning(*code),
        find=select(*code).where(this),
        first=fresh.where(owner.code_digest.is_(None)).values(code_sends=1),
        again=fresh.where(owner.code_sends == bindparam("before")).values(code_sends=owner.code_sends + 1),
    )


class PhoneCodes:
    """Verbs on the codes of sign-ins, or of enrolments, within one transaction."""

    def __init__(self, transaction: Transaction, owner: Owner) -> None:
        """Over an open transaction."""
        self._transaction = transaction
        self._statements = statements(owner)

    def first(self, bound_to: UUID, digest: bytes, now: int, *, spoken: bool = False) -> bool:
        """The first code of a row that has none. False when another request was faster."""
        values = {"code": digest, "now": now, "aloud": spoken or None}
        return self._transaction.run(self._statements.first, row=bound_to, **values) == 1

    def replace(self, bound_to: UUID, *, before: int, digest: bytes, now: int, spoken: bool = False) -> bool:
        """A new code in place of the old one, which no longer fits. False when another request was faster."""
        values = {"code": digest, "now": now, "aloud": spoken or None}
        return self._transaction.run(self._statements.again, row=bound_to, before=before, **values) == 1

    def count_try(self, bound_to: UUID) -> StoredCode | None:
        """Raise the counter, then hand out what the try is compared with; None without code or try left."""
        return stored_code(self._transaction.one(self._statements.count_try, row=bound_to))

    def find(self, bound_to: UUID) -> StoredCode | None:
        """The code as it stands."""
        return stored_code(self._transaction.one(self._statements.find, row=bound_to))

    def wrong_on_phone(self, phone: UUID) -> int:
        """Count a wrong try against the phone; returns how many there were in a row."""
        row = self._transaction.one(_WRONG_ON_PHONE, phone=phone)
        return int(row.wrong_tries) if row else 0

    def lock_phone(self, phone: UUID, until: int) -> None:
        """Refuse codes of this phone until then."""
        self._transaction.run(_LOCK_PHONE, phone=phone, until=until)

    def still_theirs(self, phone: UUID, now: int) -> None:
        """Its holder typed a code again."""
        self._transaction.run(_STILL_THEIRS, phone=phone, now=now)

    def right_on_phone(self, phone: UUID) -> None:
        """Forget the wrong tries."""
        self._transaction.run(_RIGHT_ON_PHONE, phone=phone)


def stored_code(row: Row[Any] | None) -> StoredCode | None:
    """The code of a row that has its columns, or None."""
    if row is None or row.code_digest is None:
        return None
    return StoredCode(
        digest=row.code_digest,
        sent_at=row.code_sent_at,
        expires_at=row.code_sent_at + LIFETIME_SECONDS,
        attempts=row.code_attempts,
        sends=row.code_sends,
        spoken=bool(row.code_spoken),
    )
