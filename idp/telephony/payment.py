"""What one message is paid from. Pure: the counters are raised by whoever remembers messages (`dispatch.Memory`).

A payment is taken once, in the very act that names the first gateway to be asked: who may have a message has been paid
for, and a message that nobody was asked to carry has cost nothing. Several messages may be paid for in one act.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from idp.telephony.limits import Count, Kind, Limits, Met, Tally, first_met


class BudgetUsedUp(Exception):
    """A budget does not pay for the message: nobody was asked, and nothing was taken."""

    def __init__(self, met: Met) -> None:
        """`met` is the limit that holds longest."""
        super().__init__(met.kind.value)
        self.met = met


@dataclass(slots=True)
class Payment:
    """One message's. It is changed once: when it is taken."""

    counts: Sequence[Count]
    limits: Limits
    at: int  # epoch seconds
    #: Whether the message is paid for.
    is_taken: bool = False
    #: The gateway that was named with it, where that was done for several messages together, before they were sent.
    begun: str = ""
    #: The budgets that this very payment took over the alarm mark, with their share of the day in percent.
    near: Sequence[tuple[Kind, int]] = ()

    def judge(self, stand: Sequence[tuple[Count, Tally]]) -> None:
        """Raise BudgetUsedUp if the counters, with this message, are past a limit."""
        met = first_met(stand, self.limits, self.at)
        if met is not None:
            raise BudgetUsedUp(met)
