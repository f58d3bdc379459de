"""Stops of a credential by its holder: noted, found, lifted once."""

from uuid import UUID

from sqlalchemy import bindparam, select, update

from idp.credential.own_stop import OwnStop
from idp.storage.database import Transaction
from idp.storage.models_account import OwnStop as OwnStopRow

_LATEST = (
    select(OwnStopRow.id, OwnStopRow.stopped_at, OwnStopRow.by_passkey, OwnStopRow.lifted_at)
    .where(OwnStopRow.credential_id == bindparam("credential"))
    .order_by(OwnStopRow.id.desc())
    .limit(1)
)
_LIFT = (
    update(OwnStopRow)
    .where(OwnStopRow.id == bindparam("row"), OwnStopRow.lifted_at.is_(None))
    .values(lifted_at=bindparam("now"))
)
_TRUST = update(OwnStopRow).where(OwnStopRow.id == bindparam("row")).values(by_passkey=True)


class OwnStops:
    """Verbs within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def add(self, person: UUID, credential: UUID, now: int, *, by_passkey: bool) -> UUID:
        """Queue the note of a stop; `by_passkey` says whether a trusted passkey may lift it."""
        row = self._transaction.new_id()
        self._transaction.add(
            OwnStopRow, id=row, credential_id=credential, person_id=person, stopped_at=now, by_passkey=by_passkey
        )
        return row

    def latest(self, credential: UUID) -> OwnStop | None:
        """The latest stop of a credential by its holder."""
        row = self._transaction.one(_LATEST, credential=credential)
        if row is None:
            return None
        return OwnStop(
            id=row.id, stopped_at=row.stopped_at, by_passkey=row.by_passkey, lifted=row.lifted_at is not None
        )

    def lift(self, stop: UUID, now: int) -> bool:
        """Take the stop's one lifting. False when somebody was faster."""
        return self._transaction.run(_LIFT, row=stop, now=now) == 1

    def trust_others(self, stop: UUID) -> None:
        """The holder has said which passkeys are lost: the others may lift the stop."""
        self._transaction.run(_TRUST, row=stop)
