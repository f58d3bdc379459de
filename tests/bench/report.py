"""From the costs of the rounds to ratios, a table and a verdict on the goals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.database import Written
from tests.bench.gateways import WELL
from tests.bench.rounds import Cost, Costs, percentile
from tests.bench.steps import Step, written_by_requests

MEGABYTE = 1_000_000
LIMITS = {
    "refresh": 0.6,
    "userinfo": 0.75,
    "introspection": 0.75,
    "client_credentials": 1.0,
    "signed_client_credentials": 1.0,
    "discovery": 1.0,
    "jwks": 1.0,
}
"""The most processor time of each call by the peer's."""
HEADING = (
    f"{'operation':<26}{'side':<6}{'server':>8}{'deliver':>8}{'database':>9}{'CPU ms':>8}"
    f"{'write tx':>9}{'WAL B':>8}{'of it pages':>12}{'p99 ms':>8}   CPU ratio min / median / max"
)


@dataclass(frozen=True, slots=True)
class Spread:
    """Least, middle and greatest value over the rounds."""

    least: float
    middle: float
    greatest: float

    def __str__(self) -> str:
        return f"{self.least:.2f} / {self.middle:.2f} / {self.greatest:.2f}"


@dataclass(frozen=True, slots=True)
class Goal:
    """One promise about speed or size, and what was measured."""

    text: str
    measured: float
    limit: float

    @property
    def met(self) -> bool:
        return self.measured <= self.limit

    def __str__(self) -> str:
        verdict = "met   " if self.met else "MISSED"
        return f"{verdict}  {self.text}: {self.measured:.2f} (at most {self.limit:g})"


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one value."""
    return Spread(min(values), median(values), max(values))


def ratios(ours: Sequence[Cost], peer: Sequence[Cost], of: Callable[[Cost], float]) -> Spread:
    """Our cost by the peer's, round by round: never across rounds, because the machine's speed drifts."""
    return spread([of(mine) / of(theirs) for mine, theirs in zip(ours, peer, strict=True)])


def middle(costs: Sequence[Cost], of: Callable[[Cost], float]) -> float:
    """The median over the rounds."""
    return median(map(of, costs))


def cpu(cost: Cost) -> float:
    """Processor time of one operation in ms."""
    return cost.cpu_ms


def table(costs: Costs) -> str:
    """Every operation with what it cost on each side, and the ratio where both were measured."""
    lines = [HEADING]
    for operation, sides in costs.items():
        lines += [_line(operation, name, values, sides) for name, values in sides.items()]
    return "\n".join(lines)


def _line(operation: str, name: str, values: Sequence[Cost], sides: dict[str, list[Cost]]) -> str:
    both = name == "ours" and "peer" in sides
    return (
        f"{operation:<26}{name:<6}"
        f"{middle(values, lambda cost: cost.server_ms):>8.2f}"
        f"{middle(values, lambda cost: cost.delivery_ms):>8.2f}"
        f"{middle(values, lambda cost: cost.database_ms):>9.2f}"
        f"{middle(values, cpu):>8.2f}"
        f"{middle(values, lambda cost: cost.transactions):>9.2f}"
        f"{middle(values, lambda cost: cost.wal_bytes):>8.0f}"
        f"{middle(values, lambda cost: cost.page_image_bytes):>12.0f}"
        f"{middle(values, lambda cost: cost.p99_ms):>8.0f}"
        + (f"   {ratios(values, sides['peer'], cpu)}" if both else "")
    )


def steps_table(name: str, steps: Sequence[Step]) -> str:
    """What each request of one sign-in wrote."""
    title = f"one sign-in, {name}, request by request"
    rows = [f"    {step.name:<42}{_written(step.written)}" for step in steps]
    return "\n".join([f"{title:<46}{'write tx':>9}{'WAL B':>8}{'of it pages':>12}", *rows])


def _written(written: Written) -> str:
    return f"{written.transactions:>9}{written.size:>8}{written.page_images:>12}"


def physics(costs: Costs, pair_ms: float) -> str:
    """How far each sign-in is from the two signatures that none can do without."""
    distances = ", ".join(f"{name} {middle(values, cpu) / pair_ms:.0f}" for name, values in costs["sign_in"].items())
    return f"CPU of a sign-in in ES256 signature + verification pairs: {distances}"


def memory(pss: dict[str, int]) -> str:
    """The biggest process of each server after the load."""
    sizes = ", ".join(f"{name} {size / MEGABYTE:.0f} MB" for name, size in pss.items())
    return f"memory of the biggest process (PSS): {sizes}"


def waiting(times: Mapping[str, Sequence[float]]) -> str:
    """How long the sign-in step took by the state of the gateway."""
    shown = (
        f"{state} {1000 * percentile(each, 50):.0f} / {1000 * percentile(each, 99):.0f}"
        for state, each in times.items()
    )
    return f"sign-in step by the state of the gateway, median / p99 in ms: {', '.join(shown)}"


def goals(
    costs: Costs, steps: Sequence[Step], pss: Mapping[str, int], times: Mapping[str, Sequence[float]]
) -> list[Goal]:
    """What everything may cost. Needs the costs of both sides, our steps, and the times of the sign-in step."""
    return [*_of_sign_in(costs, steps), *_of_calls(costs), *_of_waiting(times), _of_memory(pss)]


def _of_sign_in(costs: Costs, steps: Sequence[Step]) -> list[Goal]:
    ours, peer = costs["sign_in"]["ours"], costs["sign_in"]["peer"]
    return [
        Goal("requests of a sign-in", middle(ours, lambda cost: cost.requests), 6),
        Goal("write transactions of the requests of a sign-in", written_by_requests(steps), 5),
        Goal("WAL bytes of a sign-in and its message", middle(ours, lambda cost: cost.wal_bytes), 4096),
        Goal("CPU of a sign-in by the peer's, median of the rounds", ratios(ours, peer, cpu).middle, 0.7),
    ]


def _of_calls(costs: Costs) -> list[Goal]:
    return [
        Goal(f"CPU of {name} by the peer's", ratios(costs[name]["ours"], costs[name]["peer"], cpu).middle, limit)
        for name, limit in LIMITS.items()
        if name in costs
    ]


def _of_waiting(times: Mapping[str, Sequence[float]]) -> list[Goal]:
    if not times:
        return []
    usual = percentile(times[WELL], 99)
    return [
        Goal(
            f"p99 of the sign-in step, gateway {state}, by that of one that does well",
            percentile(each, 99) / usual,
            1.1,
        )
        for state, each in times.items()
        if state != WELL
    ]


def _of_memory(pss: Mapping[str, int]) -> Goal:
    return Goal("PSS of a worker in MB", pss["ours"] / MEGABYTE, 110)
