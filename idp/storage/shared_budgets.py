"""Budgets that many people share, as they stood a moment ago: for pages that somebody waits for.

Money is counted and judged where it is spent, by the worker that hands a message over (idp/delivery/budget.py). A
page looks at it only to spare somebody a message that would not leave, and as long as most of a budget is left that
is known well enough for some seconds. Nearer to its end it is read each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from idp.storage.database import Transaction
from idp.storage.send_counts import SendCounts
from idp.telephony.limits import Count, Limits, Tally, with_one_more

FRESH_SECONDS: Final = 10
#: Of a limit: up to here what was read a moment ago will do.
FAR_PERCENT: Final = 50


@dataclass(slots=True)
class SharedBudgets:
    """What one process remembers of them; used by all its threads."""

    _known: dict[int, tuple[int, Tally]] = field(default_factory=dict)  # by subject: when it was read, and what

    def find(
        self, reading: Transaction, counts: Sequence[Count], limits: Limits, now: int
    ) -> list[tuple[Count, Tally]]:
        """Each counter as it stands, or as it stood when it was far from its limit."""
        known = self._known
        remembered = [(count, known.get(count.subject)) for count in counts]
        fresh = [(count, seen[1]) for count, seen in remembered if seen and 0 <= now - seen[0] < FRESH_SECONDS]
        if len(fresh) == len(counts):
            return fresh
        found = SendCounts(reading).find(counts, now)
        for count, tally in found:
            if _is_far(count, tally, limits):
                known[count.subject] = now, tally
            else:
                known.pop(count.subject, None)
        return found


def _is_far(count: Count, tally: Tally, limits: Limits) -> bool:
    after, most = with_one_more(count, tally), limits.of(count.kind)
    return after.in_hour * 100 <= most.hour * FAR_PERCENT and after.in_day * 100 <= most.day * FAR_PERCENT
