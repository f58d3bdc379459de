"""Hiding small numbers in a table, so that none of them can be computed from the others. Pure.

A number under the floor would speak of few people. It is hidden, and so is as much besides it as is needed that the
sums which stay visible leave every hidden number a range at least as wide as the floor (primary and secondary cell
suppression: Hundepool et al., Statistical Disclosure Control, 2012, chapter 4).

How far a hidden number can move while everything visible stays what it is, is a maximum flow: moving one cell moves
others along a circle of hidden cells, rows and columns in turn, up and down in turn, and none below zero.
"""

from collections import deque
from collections.abc import Sequence

FLOOR = 10
Cell = tuple[int, int]
Table = Sequence[Sequence[int]]


def with_sums(table: Table) -> list[list[int]]:
    """The table with a last column and a last row that hold the sums."""
    rows = [[*row, sum(row)] for row in table]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]]


def hide(table: Table, floor: int = FLOOR) -> list[list[int | None]]:
    """The table with its sums, None for what is hidden. Sums are numbers like any other, and may be hidden too."""
    full = with_sums(table)
    waiting = [(row, column) for row, values in enumerate(full) for column, value in enumerate(values) if value < floor]
    hidden = set(waiting)
    while waiting:  # the newest first: what was hidden to protect a number closes the circle that it began
        if leeway(full, hidden, waiting[-1], floor) >= floor:
            waiting.pop()  # for good: hiding more never narrows a range
            continue
        further = _next_to(full, hidden, waiting[-1])
        hidden.add(further)
        waiting.append(further)
    return [
        [None if (row, column) in hidden else value for column, value in enumerate(values)]
        for row, values in enumerate(full)
    ]


def hide_list(values: Sequence[int], floor: int = FLOOR) -> list[int | None]:
    """A list whose sum is known, None for what is hidden: nothing, or at least two that together reach the floor."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    hidden = [place for place in order if values[place] < floor]
    for place in order[len(hidden) :]:
        if not hidden or (len(hidden) > 1 and sum(values[one] for one in hidden) >= floor):
            break
        hidden.append(place)
    if len(hidden) == 1 or sum(values[one] for one in hidden) < floor:
        hidden = order if hidden else []
    return [None if place in hidden else value for place, value in enumerate(values)]


def _value(full: Table, cell: Cell) -> int:
    return full[cell[0]][cell[1]]


def _next_to(full: Table, hidden: set[Cell], cell: Cell) -> Cell:
    """What is hidden next: the smallest visible number in the same row or column, sums last."""
    last_row, last_column = len(full) - 1, len(full[0]) - 1
    line = [(cell[0], column) for column in range(last_column + 1)]
    line += [(row, cell[1]) for row in range(last_row + 1)]
    rest = [one for one in line if one not in hidden] or [
        (row, column) for row in range(last_row + 1) for column in range(last_column + 1) if (row, column) not in hidden
    ]
    return min(rest, key=lambda one: (one[0] == last_row or one[1] == last_column, _value(full, one), one))


def leeway(full: Table, hidden: set[Cell], cell: Cell, enough: int) -> int:
    """How wide the range of a hidden cell is: up and down together, counted as far as `enough`."""
    up = _movable(full, hidden, cell, enough, rise=True)
    return up if up >= enough else up + _movable(full, hidden, cell, enough - up, rise=False)


def _room(full: Table, cell: Cell, enough: int, *, rise: bool) -> int:
    """How far one cell can go by itself. Sums count with the other sign, so that every line adds up to nothing."""
    is_sum = (cell[0] == len(full) - 1) != (cell[1] == len(full[0]) - 1)
    return enough if rise != is_sum else _value(full, cell)


def _movable(full: Table, hidden: set[Cell], cell: Cell, enough: int, *, rise: bool) -> int:
    """How far `cell` can go, others making up for it: a maximum flow by shortest paths (Edmonds and Karp)."""
    rows = len(full)
    rooms: dict[int, dict[int, int]] = {}
    for one in hidden:
        if one != cell:
            rooms.setdefault(one[0], {})[rows + one[1]] = _room(full, one, enough, rise=True)
            rooms.setdefault(rows + one[1], {})[one[0]] = _room(full, one, enough, rise=False)
    start, goal = (rows + cell[1], cell[0]) if rise else (cell[0], rows + cell[1])
    limit, moved = min(enough, _room(full, cell, enough, rise=rise)), 0
    while moved < limit and (path := _path(rooms, start, goal)):
        step = min(limit - moved, *(rooms[source][target] for source, target in path))
        for source, target in path:
            rooms[source][target] -= step
            rooms[target][source] += step
        moved += step
    return moved


def _path(rooms: dict[int, dict[int, int]], start: int, goal: int) -> list[tuple[int, int]]:
    """The shortest way along which something still moves; empty when there is none."""
    came = {start: start}
    waiting = deque([start])
    while waiting and goal not in came:
        here = waiting.popleft()
        for there, room in rooms.get(here, {}).items():
            if room > 0 and there not in came:
                came[there] = here
                waiting.append(there)
    path, here = [], goal
    while goal in came and here != start:
        path.append((came[here], here))
        here = came[here]
    return path
