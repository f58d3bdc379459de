"""What became of the messages of a country and a gateway, in figures. Pure: counted in storage, shown by others.

A message counts for the gateway that took it: `sent`, then `delivered` or `undelivered` if a receipt came, `verified`
if its code was typed, and `cost` in hundredths of a US cent. Each gateway that was asked before and did not take it
counts `failed`. The delay is from the act that asked for the message to its receipt, or, where the vendor sends none,
to the typed code: which is later, so that nothing looks faster than it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from idp.telephony.breaker import Breaker
from idp.telephony.channel import Channel
from idp.telephony.limits import JUDGED, Budget
from idp.telephony.routing import FLOOR, Success

#: Upper ends of the steps in which delays are counted, in seconds; what is slower counts in the last.
STEPS: Final = (2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
PREFIX: Final = "idp"


class Figure(StrEnum):
    """What is counted; the value stands in the table. Steps of delay stand there as `delay_<seconds>`."""

    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    VERIFIED = "verified"
    FAILED = "failed"
    COST = "cost"


_NAMES: Final = frozenset(figure.value for figure in Figure)


@dataclass(frozen=True, slots=True)
class Cell:
    """Whose figures: a country, a channel and a gateway."""

    region: str
    channel: Channel
    gateway: str


@dataclass(slots=True)
class Figures:
    """The figures of one cell, or of several taken together."""

    counts: dict[Figure, int] = field(default_factory=dict)
    #: How many messages took at most so many seconds, and more than the step before.
    delays: dict[int, int] = field(default_factory=dict)

    def of(self, figure: Figure) -> int:
        """One figure."""
        return self.counts.get(figure, 0)

    def add(self, what: str, count: int) -> None:
        """Add what the table calls `what`; a name that it does not know is left out."""
        if what.startswith("delay_") and what[6:].isdigit():
            self.delays[int(what[6:])] = self.delays.get(int(what[6:]), 0) + count
        elif what in _NAMES:
            self.counts[Figure(what)] = self.of(Figure(what)) + count

    @property
    def success(self) -> Success:
        """Messages that were of use: brought, or typed in, whichever is known of more."""
        return Success(self.of(Figure.SENT), max(self.of(Figure.DELIVERED), self.of(Figure.VERIFIED)))

    @property
    def percent(self) -> int | None:
        """Of a hundred messages so many were of use; None where too few were sent."""
        return self.success.percent

    def delay(self, share: float) -> int | None:
        """Seconds within which that share (0.5: the median) of the messages came; None where too few are known."""
        known = sum(self.delays.values())
        if known < FLOOR:
            return None
        reached = 0
        for step in sorted(self.delays):
            reached += self.delays[step]
            if reached >= share * known:
                return step
        return None


def step_of(seconds: int) -> str:
    """The name under which a delay is counted."""
    return f"delay_{next((step for step in STEPS if seconds <= step), STEPS[-1])}"


def by_country(cells: Iterable[tuple[Cell, Figures]]) -> dict[tuple[str, Channel], Figures]:
    """The figures of all gateways together, by region and channel."""
    totals: dict[tuple[str, Channel], Figures] = {}
    for cell, figures in cells:
        total = totals.setdefault((cell.region, cell.channel), Figures())
        for figure, count in figures.counts.items():
            total.add(figure.value, count)
        for step, count in figures.delays.items():
            total.add(f"delay_{step}", count)
    return totals


def render(
    cells: Mapping[Cell, Figures],
    breakers: Mapping[tuple[str, Channel], Breaker],
    budgets: Iterable[Budget],
    waiting: int,
    now: int,
) -> str:
    """The figures as metric families in the Prometheus text format 0.0.4.

    `waiting` is how many rows of the outbox are due. Counters begin where the stored figures do.
    """
    lines = [
        f"# HELP {PREFIX}_messages_total Messages and calls with codes, by what became of them.",
        f"# TYPE {PREFIX}_messages_total counter",
    ]
    for cell, figures in sorted(cells.items(), key=_by_name):
        lines += [
            f'{PREFIX}_messages_total{{{_labels(cell)},outcome="{figure}"}} {figures.of(figure)}'
            for figure in Figure
            if figure is not Figure.COST and figures.of(figure)
        ]
    lines += [
        f"# HELP {PREFIX}_messages_cost_dollars_total What they cost by prices that may be estimates.",
        f"# TYPE {PREFIX}_messages_cost_dollars_total counter",
    ]
    for cell, figures in sorted(cells.items(), key=_by_name):
        if figures.of(Figure.COST):
            lines.append(f"{PREFIX}_messages_cost_dollars_total{{{_labels(cell)}}} {figures.of(Figure.COST) / 10_000}")
    lines += _delays(cells)
    lines += [
        f"# HELP {PREFIX}_gateway_left_alone Whether a gateway is left alone after failures.",
        f"# TYPE {PREFIX}_gateway_left_alone gauge",
    ]
    for (gateway, channel), breaker in sorted(breakers.items()):
        left_alone = int(breaker.is_open(now))
        lines.append(f'{PREFIX}_gateway_left_alone{{gateway="{gateway}",channel="{channel}"}} {left_alone}')
    lines += [
        f"# HELP {PREFIX}_messages_waiting Messages that are due and have not left.",
        f"# TYPE {PREFIX}_messages_waiting gauge",
        f"{PREFIX}_messages_waiting {waiting}",
    ]
    return "\n".join(lines + _budgets(budgets)) + "\n"


def _budgets(budgets: Iterable[Budget]) -> list[str]:
    """Used of what a day allows; the house's own have no region."""
    used, closed = f"{PREFIX}_send_budget_used_ratio", f"{PREFIX}_new_numbers_closed"
    lines = [f"# HELP {used} Of a shared budget of this day, so much is used.", f"# TYPE {used} gauge"]
    listed = sorted(budgets, key=lambda one: (one.kind.value, one.region))
    lines += [f'{used}{{budget="{one.kind.value}",region="{one.region}"}} {round(one.share, 4)}' for one in listed]
    lines += [
        f"# HELP {closed} 1 where new numbers get nothing today, because hardly any of their codes were typed.",
        f"# TYPE {closed} gauge",
    ]
    return lines + [f'{closed}{{region="{one.region}"}} {int(one.broken)}' for one in listed if one.kind in JUDGED]


def _delays(cells: Mapping[Cell, Figures]) -> list[str]:
    """The delays as a histogram, whose buckets add up."""
    name = f"{PREFIX}_message_delay_seconds"
    lines = [f"# HELP {name} From asking for a message to its arrival.", f"# TYPE {name} histogram"]
    for cell, figures in sorted(cells.items(), key=_by_name):
        if not figures.delays:
            continue
        reached = 0
        for step in STEPS:
            reached += figures.delays.get(step, 0)
            lines.append(f'{name}_bucket{{{_labels(cell)},le="{step}"}} {reached}')
        lines.append(f'{name}_bucket{{{_labels(cell)},le="+Inf"}} {reached}')
        lines.append(f"{name}_count{{{_labels(cell)}}} {reached}")
        lines.append(f"{name}_sum{{{_labels(cell)}}} {sum(step * count for step, count in figures.delays.items())}")
    return lines


def _labels(cell: Cell) -> str:
    return f'region="{cell.region}",channel="{cell.channel}",gateway="{cell.gateway}"'


def _by_name(item: tuple[Cell, Figures]) -> tuple[str, str, str]:
    cell = item[0]
    return cell.region, cell.channel.value, cell.gateway
