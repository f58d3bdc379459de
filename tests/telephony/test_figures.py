"""Figures: medians from steps, nothing below the floor, and the families of metrics."""

import pytest

from idp.telephony.breaker import Breaker
from idp.telephony.channel import Channel
from idp.telephony.figures import STEPS, Cell, Figure, Figures, by_country, render, step_of
from idp.telephony.limits import Budget, Kind
from idp.telephony.routing import FLOOR

CELL = Cell("DE", Channel.SMS, "twilio")


def figures(**counts):
    made = Figures()
    for what, count in counts.items():
        made.add(what, count)
    return made


@pytest.mark.parametrize(
    ("seconds", "step"), [(-1, 2), (0, 2), (2, 2), (3, 5), (31, 45), (600, 600), (601, 600), (10**9, 600)]
)
def test_a_delay_counts_in_the_first_step_that_holds_it(seconds, step):
    assert step_of(seconds) == f"delay_{step}"


def test_the_median_and_the_slowest_twentieth_come_from_the_steps():
    some = figures(delay_2=60, delay_10=35, delay_600=5)
    assert (some.delay(0.5), some.delay(0.95), some.delay(1.0)) == (2, 10, 600)


def test_below_the_floor_nothing_is_told():
    few = figures(sent=FLOOR - 1, delivered=FLOOR - 1, delay_2=FLOOR - 1)
    assert (few.percent, few.delay(0.5)) == (None, None)
    enough = figures(sent=FLOOR, delivered=FLOOR - 1, delay_2=FLOOR)
    assert (enough.percent, enough.delay(0.5)) == (98, 2)


def test_what_was_typed_arrived_even_where_no_receipt_says_so():
    assert figures(sent=100, verified=90).percent == 90
    assert figures(sent=100, delivered=95, verified=90).percent == 95


def test_a_country_is_the_sum_of_its_gateways():
    cells = {
        CELL: figures(sent=10, cost=70, delay_5=3),
        Cell("DE", Channel.SMS, "sns"): figures(sent=5, delay_5=4),
        Cell("DE", Channel.VOICE, "sns"): figures(sent=1),
    }
    totals = by_country(cells.items())
    assert totals["DE", Channel.SMS].of(Figure.SENT) == 15
    assert totals["DE", Channel.SMS].delays == {5: 7}
    assert totals["DE", Channel.VOICE].of(Figure.SENT) == 1


def test_a_name_that_is_no_figure_is_left_out():
    assert figures(delay_x=1, nonsense=2).counts == {}


BUDGETS = [
    Budget(Kind.COUNTRY_MONEY, "DE", 8500, 10_000, broken=False),
    Budget(Kind.NEW_IN_COUNTRY, "DE", 30, 1500, broken=True),
    Budget(Kind.ALL_MONEY, "", 5, 0, broken=False),
]


def test_the_metrics_are_families_with_help_type_and_a_histogram_that_adds_up():
    cells = {CELL: figures(sent=3, verified=2, cost=2400, delay_5=1, delay_20=2)}
    breakers = {("twilio", Channel.SMS): Breaker(5, 130), ("sns", Channel.SMS): Breaker(0, 0)}
    text = render(cells, breakers, BUDGETS, waiting=4, now=100)
    lines = text.splitlines()
    assert text.endswith("\n")
    labels = 'region="DE",channel="sms",gateway="twilio"'
    assert f'idp_messages_total{{{labels},outcome="sent"}} 3' in lines
    assert f"idp_messages_cost_dollars_total{{{labels}}} 0.24" in lines
    assert 'idp_gateway_left_alone{gateway="twilio",channel="sms"} 1' in lines
    assert 'idp_gateway_left_alone{gateway="sns",channel="sms"} 0' in lines
    assert "idp_messages_waiting 4" in lines
    assert 'idp_send_budget_used_ratio{budget="country-money",region="DE"} 0.85' in lines
    assert 'idp_send_budget_used_ratio{budget="all-money",region=""} 1.0' in lines
    assert [line for line in lines if line.startswith("idp_new_numbers_closed")] == [
        'idp_new_numbers_closed{region="DE"} 1'
    ]
    buckets = [int(line.split()[-1]) for line in lines if "_bucket" in line]
    assert len(buckets) == len(STEPS) + 1
    assert buckets == sorted(buckets)
    assert f"idp_message_delay_seconds_count{{{labels}}} 3" in lines
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(families) == len(set(families)) == 7
    assert all(line.startswith("#") or line.split("{")[0].split()[0].startswith("idp_") for line in lines)


def test_without_figures_the_metrics_are_there_all_the_same():
    assert "idp_messages_waiting 0" in render({}, {}, [], waiting=0, now=0)
