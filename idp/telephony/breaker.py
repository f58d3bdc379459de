"""When a gateway that keeps failing is left alone: a circuit breaker, its state shared by all workers. Pure.

After five failures in a row the gateway gets nothing for half a minute, then one message as a probe; every failed
probe doubles the pause, up to ten minutes. A vendor that asks for a pause gets it without having failed.
"""

from dataclasses import dataclass
from typing import Final

FAILURES_TO_OPEN: Final = 5
FIRST_PAUSE_SECONDS: Final = 30
LONGEST_PAUSE_SECONDS: Final = 600
#: For so long nobody else probes; longer than any hand-over takes.
PROBE_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Breaker:
    """How one gateway did lately on one channel."""

    #: In a row.
    failures: int = 0
    #: Epoch seconds; it gets nothing before.
    open_until: int = 0

    def is_open(self, now: int) -> bool:
        """Whether the gateway is left alone."""
        return now < self.open_until

    def probing(self, now: int) -> bool:
        """Whether the next message is a probe, which one worker alone may make."""
        return self.failures >= FAILURES_TO_OPEN and not self.is_open(now)


def pause_after(failures: int) -> int:
    """How many seconds a gateway is left alone after that many failures in a row."""
    if failures < FAILURES_TO_OPEN:
        return 0
    return min(FIRST_PAUSE_SECONDS << min(failures - FAILURES_TO_OPEN, 10), LONGEST_PAUSE_SECONDS)
