"""Pictures of figures as numbers for a drawing: where each bar stands. Pure; templates/parts_charts.html draws them.

Every picture has a title, a sentence that says what to see, and a table of the same figures behind it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

WIDTH, HEIGHT = 720, 160
HOUR = 3_600
BAR_HEIGHT, GAP = 16, 12
LABEL_WIDTH = 150
LONGEST_LABEL = 70


@dataclass(frozen=True, slots=True)
class Column:
    """One hour: where its column stands, and what it says."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: int


@dataclass(frozen=True, slots=True)
class Columns:
    """A picture of hours."""

    columns: tuple[Column, ...]
    highest: int
    total: int
    ticks: tuple[tuple[float, str], ...]  # where an hour is written below


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a picture of parts: each part within the one before it, such as sent, delivered, verified."""

    y: int
    label: str
    widths: tuple[float, ...]
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """A picture of lines."""

    bars: tuple[Bar, ...]
    height: int


def hour_label(hour: int) -> str:
    """An hour since the epoch, as its beginning in UTC."""
    return datetime.fromtimestamp(hour * HOUR, UTC).strftime("%m-%d %H:00")


def columns(counts: Mapping[int, int], first: int, last: int, every: int = 6) -> Columns:
    """Columns for the hours from `first` to `last`, both included; `every` so many hours one is written."""
    hours = range(first, last + 1)
    highest = max((counts.get(hour, 0) for hour in hours), default=0)
    step = WIDTH / max(len(hours), 1)
    made = []
    for place, hour in enumerate(hours):
        value = counts.get(hour, 0)
        height = HEIGHT * value / highest if highest else 0.0
        made.append(
            Column(
                x=round(place * step + step * 0.1, 2),
                y=round(HEIGHT - height, 2),
                width=round(step * 0.8, 2),
                height=round(height, 2),
                label=hour_label(hour),
                value=value,
            )
        )
    ticks = tuple(
        (round(place * step, 2), hour_label(hour))
        for place, hour in enumerate(hours)
        if hour % every == 0 and place * step <= WIDTH - LONGEST_LABEL
    )
    return Columns(tuple(made), highest, sum(one.value for one in made), ticks)


def bars(lines: Sequence[tuple[str, Sequence[int]]]) -> Bars:
    """Lines of parts; the longest first part has the whole width."""
    most = max((values[0] for _, values in lines), default=0)
    room = WIDTH - LABEL_WIDTH
    made = tuple(
        Bar(
            y=GAP + place * (BAR_HEIGHT + GAP),
            label=label,
            widths=tuple(round(room * value / most, 2) if most else 0.0 for value in values),
            values=tuple(values),
        )
        for place, (label, values) in enumerate(lines)
    )
    return Bars(made, GAP + len(made) * (BAR_HEIGHT + GAP))
