"""The database behind `idp phones`. Promise: idp.telephony.commands.Desk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from idp.staff.actor import OPERATOR, Actor
from idp.storage.country_overrides import CurrentCoverage, override, reset
from idp.storage.database import Database
from idp.storage.dispatches import all_breakers
from idp.storage.message_counts import DAY, count_messages, read_figures, waiting_messages
from idp.telephony.breaker import Breaker
from idp.telephony.channel import Channel
from idp.telephony.coverage import Coverage
from idp.telephony.figures import Cell, Figures


@dataclass(frozen=True, slots=True)
class PhonesDesk:
    """An installation as these commands see it."""

    database: Database
    current: CurrentCoverage
    clock: Callable[[], int]

    def coverage(self) -> Coverage:
        """The table as it is now."""
        return self.current.as_set()

    def override(self, region: str, members: Mapping[str, Any], actor: Actor = OPERATOR) -> None:
        """Change members of one country, with an audit row. Raises CoverageError."""
        with self.database.begin() as transaction:
            override(transaction, self.current.base, region, members, self.clock(), actor)

    def reset(self, region: str, actor: Actor = OPERATOR) -> bool:
        """Back to what the file says. False when nothing was changed."""
        with self.database.begin() as transaction:
            return reset(transaction, region, self.clock(), actor)

    def figures(self, days: int) -> Mapping[Cell, Figures]:
        """What became of the messages of the last days; what has settled is counted first."""
        count_messages(self.database, self.clock())
        with self.database.read() as reading:
            return read_figures(reading, self.clock() - (days - 1) * DAY)

    def breakers(self) -> Mapping[tuple[str, Channel], Breaker]:
        """How the gateways do."""
        with self.database.read() as reading:
            return all_breakers(reading)

    def waiting(self) -> int:
        """How many messages are due."""
        with self.database.read() as reading:
            return waiting_messages(reading, self.clock())
