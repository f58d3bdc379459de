"""Feature switches in the database, seen by every process within seconds. What they are: idp/staff/switches.py."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from sqlalchemy import select

from idp.audit.catalogue import AuditRow, Event
from idp.staff.actor import OPERATOR, Actor
from idp.staff.switches import Feature
from idp.storage.database import Database, Transaction
from idp.storage.models_console import Switch

#: How long a process goes by what it has read: after that long a change holds everywhere.
FRESH_SECONDS: Final = 5

_ALL: Final = select(Switch.name, Switch.turned_on)


@dataclass(slots=True)
class Switches:
    """What is on now. Shared by the threads of a process."""

    database: Database
    clock: Callable[[], int]
    _off: frozenset[str] = frozenset()
    _read_at: int = -FRESH_SECONDS
    _lock: Lock = field(default_factory=Lock)

    def is_on(self, feature: Feature) -> bool:
        """Whether this feature is on; read again when what is known is older than FRESH_SECONDS."""
        return feature.value not in self.off()

    def off(self) -> frozenset[str]:
        """The names of what is off."""
        now = self.clock()
        if not 0 <= now - self._read_at < FRESH_SECONDS:
            with self._lock, self.database.read() as reading:
                self._off, self._read_at = read_off(reading), now
        return self._off

    def turn(self, step: Transaction, feature: Feature, actor: Actor, *, on: bool) -> None:
        """Queue the change with its audit row."""
        now = self.clock()
        step.put(Switch, name=feature.value, turned_on=on, changed_at=now)
        detail = {"switch": feature.value, "on": on} | actor.detail
        step.record(AuditRow(Event.SWITCH_CHANGED, now, detail=detail))

    def turn_at_once(self, feature: Feature, actor: Actor = OPERATOR, *, on: bool) -> None:
        """The same as a step of its own."""
        with self.database.begin() as step:
            self.turn(step, feature, actor, on=on)
        self.forget()

    def forget(self) -> None:
        """Read again at the next question: this process has just changed something."""
        self._read_at = -FRESH_SECONDS


def read_off(reading: Transaction) -> frozenset[str]:
    """The names of what is off, as this transaction sees it."""
    return frozenset(row.name for row in reading.all(_ALL) if not row.turned_on)
