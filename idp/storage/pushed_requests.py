"""Pushed authorization requests: found as often as a page is reloaded, completed once (RFC 9126 §4, §7.3)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Row

from idp.keys.handles import Presented
from idp.protocol.request_source import Source
from idp.storage.database import Transaction
from idp.storage.models import PushedRequest

_COLUMNS = (
    PushedRequest.id,
    PushedRequest.client_id,
    PushedRequest.parameters,
    PushedRequest.confirmation,
    PushedRequest.created_at,
    PushedRequest.expires_at,
    PushedRequest.used_at,
)
_OF_ROW = select(*_COLUMNS).where(PushedRequest.id == bindparam("row"))
_FIND = _OF_ROW.where(PushedRequest.digest == bindparam("secret"))
_TAKE = (
    update(PushedRequest)
    .where(PushedRequest.id == bindparam("row"), PushedRequest.used_at.is_(None))
    .values(used_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A request that a client pushed."""

    client_id: str
    source: Source
    confirmation: str | None  # key of the proof it was pushed with (RFC 9449 §10.1)
    created_at: int
    expires_at: int
    used: bool


class PushedRequests:
    """Verbs within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def add(
        self,
        secret: Presented,
        client_id: str,
        source: Source,
        *,
        now: int,
        expires_at: int,
        confirmation: str | None = None,
    ) -> None:
        """Queue a request."""
        document = {"parameters": dict(source.parameters), "signed": source.signed}
        self._transaction.add(
            PushedRequest,
            id=secret.id,
            digest=secret.digest,
            client_id=client_id,
            parameters=json.dumps(document, ensure_ascii=False, separators=(",", ":")),
            confirmation=confirmation,
            created_at=now,
            expires_at=expires_at,
        )

    def find(self, secret: Presented) -> Pushed | None:
        """The request that a request_uri names, completed or not."""
        row = self._transaction.one(_FIND, row=secret.id, secret=secret.digest)
        return _pushed(row) if row else None

    def of_row(self, row: UUID) -> Pushed | None:
        """The same for a browser that has shown before that it knows it."""
        found = self._transaction.one(_OF_ROW, row=row)
        return _pushed(found) if found else None

    def take(self, row: UUID, now: int) -> bool:
        """Complete it: of many callers at once exactly one gets True."""
        return self._transaction.run(_TAKE, row=row, now=now) == 1


def _pushed(row: Row[Any]) -> Pushed:
    document: Mapping[str, Any] = json.loads(row.parameters)
    return Pushed(
        client_id=row.client_id,
        source=Source(document["parameters"], pushed=str(row.id), signed=document["signed"]),
        confirmation=row.confirmation,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used=row.used_at is not None,
    )
