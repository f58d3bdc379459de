"""What of relying services ends: kept, shown, and warned of once for each threshold."""

from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update

from idp.registration.deadlines import DAY, WARN_DAYS, Deadline, Kind
from idp.storage.database import Transaction
from idp.storage.models_engineers import ClientDeadline

MOST_LISTED = 200
MOST_DUE = 500

_TABLE = ClientDeadline.__table__
_OF_CLIENT = (
    select(_TABLE)
    .where(ClientDeadline.client_id == bindparam("client"))
    .order_by(ClientDeadline.ends_at)
    .limit(MOST_LISTED)
)
_NEAR = (
    select(_TABLE)
    .where(ClientDeadline.ends_at > bindparam("now"), ClientDeadline.ends_at <= bindparam("horizon"))
    .order_by(ClientDeadline.ends_at)
    .limit(MOST_DUE)
)
_THIS = (
    ClientDeadline.client_id == bindparam("client"),
    ClientDeadline.kind == bindparam("what"),
    ClientDeadline.label == bindparam("which"),
)
_WARNED = (
    update(ClientDeadline)
    .where(*_THIS, or_(ClientDeadline.warned_days.is_(None), ClientDeadline.warned_days > bindparam("days")))
    .values(warned_days=bindparam("days"))
)
_FORGET = delete(ClientDeadline).where(*_THIS)
_FORGET_KIND = delete(ClientDeadline).where(
    ClientDeadline.client_id == bindparam("client"), ClientDeadline.kind == bindparam("what")
)


class ClientDeadlines:
    """Verbs on deadlines within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def put(self, deadline: Deadline) -> None:
        """Queue it, in place of the one of the same kind and label; its warnings begin anew."""
        self._transaction.put(
            ClientDeadline,
            client_id=deadline.client_id,
            kind=deadline.kind.value,
            label=deadline.label,
            ends_at=deadline.ends_at,
            warned_days=None,
        )

    def of_client(self, client_id: str) -> list[Deadline]:
        """Those of a service, the nearest first; what is over stands there until it is taken away."""
        return [_deadline(row) for row in self._transaction.all(_OF_CLIENT, client=client_id)]

    def near(self, now: int) -> list[Deadline]:
        """Those of all services of which a warning may be due."""
        rows = self._transaction.all(_NEAR, now=now, horizon=now + max(WARN_DAYS) * DAY)
        return [_deadline(row) for row in rows]

    def warned(self, deadline: Deadline, days: int) -> bool:
        """Take this warning: of several workers one gets True."""
        values = {"client": deadline.client_id, "what": deadline.kind.value, "which": deadline.label}
        return self._transaction.run(_WARNED, **values, days=days) == 1

    def forget(self, client_id: str, kind: Kind, label: str) -> bool:
        """It is no more; False when it was not there."""
        return self._transaction.run(_FORGET, client=client_id, what=kind.value, which=label) == 1

    def forget_kind(self, client_id: str, kind: Kind) -> None:
        """Nothing of this kind is left."""
        self._transaction.run(_FORGET_KIND, client=client_id, what=kind.value)


def _deadline(row: Any) -> Deadline:
    return Deadline(
        client_id=row.client_id,
        kind=Kind(row.kind),
        label=row.label,
        ends_at=row.ends_at,
        warned_days=row.warned_days,
    )
