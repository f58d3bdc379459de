"""What each single request of a sign-in writes: one person alone, one request after the other.

Delivery of messages happens beside the requests. While a request is counted, the delivery worker is held
still, so that what it writes is counted between the requests and under its own name.
"""

import os
import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.database import Written
from tests.bench.driver import OPERATIONS
from tests.bench.http_client import Answer, Connection
from tests.bench.side import Side

DELIVERY = "(delivery)"
LONG_SEGMENT = re.compile(r"(?<=/)[\w-]{15,}")


@dataclass(frozen=True, slots=True)
class Step:
    """One request, or what was delivered before it, and what it wrote."""

    name: str
    written: Written


class CountedConnection(Connection):
    """A connection that counts what the server writes during and between its requests."""

    def __init__(self, side: Side) -> None:
        super().__init__(side.target.port, host=side.target.host)
        self.steps: list[Step] = []
        self._side = side
        self._position = side.cluster.position()

    def request(self, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        self._signal_delivery(signal.SIGSTOP)
        try:
            self._count(DELIVERY)
            answer = super().request(method, target, headers, body)
            self._count(f"{method} {LONG_SEGMENT.sub('…', target.partition('?')[0])}")
        finally:
            self._signal_delivery(signal.SIGCONT)
        return answer

    def _count(self, name: str) -> None:
        start, self._position = self._position, self._side.cluster.position()
        written = self._side.cluster.written(start, self._position)
        if name != DELIVERY or written.transactions:
            self.steps.append(Step(name, written))

    def _signal_delivery(self, number: int) -> None:
        if self._side.delivery:
            for pid in self._side.delivery.members():
                os.kill(pid, number)


def count_steps(side: Side) -> list[Step]:
    """The steps of one whole first sign-in."""
    (person,) = side.people(1)
    connection = CountedConnection(side)
    try:
        OPERATIONS[side.name]["sign_in"](connection, side.target, person)
    finally:
        connection.close()
    return connection.steps


def written_by_requests(steps: Sequence[Step]) -> int:
    """Write transactions of all requests together, without what was delivered beside them."""
    return sum(step.written.transactions for step in steps if step.name != DELIVERY)
