"""The people store in memory."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class MemoryPeople:
    """What issuing wrote, by kind."""

    known: dict[bytes, Any] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def with_identifier(self, identifier):
        return self.known.get(identifier)

    def add(self, person, **values):
        self.rows["person"] = {"id": person} | values

    def with_connecting(self, connecting):
        return self.known.get(connecting)

    def renew(self, person, **values):
        self.rows["person"] = {"id": person} | values
        return True

    def add_phone(self, row, person, **values):
        self.rows["phone"] = {"id": row, "person": person} | values

    def add_credential(self, row, person, **values):
        self.rows["credential"] = {"id": row, "person": person} | values

    def add_passkey(self, row, person, credential, new, **values):
        self.rows["passkey"] = {"id": row, "person": person, "credential": credential, "new": new} | values
