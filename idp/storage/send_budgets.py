"""How much of today's shared budgets is used: by country, and of the house. For operators and their alarms."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from idp.keys.fingerprints import Fingerprints
from idp.storage.country_overrides import CurrentCoverage
from idp.storage.database import Database
from idp.storage.send_counts import SendCounts
from idp.telephony.limits import WATCHED, Budget, Count, Kind, Limits, budget_of

#: Kinds that belong to no country.
_HOUSE = (Kind.ALL_MONEY, Kind.ALL_NEW_MONEY)
#: Ranges are too many to be listed: what closed is in the audit.
_OF_COUNTRIES = tuple(sorted(WATCHED - {*_HOUSE, Kind.NEW_IN_RANGE}, key=lambda kind: kind.value))


@dataclass(frozen=True, slots=True)
class SendBudgets:
    """The shared counters as they stand, with what they may reach."""

    database: Database
    fingerprints: Fingerprints
    coverage: CurrentCoverage
    limits: Callable[[str], Limits]
    clock: Callable[[], int]

    def read(self) -> list[Budget]:
        """Every budget from which something was used today; the house's are always there."""
        now, asked = self.clock(), list(self._all())
        with self.database.read() as reading:
            stand = SendCounts(reading).find([count for _, count in asked], now)
        found = [
            budget_of(count.kind, region, tally, self.limits(region))
            for (region, _), (count, tally) in zip(asked, stand, strict=True)
        ]
        return [budget for budget in found if budget.used or not budget.region]

    def _all(self) -> Iterator[tuple[str, Count]]:
        for kind in _HOUSE:
            yield "", Count(kind, self.fingerprints.number(kind.value, ""))
        for region in self.coverage().countries:
            for kind in _OF_COUNTRIES:
                yield region, Count(kind, self.fingerprints.number(kind.value, region))
