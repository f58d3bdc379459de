"""What a page may remember of budgets that many share: while most is left, and for some seconds."""

import pytest

from idp.storage.models_second_proofs import SendCount
from idp.storage.shared_budgets import FRESH_SECONDS, SharedBudgets
from idp.telephony.limits import Count, Kind, Tally, hour_of
from tests.statements import watched

LIMIT = 1_000
MONEY = Count(Kind.ALL_MONEY, 7, 10)


@pytest.fixture
def asked(ground):
    """Looks at the budget at a time; returns what is found, and whether the database was asked."""
    provider, budgets = ground.provider, SharedBudgets()
    limits = provider.limits_in("DE")
    assert limits.all_money > LIMIT

    def look(now, most=limits.all_money):
        seen = []
        small = type(limits)(**{name: getattr(limits, name) for name in limits.__slots__} | {"all_money": most})
        with watched(provider.database, seen.append), provider.database.read() as reading:
            [(count, tally)] = budgets.find(reading, [MONEY], small, now)
        assert count == MONEY
        return tally, bool(seen)

    return look


def spend(ground, much):
    with ground.provider.database.begin() as step:
        step.put(SendCount, subject=7, hour=hour_of(ground.clock()), in_hour=much, in_day=much, verified=0)


def test_far_from_its_end_a_budget_is_read_once_in_ten_seconds(ground, asked):
    now = ground.clock()
    assert asked(now) == (Tally(0, 0), True)
    spend(ground, 100)
    assert asked(now + FRESH_SECONDS - 1) == (Tally(0, 0), False)
    assert asked(now + FRESH_SECONDS) == (Tally(100, 100), True)


def test_a_clock_that_went_back_is_not_believed(ground, asked):
    asked(ground.clock())
    assert asked(ground.clock() - 1) == (Tally(0, 0), True)


@pytest.mark.parametrize(("spent", "remembered"), [(490, True), (491, False), (1_000, False), (2_000, False)])
def test_of_more_than_half_each_page_reads(ground, asked, spent, remembered):
    """The message that is about to be sent counts as well: 490 and 10 are half of 1,000."""
    spend(ground, spent)
    assert asked(ground.clock(), LIMIT) == (Tally(spent, spent), True)
    assert asked(ground.clock(), LIMIT)[1] is not remembered
