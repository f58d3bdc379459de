"""An outbox in memory that keeps the promise of idp.delivery.outbox.OutboxStore, and a clock that stands still."""

from dataclasses import dataclass, field, replace
from threading import Lock
from uuid import UUID

from idp.delivery.outbox import HandedOver, OutboxItem

NOW = 1_800_000_000


@dataclass
class Clock:
    now: int = NOW

    def __call__(self):
        return self.now


@dataclass
class Waiting:
    item: OutboxItem
    due_at: int | None
    ended_at: int | None = None
    outcome: str = "waiting"
    why: str = ""


@dataclass
class MemoryOutbox:
    rows: dict[UUID, Waiting] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    handed: dict[UUID, HandedOver | None] = field(default_factory=dict)
    broken: int = 0

    def add(self, item, due_at=NOW):
        self.rows[item.id] = Waiting(item, due_at)
        return item

    def lease(self, now, limit, lease_seconds):
        with self.lock:
            if self.broken:
                self.broken -= 1
                raise ConnectionError("postgresql://user:password@db")
            due = [row for row in self.rows.values() if row.due_at is not None and row.due_at <= now]
            for row in due[:limit]:
                row.due_at = now + lease_seconds
                row.item = replace(row.item, attempts=row.item.attempts + 1)
            return [row.item for row in due[:limit]]

    def delivered(self, item, to=None):
        self.handed[item] = to
        self._end(item, None, "delivered", "")

    def all_delivered(self, several):
        for item, to in several:
            self.delivered(item, to)

    def failed(self, item, now, why):
        self._end(item, now, "failed", why)

    def retry(self, item, at, why):
        with self.lock:
            row = self.rows[item]
            if row.due_at is not None:
                row.due_at, row.why = at, why

    def _end(self, item, now, outcome, why):
        with self.lock:
            row = self.rows[item]
            if row.due_at is not None:
                row.due_at, row.ended_at, row.outcome, row.why = None, now, outcome, why
                row.item = replace(row.item, payload=b"")
