"""A gateway that fails on request: a magic number for every way in which a real one does.

The numbers are among those that the North American plan keeps for fiction (555-01xx), so that none can be anybody's.
Every other number is carried, into the file that the demo phone shows. Production refuses it.
"""

from collections.abc import Callable, Mapping
from typing import Final

from idp.telephony.channel import Channel
from idp.telephony.gateways.contract import (
    Accepted,
    Gateway,
    GatewayError,
    Message,
    NotServed,
    OptedOut,
    OutcomeUnknown,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)

STALL_SECONDS: Final = 5.0
RATE_LIMIT_SECONDS: Final = 30

FAILURES: Final[Mapping[str, Callable[[], GatewayError]]] = {
    "+12025550191": lambda: OptedOut("simulator opted_out"),
    "+12025550192": lambda: PermanentFailure("simulator unreachable"),
    "+12025550193": lambda: NotServed("simulator not_served"),
    "+12025550194": lambda: TemporaryFailure("simulator temporary"),
    "+12025550195": lambda: RateLimited("simulator rate_limited", RATE_LIMIT_SECONDS),
    "+12025550196": lambda: OutcomeUnknown("simulator unknown"),
}
#: Taken, but only after STALL_SECONDS.
STALLS: Final = "+12025550197"
#: Taken, and never seen again.
NEVER_ARRIVES: Final = "+12025550198"


class SimulatorGateway:
    """Fails as the number says, and else hands over to `carrier`."""

    carries = frozenset(Channel)
    repeatable = True

    def __init__(self, carrier: Gateway, *, sleep: Callable[[float], object]) -> None:
        """`carrier` is the demonstration's file."""
        self._carrier = carrier
        self._sleep = sleep
        self.speaks = carrier.speaks

    def send(self, message: Message) -> Accepted:
        """Hand `message` over. Raises a GatewayError."""
        fail = FAILURES.get(message.to)
        if fail is not None:
            raise fail()
        if message.to == NEVER_ARRIVES:
            return Accepted(f"simulator:{message.id}")
        if message.to == STALLS:
            self._sleep(STALL_SECONDS)
        return self._carrier.send(message)
