"""No small number of a published table can be worked out from what stays visible (law of the public figures)."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.missions.suppression import FLOOR, hide, hide_list, with_sums

SMALL = 2  # a floor at which every table that fits can be tried out


def ranges(shown, most):
    """The least and the greatest value of each hidden cell, over every table that an onlooker cannot rule out."""
    rows, columns = len(shown) - 1, len(shown[0]) - 1
    lines = [
        [
            values
            for values in product(*(range(most + 1) if v is None else [v] for v in line[:-1]))
            if line[-1] in {None, sum(values)}
        ]
        for line in shown[:-1]
    ]
    seen = {}
    for values in product(*lines):
        full = with_sums(values)
        cells = list(product(range(rows + 1), range(columns + 1)))
        if all(shown[r][c] in {None, full[r][c]} for r, c in cells):
            for r, c in cells:
                if shown[r][c] is None:
                    seen.setdefault((r, c), set()).add(full[r][c])
    return {cell: (min(values), max(values)) for cell, values in seen.items()}


tables = st.sampled_from([(2, 2), (2, 3)]).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 3), min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)


@settings(max_examples=12)
@given(tables)
def test_every_hidden_number_has_a_range_as_wide_as_the_floor(table):
    shown, full = hide(table, SMALL), with_sums(table)
    for row, values in enumerate(shown):
        for column, value in enumerate(values):
            assert value is None or value == full[row][column] >= SMALL
    # A number moves by the floor when others move by no more than that: none has to pass the greatest that was drawn.
    for least, greatest in ranges(shown, most=3 + SMALL).values():
        assert greatest - least >= SMALL


def test_two_hidden_numbers_in_each_line_are_not_enough():
    """Each line has two hidden numbers that together reach the floor, and yet nought stands between them."""
    table = [[0, 10, 50], [50, 10, 0], [10, 50, 10]]
    shown = hide(table)
    assert sum(value is None for row in shown for value in row) > 6


@pytest.mark.parametrize(
    ("table", "hidden"),
    [
        ([[50, 40], [30, 20]], 0),
        ([[50, 40], [30, 3]], 4),  # one small number takes three others with it
        ([[0, 0], [0, 0]], 9),
        ([[1000, 12], [1000, 9]], 4),
    ],
)
def test_as_little_is_hidden_as_protects(table, hidden):
    shown = hide(table)
    assert sum(value is None for row in shown for value in row) == hidden


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6))
def test_a_list_hides_at_least_two_that_reach_the_floor_together(values):
    shown = hide_list(values)
    hidden = [value for value, one in zip(values, shown, strict=True) if one is None]
    assert all(one is None or one >= FLOOR for one in shown)
    if hidden and len(hidden) < len(values):
        assert len(hidden) >= 2
        assert sum(hidden) >= FLOOR


def test_many_missions_are_done_within_a_sweep():
    table = [[(7 * row + 3 * column) % 60 for column in range(6)] for row in range(160)]
    shown = hide(table)
    assert shown[-1][-1] == sum(map(sum, table))
