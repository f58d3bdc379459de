"""What a step needs of a database connection, whichever database it is: postgresql.py and sqlite.py are the two."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy.engine import Row

from idp.storage.compiled import Compiled


class AlreadyTaken(Exception):
    """A unique value of the step is there already: somebody else was faster, or sent the same thing twice."""


class Outdated(Exception):
    """What the step was built upon is no longer so: nothing of it was written."""


class Outcome(NamedTuple):
    """What a statement gave: its rows, and how many it touched."""

    rows: list[Row[Any]]
    touched: int


class Wire(Protocol):
    """One connection, used by one thread at a time. Each verb raises AlreadyTaken, or the driver's own error."""

    @property
    def broken(self) -> bool:
        """Whether the connection is of no more use."""

    def begin(self) -> None:
        """From here on the statements are one transaction."""

    def execute(self, compiled: Compiled, values: list[Any]) -> Outcome:
        """Run one statement; outside a transaction it is one by itself."""

    def execute_all(self, several: Sequence[tuple[Compiled, list[Any]]]) -> list[Outcome]:
        """The same for several statements that do not depend on each other's outcome: one round trip, if it can be."""

    def commit(self, last: tuple[Compiled, list[Any]] | None) -> int:
        """Run the last statement, if there is one, and make everything since `begin` hold.

        Returns how many rows the last statement touched.
        """

    def finish(self, several: Sequence[tuple[Compiled, list[Any]]]) -> list[Outcome]:
        """Run several statements and make everything since `begin` hold: one round trip, if it can be."""

    def rollback(self) -> None:
        """Undo everything since `begin`, if anything is open. Never raises."""
