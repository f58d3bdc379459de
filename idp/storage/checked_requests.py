"""The last requests of a sandbox client, noted while an engineer has switched the integration check on."""

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, update

from idp.storage.database import Transaction
from idp.storage.models import ClientRow
from idp.storage.models_engineers import CheckedRequest

MOST_KEPT = 50
CHECK_SECONDS = 3_600
MOST_NOTED = 300
"""Notes in one such hour, for each client and worker."""

_NEWEST = (
    select(CheckedRequest.id)
    .where(CheckedRequest.client_id == bindparam("client"))
    .order_by(CheckedRequest.id.desc())
    .limit(MOST_KEPT)
)
_OLD = delete(CheckedRequest).where(
    CheckedRequest.client_id == bindparam("client"), CheckedRequest.id.not_in(_NEWEST.scalar_subquery())
)
_ALL = (
    select(CheckedRequest.__table__)
    .where(CheckedRequest.client_id == bindparam("client"))
    .order_by(CheckedRequest.id.desc())
    .limit(MOST_KEPT)
)
_FORGET = delete(CheckedRequest).where(CheckedRequest.client_id == bindparam("client"))
_SWITCH = update(ClientRow).where(ClientRow.id == bindparam("client")).values(checked_until=bindparam("until"))


@dataclass(frozen=True, slots=True)
class Checked:
    """One request: where it went and what was wrong, never with which values."""

    at: int
    route: str
    status: int
    error: str | None = None  # a registered error code, or the name of a refusal
    why: str | None = None


class CheckedRequests:
    """Verbs on the integration check within one transaction."""

    def __init__(self, transaction: Transaction, client_id: str) -> None:
        """Over an open transaction."""
        self._transaction = transaction
        self._client = client_id

    def switch(self, until: int | None) -> bool:
        """Note requests until then, in every worker from its next request; None: no more."""
        return self._transaction.run(_SWITCH, client=self._client, until=until) == 1

    def note(self, one: Checked) -> None:
        """Keep one more, and of all the newest."""
        self._transaction.add(
            CheckedRequest,
            id=self._transaction.new_id(),
            client_id=self._client,
            at=one.at,
            route=one.route,
            status=one.status,
            error=one.error,
            why=one.why,
        )
        self._transaction.flush()
        self._transaction.run(_OLD, client=self._client)

    def all(self) -> list[Checked]:
        """What was noted, newest first."""
        rows = self._transaction.all(_ALL, client=self._client)
        return [Checked(row.at, row.route, row.status, row.error, row.why) for row in rows]

    def forget(self) -> None:
        """Nothing is kept any more."""
        self._transaction.run(_FORGET, client=self._client)
