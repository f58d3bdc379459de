"""What stands in the database at the moment it is asked: how much waits, how old the keys and the last seal are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number with its meaning."""

    name: str
    meaning: str
    value: float
