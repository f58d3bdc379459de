"""Proposals in the database: added, read, and decided exactly once."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from idp.registration.proposals import Decision, Proposal
from idp.registration.registration import Metadata
from idp.storage.database import Transaction
from idp.storage.models_proposals import ClientProposal

MOST_LISTED = 200

_TABLE = ClientProposal.__table__
_ONE = select(_TABLE).where(ClientProposal.id == bindparam("row"))
_WAITING = select(_TABLE).where(ClientProposal.outcome.is_(None)).order_by(ClientProposal.id).limit(MOST_LISTED)
_OF_CLIENT = (
    select(_TABLE)
    .where(ClientProposal.client_id == bindparam("client"), ClientProposal.outcome.is_(None))
    .order_by(ClientProposal.id)
    .limit(MOST_LISTED)
)
_DECIDE = (
    update(ClientProposal)
    .where(ClientProposal.id == bindparam("row"), ClientProposal.outcome.is_(None))
    .values(outcome=bindparam("decision"), decided_by=bindparam("member"), decided_at=bindparam("now"))
)


class ClientProposals:
    """Verbs on proposals within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def add(
        self,
        client_id: str,
        metadata: Metadata,
        base_version: int | None,
        ground: str,
        by: UUID,
        now: int,
        via: str | None = None,
    ) -> UUID:
        """Queue a proposal; returns its key."""
        row = self._transaction.new_id()
        self._transaction.add(
            ClientProposal,
            id=row,
            client_id=client_id,
            registration=json.dumps(metadata, ensure_ascii=False, separators=(",", ":")),
            base_version=base_version,
            ground=ground,
            proposer_id=by,
            via=via,
            created_at=now,
        )
        return row

    def find(self, row: UUID) -> Proposal | None:
        """One proposal."""
        found = self._transaction.one(_ONE, row=row)
        return _proposal(found) if found else None

    def waiting(self) -> list[Proposal]:
        """Those that nobody has decided, oldest first."""
        return [_proposal(row) for row in self._transaction.all(_WAITING)]

    def of_client(self, client_id: str) -> list[Proposal]:
        """Those of one service that nobody has decided."""
        return [_proposal(row) for row in self._transaction.all(_OF_CLIENT, client=client_id)]

    def decide(self, row: UUID, decision: Decision, by: UUID, now: int) -> bool:
        """Of many who decide at once, one gets True."""
        return self._transaction.run(_DECIDE, row=row, decision=decision, member=by, now=now) == 1


def _proposal(row: Any) -> Proposal:
    return Proposal(
        id=row.id,
        client_id=row.client_id,
        metadata=Metadata(json.loads(row.registration)),
        base_version=row.base_version,
        ground=row.ground,
        proposer=row.proposer_id,
        created_at=row.created_at,
        outcome=row.outcome,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        via=row.via,
    )
