"""Numbers that answered STOP, known by their fingerprint only; lifted by the person whose number it is."""

from uuid import UUID

from sqlalchemy import bindparam, select, update

from idp.storage.database import Transaction
from idp.storage.models import Phone
from idp.storage.models_second_proofs import OptOut

_FIND = select(OptOut.since).where(OptOut.fingerprint == bindparam("number"), OptOut.lifted_at.is_(None))
_LIFT = (
    update(OptOut)
    .where(
        OptOut.fingerprint.in_(select(Phone.fingerprint).where(Phone.person_id == bindparam("person"))),
        OptOut.lifted_at.is_(None),
    )
    .values(lifted_at=bindparam("now"))
)


_LIFT_NUMBER = (
    update(OptOut)
    .where(OptOut.fingerprint == bindparam("number"), OptOut.lifted_at.is_(None))
    .values(lifted_at=bindparam("now"))
)


class OptOuts:
    """Verbs on opt-outs within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def add(self, fingerprint: bytes, now: int) -> None:
        """Queue that this number wants nothing any more."""
        self._transaction.put(OptOut, fingerprint=fingerprint, since=now, lifted_at=None)

    def is_out(self, fingerprint: bytes) -> bool:
        """Whether this number wants nothing."""
        return self._transaction.one(_FIND, number=fingerprint) is not None

    def lift_number(self, fingerprint: bytes, now: int) -> bool:
        """Whoever holds the number wants messages again. False when nothing stood in the way."""
        return self._transaction.run(_LIFT_NUMBER, number=fingerprint, now=now) == 1

    def lift(self, person: UUID, now: int) -> bool:
        """The person wants messages at their own number again. False when nothing stood in the way."""
        return self._transaction.run(_LIFT, person=person, now=now) >= 1
