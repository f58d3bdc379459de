"""Times and names of languages as people read them: an hour of the day in Korean is never "PM 5:05"."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date

from idp.application import Application
from idp.current_request import current_request
from idp.pages.language_names import language_name
from idp.pages.times import long_date, readable_clock, readable_time, readable_time_at
from tests.ground import ORIGIN

MOMENT = 1_795_853_100  # 2026-11-28 08:05 UTC


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ko", "2026. 11. 28. 오후 5:05 (KST), 2026. 11. 28. 오전 8:05 (UTC)"),
        ("en", "28 Nov 2026, 17:05 (KST), 28 Nov 2026, 08:05 (UTC)"),
    ],
)
def test_a_moment_is_said_in_both_zones(language, said):
    with Application(__name__).test_request_context():
        current_request().language = language
        assert readable_time(MOMENT) == said


@pytest.mark.parametrize(
    ("language", "said"), [("ko", "2026. 11. 28. 오전 9:05 (현지 시각)"), ("en", "28 Nov 2026, 09:05 (local time)")]
)
def test_a_moment_is_said_by_the_clock_of_the_counter(ground, language, said):
    with ground.app.test_request_context(f"/?lang={language}", base_url=ORIGIN):
        assert readable_time_at(MOMENT, "Europe/Berlin") == said


@pytest.mark.parametrize(("language", "said"), [("ko", "오전 9:05"), ("en", "09:05")])
def test_the_hour_at_a_mission(language, said):
    with Application(__name__).test_request_context():
        current_request().language = language
        assert readable_clock(datetime.fromtimestamp(MOMENT, ZoneInfo("Europe/Berlin"))) == said


@pytest.mark.parametrize(
    ("tag", "language", "name"),
    [("ko-KR", "en", "Korean (South Korea)"), ("de", "ko", "독일어"), ("no such", "ko", "no such"), ("xx", "en", "xx")],
)
def test_a_language_has_its_name(tag, language, name):
    assert language_name(tag, language) == name


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_day_in_words_is_the_one_that_babel_writes(language):
    for number in range(366):
        day = date(2028, 1, 1) + timedelta(days=number)
        assert long_date(day, language) == format_date(day, format="long", locale=language)
    assert long_date(date(1928, 2, 8), language) == format_date(date(1928, 2, 8), format="long", locale=language)
