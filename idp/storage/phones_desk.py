"""The database behind `idp phones`. Promise: idp.telephony.commands.Desk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from idp.staff.actor import OPERATOR, Actor
from idp.storage.country_overrides import CurrentCoverage, override, read_overrides, reset
from idp.storage.database import Database
from idp.storage.dispatches import all_breakers
from idp.storage.message_counts import DAY, count_messages, read_figures, read_totals, waiting_messages
from idp.storage.send_budgets import SendBudgets
from idp.telephony.breaker import Breaker
from idp.telephony.channel import Channel
from idp.telephony.coverage import Country, Coverage
from idp.telephony.figures import Cell, Figures, render
from idp.telephony.limits import Budget


@dataclass(frozen=True, slots=True)
class PhonesDesk:
    """An installation as these commands see it."""

    database: Database
    current: CurrentCoverage
    clock: Callable[[], int]
    send_budgets: SendBudgets | None = None

    def coverage(self) -> Coverage:
        """The table as it is now."""
        return self.current.as_set()

    def override(
        self, region: str, members: Mapping[str, Any], actor: Actor = OPERATOR, *, seen: Country | None = None
    ) -> None:
        """Change members of one country, with an audit row. Raises CoverageError; Outdated when it is not as `seen`."""
        with self.database.begin() as transaction:
            override(transaction, self.current.base, region, members, self.clock(), actor, seen=seen)

    def reset(self, region: str, actor: Actor = OPERATOR, *, seen: Country | None = None) -> bool:
        """Back to what the file says. False when nothing was changed. Raises Outdated when it is not as `seen`."""
        with self.database.begin() as transaction:
            return reset(transaction, self.current.base, region, self.clock(), actor, seen=seen)

    def figures(self, days: int) -> Mapping[Cell, Figures]:
        """What became of the messages of the last days; what has settled is counted first."""
        count_messages(self.database, self.clock())
        with self.database.read() as reading:
            return read_figures(reading, self.clock() - (days - 1) * DAY)

    def breakers(self) -> Mapping[tuple[str, Channel], Breaker]:
        """How the gateways do."""
        with self.database.read() as reading:
            return all_breakers(reading)

    def totals(self) -> Mapping[Cell, Figures]:
        """Everything that was counted so far; only read, for whoever looks every few seconds."""
        with self.database.read() as reading:
            return read_totals(reading)

    def exposition(self) -> str:
        """All of it as metrics, for the internal listener."""
        return render(self.totals(), self.breakers(), self.budgets(), self.waiting(), self.clock())

    def budgets(self) -> list[Budget]:
        """How much of today's shared budgets is used; empty where the desk was given none."""
        return self.send_budgets.read() if self.send_budgets is not None else []

    def estimated(self, region: str) -> bool:
        """Whether the prices of a country are those of the file, and nobody has put their contract's in."""
        with self.database.read() as reading:
            return "price" not in read_overrides(reading).get(region, {})

    def waiting(self) -> int:
        """How many messages are due."""
        with self.database.read() as reading:
            return waiting_messages(reading, self.clock())
