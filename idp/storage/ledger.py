"""The money counters as the worker uses them, each act a transaction of its own. Promise: idp.delivery.budget.Ledger."""

from collections.abc import Sequence

from idp.audit.catalogue import AuditRow, Event
from idp.storage.database import Database
from idp.storage.send_counts import SendCounts
from idp.telephony.limits import Count, Kind, Tally


class SqlLedger:
    """Ledger over the provider's database; safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        """Over an open database."""
        self._database = database

    def spend(self, counts: Sequence[Count], now: int) -> list[tuple[Count, Tally]]:
        """Raise the counters; what stands then."""
        with self._database.begin() as transaction:
            return SendCounts(transaction).raise_all(counts, now)

    def give_back(self, counts: Sequence[Count], now: int) -> None:
        """It was not spent after all."""
        with self._database.begin() as transaction:
            SendCounts(transaction).give_back(counts, now)

    def alarm(self, kind: Kind, region: str, percent: int, now: int) -> None:
        """A shared budget is nearly used up: record it."""
        detail = {"kind": kind.value, "region": region, "percent": percent}
        with self._database.begin() as transaction:
            transaction.record(AuditRow(Event.SENDING_NEAR_LIMIT, now, detail=detail))

    def stopped(self, kind: Kind, region: str, until: int, now: int) -> None:
        """A budget is used up: record it."""
        detail = {"kind": kind.value, "region": region, "until": until, "broken": False}
        with self._database.begin() as transaction:
            transaction.record(AuditRow(Event.SENDING_STOPPED, now, detail=detail))
