"""The load driver: runs batches of one operation in a process of its own, with a few clients at once.

A batch is a list of lanes. Each lane is one client with one kept-alive connection that works through its
items; an item (a person, a pair of tokens) goes into the operation and what comes out is the item of the next
repetition, so that a refresh token can be rotated many times in a row.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from tests.bench import our_flow, peer_flow
from tests.bench.http_client import Connection
from tests.bench.target import Item, Target

Operation = Callable[[Connection, Target, Item], Item]

OPERATIONS: dict[str, dict[str, Operation]] = {"ours": our_flow.OPERATIONS, "peer": peer_flow.OPERATIONS}
BATCH_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Batch:
    """What one side is asked to do: `repeat` times the operation on every item of every lane."""

    operation: str
    lanes: Sequence[Sequence[Item]]
    repeat: int = 1

    @property
    def size(self) -> int:
        """How many operations the batch holds."""
        return self.repeat * sum(len(lane) for lane in self.lanes)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the batch gave: the last item of each chain, how many requests were sent, how long each operation took.

    The time of an operation is that of its requests: waiting for a message to arrive is not in it.
    """

    items: list[Item]
    requests: int
    seconds: list[float]


class Driver:
    """The process that runs batches. One failed request fails the batch: figures with errors say nothing."""

    def __init__(self) -> None:
        self._process = ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def run(self, target: Target, batch: Batch) -> Outcome:
        """Run one batch and wait for it. Raises AnswerError or TimeoutError."""
        return self._process.submit(_run, target, batch).result(BATCH_SECONDS)

    def close(self) -> None:
        self._process.shutdown(cancel_futures=True)


def _run(target: Target, batch: Batch) -> Outcome:
    operation = OPERATIONS[target.side][batch.operation]

    def work(lane: Sequence[Item]) -> Outcome:
        connection = Connection(target.port, host=target.host)
        seconds: list[float] = []
        try:
            items = [_chain(operation, connection, target, item, batch.repeat, seconds) for item in lane]
            return Outcome(items, connection.requests, seconds)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(batch.lanes)) as clients:
        outcomes = list(clients.map(work, batch.lanes))
    return Outcome(
        [item for outcome in outcomes for item in outcome.items],
        sum(outcome.requests for outcome in outcomes),
        [one for outcome in outcomes for one in outcome.seconds],
    )


def _chain(
    operation: Operation, connection: Connection, target: Target, item: Item, repeat: int, seconds: list[float]
) -> Item:
    for _ in range(repeat):
        before = connection.seconds
        item = operation(connection, target, item)
        seconds.append(connection.seconds - before)
    return item


def lanes_of(items: Sequence[Item], clients: int) -> list[Sequence[Item]]:
    """Items dealt to at most `clients` lanes, as evenly as possible."""
    return [items[start::clients] for start in range(min(clients, len(items)))]
