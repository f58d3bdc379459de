"""The money counters as the worker uses them, each act a transaction. Promise: idp.delivery.budget.Ledger."""

from collections.abc import Sequence

from idp.audit.catalogue import AuditRow, Event
from idp.keys.fingerprints import Fingerprints
from idp.storage.database import Database
from idp.storage.opt_outs import OptOuts
from idp.storage.phone_changes import PhoneChanges
from idp.storage.send_counts import SendCounts
from idp.telephony.limits import Count, Kind


class SqlLedger:
    """Ledger over the provider's database; safe to use from several threads and processes."""

    def __init__(self, database: Database, look_up: Fingerprints) -> None:
        """Over an open database; `look_up` makes the fingerprints of numbers."""
        self._database = database
        self._look_up = look_up

    def give_back(self, counts: Sequence[Count], now: int) -> None:
        """It was not spent after all."""
        with self._database.begin() as transaction:
            SendCounts(transaction).give_back(counts, now)

    def opted_out(self, e164: str, region: str, now: int) -> None:
        """The number answered STOP: remember it."""
        with self._database.begin() as transaction:
            OptOuts(transaction).add(self._look_up.of("phone", e164), now)
            transaction.record(AuditRow(Event.OPTED_OUT, now, detail={"region": region}))

    def moved(self, e164: str, region: str, at: int, now: int) -> None:
        """The number moved to another SIM at `at`: remember it."""
        with self._database.begin() as transaction:
            if PhoneChanges(transaction).moved(self._look_up.of("phone", e164), at):
                transaction.record(AuditRow(Event.NUMBER_MOVED, now, detail={"region": region}))

    def stopped(self, kind: Kind, region: str, until: int, now: int) -> None:
        """A budget is used up: record it."""
        detail = {"kind": kind.value, "region": region, "until": until, "broken": False}
        with self._database.begin() as transaction:
            transaction.record(AuditRow(Event.SENDING_STOPPED, now, detail=detail))
