"""The rules of sending as tables: which limit holds, until when, when a range closes, when an alarm sounds (O-06)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.settings import Settings, SettingsError
from idp.telephony.limits import (
    JUDGED,
    WATCHED,
    Count,
    Kind,
    Limit,
    Met,
    Tally,
    alarmed,
    first_met,
    hour_of,
    limits_of,
    met,
    next_day,
    next_hour,
    range_of,
    tally_of,
    with_one_more,
)

NOW = 1_800_000_000  # 08:00 UTC
LIMITS = replace(
    limits_of(Settings(), Limit(500, 1_000)),
    number=Limit(3, 5),
    new_in_range=Limit(100, 200),
    new_in_country=Limit(500, 1_000),
    country_money=10_000,
    all_money=50_000,
    new_percent=40,
    breaker_least=20,
    breaker_percent=20,
    alarm_percent=80,
)


@pytest.mark.parametrize(
    ("kind", "tally", "until"),
    [
        (Kind.NUMBER, Tally(3, 5), None),
        (Kind.NUMBER, Tally(4, 4), next_hour(NOW)),
        (Kind.NUMBER, Tally(1, 6), next_day(NOW)),
        (Kind.NUMBER, Tally(4, 6), next_day(NOW)),
        (Kind.COUNTRY_MONEY, Tally(10_000, 10_000), None),
        (Kind.COUNTRY_MONEY, Tally(10_001, 10_001), next_day(NOW)),
        (Kind.NEW_MONEY, Tally(4_000, 4_000), None),
        (Kind.NEW_MONEY, Tally(4_001, 4_001), next_day(NOW)),
        (Kind.ALL_MONEY, Tally(0, 50_001), next_day(NOW)),
        (Kind.ALL_NEW_MONEY, Tally(0, 20_001), next_day(NOW)),
    ],
)
def test_O_06_a_limit_holds_from_one_beyond_it_until_its_window_ends(kind, tally, until):
    found = met(Count(kind, 1), tally, LIMITS, NOW)
    assert found == (Met(kind, until) if until else None)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_limit(kind):
    limit = LIMITS.of(kind)
    assert 0 < limit.hour <= limit.day or limit.hour == limit.day > 0


@pytest.mark.parametrize(
    ("sent", "verified", "closed"),
    [(19, 0, False), (20, 0, True), (20, 3, True), (20, 4, False), (100, 19, True), (100, 20, False)],
)
@pytest.mark.parametrize("kind", sorted(JUDGED, key=str))
def test_O_06_a_range_or_country_whose_codes_nobody_types_closes_for_the_day(kind, sent, verified, closed):
    found = met(Count(kind, 1), with_one_more(Count(kind, 1), Tally(0, sent, verified)), LIMITS, NOW)
    assert found == (Met(kind, next_day(NOW), broken=True) if closed else None)


@pytest.mark.parametrize("kind", sorted(set(Kind) - JUDGED, key=str))
def test_O_06_the_breaker_never_closes_what_enrolled_people_need(kind):
    assert met(Count(kind, 1), Tally(1, 3), LIMITS, NOW) is None


def test_of_several_limits_the_one_that_holds_longest_is_told():
    stand = [(Count(Kind.NUMBER, 1), Tally(4, 4)), (Count(Kind.ALL_MONEY, 2), Tally(0, 60_000))]
    assert first_met(stand, LIMITS, NOW) == Met(Kind.ALL_MONEY, next_day(NOW))
    assert first_met([], LIMITS, NOW) is None


@pytest.mark.parametrize(
    ("kind", "before", "weight", "sounds"),
    [
        (Kind.COUNTRY_MONEY, 7_999, 1, True),
        (Kind.COUNTRY_MONEY, 7_998, 1, False),
        (Kind.COUNTRY_MONEY, 8_000, 1, False),
        (Kind.COUNTRY_MONEY, 7_000, 2_000, True),
        (Kind.ALL_MONEY, 39_999, 1, True),
        (Kind.NEW_IN_RANGE, 159, 1, True),
        (Kind.NUMBER, 3, 1, False),
        (Kind.PERSON, 1_000, 1, False),
    ],
)
def test_the_alarm_sounds_once_when_a_shared_budget_passes_four_fifths(kind, before, weight, sounds):
    count = Count(kind, 1, weight)
    found = alarmed([(count, with_one_more(count, Tally(0, before)))], LIMITS)
    assert bool(found) is sounds
    assert kind in WATCHED or not sounds


@pytest.mark.parametrize(
    ("hours_ago", "in_hour", "in_day"),
    [(0, 3, 7), (1, 0, 7), (8, 0, 7), (9, 0, 0), (24, 0, 0), (1_000, 0, 0)],
)
def test_an_earlier_hour_or_day_counts_for_nothing(hours_ago, in_hour, in_day):
    found = tally_of(hour_of(NOW) - hours_ago, 3, 7, 2, NOW)
    assert (found.in_hour, found.in_day, found.verified) == (in_hour, in_day, 2 if in_day else 0)


@given(st.integers(0, 2**40))
def test_windows_end_later_and_together_with_the_clock_of_utc(now):
    assert now < next_hour(now) <= next_day(now)
    assert next_hour(now) % 3_600 == next_day(now) % 86_400 == 0
    assert next_hour(now) - now <= 3_600
    assert next_day(now) - now <= 86_400


def test_a_range_is_a_number_without_its_last_four_digits():
    assert range_of("+4915112345678") == "+491511234"


@pytest.mark.parametrize(
    ("name", "value"),
    [("spend_new_percent", 101), ("alarm_percent", -1), ("send_number_hour", 30_001), ("spend_day", -5)],
)
def test_a_limit_that_cannot_be_counted_stops_the_start(name, value):
    with pytest.raises(SettingsError, match=name):
        Settings(**{name: value})
