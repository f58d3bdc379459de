"""The verdict's arithmetic: ratios stay inside their round, and a goal is missed only above its limit."""

import pytest

from tests.bench.database import Written
from tests.bench.report import LIMITS, Goal, cpu, goals, ratios, table
from tests.bench.rounds import Cost, percentile
from tests.bench.steps import DELIVERY, Step


def cost(cpu_ms: float, **other: float) -> Cost:
    whole = {"transactions": 4.0, "wal_bytes": 3000.0, "page_image_bytes": 0.0, "requests": 6.0, "p99_ms": 9.0} | other
    return Cost(server_ms=cpu_ms, delivery_ms=0.0, database_ms=0.0, **whole)


STEPS = [
    Step("POST /a", Written(3, 900, 0)),
    Step(DELIVERY, Written(2, 300, 0)),
    Step("POST /b", Written(1, 9, 0)),
]
TIMES = {"well": [0.1] * 99, "stalled 5 s": [0.11] * 99, "down": [0.09] * 99}
MEMORY = {"ours": 60_000_000, "peer": 90_000_000}


def test_a_ratio_compares_within_its_round_only():
    """The machine halves its speed between the rounds; both ratios are nevertheless one half."""
    spread = ratios([cost(1.0), cost(2.0)], [cost(2.0), cost(4.0)], cpu)
    assert (spread.least, spread.middle, spread.greatest) == (0.5, 0.5, 0.5)


def test_rounds_that_do_not_pair_up_are_refused():
    with pytest.raises(ValueError, match="zip"):
        ratios([cost(1.0)], [cost(1.0), cost(1.0)], cpu)


@pytest.mark.parametrize(("measured", "met"), [(4.9, True), (5.0, True), (5.1, False)])
def test_a_goal_is_met_up_to_its_limit(measured, met):
    assert Goal("write transactions", measured, 5).met is met


@pytest.mark.parametrize(
    ("ours", "memory", "missed"),
    [
        ([cost(1.0)], MEMORY, []),
        ([cost(1.0, requests=7.0)], MEMORY, ["requests of a sign-in"]),
        ([cost(1.0, wal_bytes=4097.0)], MEMORY, ["WAL bytes of a sign-in and its message"]),
        ([cost(1.5)], MEMORY, ["CPU of a sign-in by the peer's, median of the rounds"]),
        ([cost(1.0)], MEMORY | {"ours": 110_000_001}, ["PSS of a worker in MB"]),
    ],
)
def test_each_goal_can_be_missed(ours, memory, missed):
    verdicts = goals({"sign_in": {"ours": ours, "peer": [cost(2.0)]}}, STEPS, memory, TIMES)
    assert [goal.text for goal in verdicts if not goal.met] == missed


@pytest.mark.parametrize(("name", "limit"), LIMITS.items())
def test_each_call_has_a_goal_of_its_own(name, limit):
    costs = {"sign_in": {"ours": [cost(1.0)], "peer": [cost(2.0)]}}
    for measured, met in ((limit, True), (limit + 0.01, False)):
        verdicts = goals(costs | {name: {"ours": [cost(measured)], "peer": [cost(1.0)]}}, STEPS, MEMORY, TIMES)
        assert [goal.met for goal in verdicts if f"CPU of {name} " in goal.text] == [met]


@pytest.mark.parametrize("state", ["stalled 5 s", "down"])
def test_a_gateway_that_makes_people_wait_misses_the_goal(state):
    slow = TIMES | {state: [0.1] * 97 + [6.0] * 2}
    costs = {"sign_in": {"ours": [cost(1.0)], "peer": [cost(2.0)]}}
    missed = [goal.text for goal in goals(costs, STEPS, MEMORY, slow) if not goal.met]
    assert missed == [f"p99 of the sign-in step, gateway {state}, by that of one that does well"]


@pytest.mark.parametrize(("which", "value"), [(50, 50), (99, 99), (100, 100), (1, 1)])
def test_a_percentile_is_the_nearest_rank(which, value):
    assert percentile(range(100, 0, -1), which) == value
    assert percentile([7.0], which) == 7.0


def test_delivery_is_no_write_of_the_requests():
    costs = {"sign_in": {"ours": [cost(1.0)], "peer": [cost(2.0)]}}
    measured = {goal.text: goal.measured for goal in goals(costs, STEPS, MEMORY, TIMES)}
    assert measured["write transactions of the requests of a sign-in"] == 4


def test_the_table_has_a_ratio_where_both_sides_were_measured():
    both = table({"sign_in": {"ours": [cost(1.0)], "peer": [cost(2.0)]}})
    alone = table({"sign_in": {"peer": [cost(2.0)]}})
    assert "0.50 / 0.50 / 0.50" in both
    assert "/ 0" not in alone
