"""The embedded registry: our own table, which an operator fills from the authority's list (`idp registry import`)."""

from datetime import date
from typing import Protocol

from idp.people.registry.contract import RegistryAnswer


class RegistryTable(Protocol):
    """The table, as storage keeps it: sealed, found by a keyed fingerprint."""

    def find(self, passport: str, birthdate: date) -> RegistryAnswer | None:
        """The entry of this passport and birth date."""
        ...


class EmbeddedRegistry:
    """Registry over that table. It is always there."""

    def __init__(self, table: RegistryTable) -> None:
        """The table may be filled while workers run."""
        self._table = table

    def look(self, passport: str, birthdate: date) -> RegistryAnswer | None:
        """The person with this passport, born on that day."""
        return self._table.find(passport, birthdate)
