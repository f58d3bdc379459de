"""Interleaved rounds: each round gives both sides the same number of each operation, in turn.

Neighbours on a shared machine change its speed from minute to minute. Two batches a second apart suffer the
same, so only the ratio inside a round is kept; the side that goes first changes with every round.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.driver import Batch, Driver, Outcome, lanes_of
from tests.bench.side import Side
from tests.bench.target import Item, Target

WARM_UP_SIGN_INS = 40
WARM_UP_CALLS = 20
LEAST_ROUNDS = 3
MACHINES = ("client_credentials", "signed_client_credentials")
ORDER = ("sign_in", "refresh", "userinfo", "introspection", *MACHINES, "discovery", "jwks")
CHAINS = 4  # tokens that the token operations work on


@dataclass(frozen=True, slots=True)
class Cost:
    """What one operation cost on average over a batch."""

    server_ms: float
    delivery_ms: float
    database_ms: float
    transactions: float
    wal_bytes: float
    page_image_bytes: float
    requests: float
    p99_ms: float  # how long the requests of one operation took, at the 99th percentile

    @property
    def cpu_ms(self) -> float:
        """Processor time of everything that this side ran for one operation."""
        return self.server_ms + self.delivery_ms + self.database_ms


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is asked."""

    rounds: int
    sign_ins: int  # per side and round
    calls: int  # of each other operation, per side and round
    clients: int
    seconds: float  # no round is begun after that, once there are LEAST_ROUNDS
    operations: Sequence[str] = ORDER


Chains = dict[str, list[Item]]  # operation → what its next batch works on
Costs = dict[str, dict[str, list[Cost]]]  # operation → side → one cost per round


def run_rounds(sides: Sequence[Side], plan: Plan, driver: Driver, report: Callable[[str], None]) -> Costs:
    """Warm both sides up, then measure. The costs of a round stand at the same index on both sides."""
    chains = {side.name: _warm_up(side, plan, driver) for side in sides}
    operations = [name for name in plan.operations if all(name in side.operations for side in sides)]
    costs: Costs = {name: {side.name: [] for side in sides} for name in operations}
    end = time.monotonic() + plan.seconds
    for number in range(plan.rounds):
        if number >= LEAST_ROUNDS and time.monotonic() > end:
            report(f"stopped after {number} rounds: the time is over")
            break
        order = sides if number % 2 == 0 else list(reversed(sides))
        for name in operations:
            for side in order:
                batch = _batch(side, name, plan, chains[side.name])
                cost, outcome = _measure(side, driver, _target(side, name), batch)
                costs[name][side.name].append(cost)
                chains[side.name][name] = outcome.items
        report(f"round {number + 1} of {plan.rounds} done")
    return costs


def _warm_up(side: Side, plan: Plan, driver: Driver) -> Chains:
    """Let caches, compilers and table pages settle; returns tokens for the other operations.

    The checkpoint comes first: afterwards each page is logged whole at its first change, and the warm-up
    takes that cost for the pages that every sign-in touches.
    """
    side.cluster.checkpoint()
    tokens = driver.run(side.target, _sign_ins(side, WARM_UP_SIGN_INS, plan)).items
    lasting = driver.run(side.public, _sign_ins(side, CHAINS, plan)).items
    chains = {name: lasting if name == "refresh" else tokens[-CHAINS:] for name in ORDER[1:]}
    for name in ORDER[1:]:
        if name in side.operations and name in plan.operations:
            warming = Batch(name, lanes_of(chains[name], plan.clients), repeat=WARM_UP_CALLS)
            chains[name] = driver.run(_target(side, name), warming).items
    return chains


def _sign_ins(side: Side, count: int, plan: Plan) -> Batch:
    return Batch("sign_in", lanes_of(side.people(count), plan.clients))


def _batch(side: Side, operation: str, plan: Plan, chains: Chains) -> Batch:
    if operation == "sign_in":
        return _sign_ins(side, plan.sign_ins, plan)
    items = chains[operation]
    return Batch(operation, lanes_of(items, plan.clients), repeat=max(1, plan.calls // len(items)))


def _target(side: Side, operation: str) -> Target:
    """Refresh tokens are rotated for public clients, and one client's access tokens are signed."""
    return {"refresh": side.public, "signed_client_credentials": side.machine}.get(operation, side.target)


def _measure(side: Side, driver: Driver, target: Target, batch: Batch) -> tuple[Cost, Outcome]:
    """Run one batch between two readings of every counter."""
    position = side.cluster.position()
    before = _cpu(side)
    outcome = driver.run(target, batch)
    position_after = side.cluster.position()
    server, delivery, database = (
        1000 * (after - start) / batch.size for start, after in zip(before, _cpu(side), strict=True)
    )
    written = side.cluster.written(position, position_after)
    cost = Cost(
        server_ms=server,
        delivery_ms=delivery,
        database_ms=database,
        transactions=written.transactions / batch.size,
        wal_bytes=written.size / batch.size,
        page_image_bytes=written.page_images / batch.size,
        requests=outcome.requests / batch.size,
        p99_ms=1000 * percentile(outcome.seconds, 99),
    )
    return cost, outcome


def percentile(values: Sequence[float], which: int) -> float:
    """The smallest value that so many in a hundred do not exceed (nearest rank)."""
    return sorted(values)[max(0, -(-which * len(values) // 100) - 1)]


def _cpu(side: Side) -> tuple[float, float, float]:
    delivery = side.delivery.cpu_seconds() if side.delivery else 0.0
    return side.server.cpu_seconds(), delivery, side.cluster.processes.cpu_seconds()
