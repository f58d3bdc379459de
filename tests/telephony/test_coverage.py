"""The table of countries: whole, checked when it is read, changed at run time."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import phonenumbers
import pytest
from sqlalchemy import text

from idp.settings import ROOT
from idp.storage.country_overrides import FRESH_SECONDS, CurrentCoverage, override, reset
from idp.telephony.accounts_file import KINDS
from idp.telephony.channel import Channel
from idp.telephony.coverage import WITHOUT_NETWORK, CoverageError, load_coverage, ways
from idp.telephony.messages import load_messages
from idp.telephony.routing import Carrier
from idp.telephony.time_zones import time_zone_of
from tests.ground import copy_ground

TABLE = load_coverage(ROOT / "config/countries.toml", KINDS)

# ISO 3166-1:2020 with its amendments: 249 regions.
CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
ISO = frozenset(CODES.split())


def test_every_region_of_iso_3166_and_every_numbering_plan_is_in_the_table():
    assert len(ISO) == 249
    assert set(TABLE.countries) == ISO | set(phonenumbers.SUPPORTED_REGIONS)


def test_every_region_has_at_least_two_working_ways_to_a_second_factor():
    short = {region for region in ISO if len(ways(TABLE.of(region))) < 2}
    assert short == set()


def test_every_region_with_numbers_of_its_own_is_reached_in_two_ways_by_two_gateways_but_one():
    """Not counting what needs no network. KP is the one that no gateway reaches."""
    for region in phonenumbers.SUPPORTED_REGIONS:
        country = TABLE.of(region)
        by_phone = set(ways(country)) - set(WITHOUT_NETWORK)
        expected = (set(), 0) if region == "KP" else ({"sms", "voice"}, 2)
        assert (by_phone, min(len(country.gateways), 2)) == expected, region


def test_a_way_is_named_only_where_somebody_here_carries_it():
    germany = TABLE.of("DE")
    assert ways(germany, []) == WITHOUT_NETWORK
    only_text = Carrier("x", frozenset({Channel.SMS}))
    assert ways(germany, [only_text]) == ("sms", *WITHOUT_NETWORK)
    assert ways(germany, [replace(only_text, regions=frozenset({"KR"}))]) == WITHOUT_NETWORK
    assert ways(TABLE.of("ZZ"), [only_text]) == WITHOUT_NETWORK


def test_messages_are_in_languages_that_we_write():
    assert {country.language for country in TABLE.countries.values()} <= load_messages().languages


@pytest.mark.parametrize(
    ("region", "at", "quiet"),
    [
        ("DE", "2026-07-01T19:59", False),  # 21:59 there
        ("DE", "2026-07-01T20:00", True),
        ("DE", "2026-07-02T04:59", True),
        ("DE", "2026-07-02T05:00", False),
        ("DE", "2026-01-01T20:59", False),  # winter
        ("VN", "2026-07-01T15:00", True),
        ("NP", "2026-07-01T16:15", True),  # 22:00 at +05:45
        ("NP", "2026-07-01T16:14", False),
    ],
)
def test_nobody_is_called_at_night_by_their_own_clock(region, at, quiet):
    now = int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp())
    assert bool(TABLE.of(region).quiet_until(now)) is quiet


@pytest.mark.parametrize(
    ("region", "number", "at", "until"),
    [
        ("DE", "+4915112345678", "2026-07-01T20:00", "2026-07-02T05:00"),  # the evening before
        ("DE", "+4915112345678", "2026-07-02T04:59", "2026-07-02T05:00"),
        ("DE", "+4915112345678", "2026-10-24T21:00", "2026-10-25T06:00"),  # summer time ends in that night
        ("NP", "+9779841234567", "2026-07-01T16:15", "2026-07-02T01:15"),
        ("US", "+18085551234", "2026-07-01T12:00", "2026-07-01T17:00"),  # Honolulu sleeps when New York is up
        ("US", "+12125551234", "2026-07-01T12:00", None),
        ("AU", "+61412345678", "2026-07-01T13:00", "2026-07-01T21:00"),  # a plan with many zones: the country's own
    ],
)
def test_a_call_waits_for_the_morning_of_the_number_itself(region, number, at, until):
    def seconds(text):
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())

    expected = seconds(until) if until else 0
    assert TABLE.of(region).quiet_until(seconds(at), time_zone_of(number)) == expected


def test_a_zone_that_the_clocks_do_not_know_leaves_the_countrys():
    assert TABLE.of("DE").clock_of("Nowhere/At_All").key == "Europe/Berlin"
    assert TABLE.of("DE").clock_of().key == "Europe/Berlin"


def test_quiet_hours_may_lie_within_a_day_or_not_be():
    noon = int(datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp())
    here = replace(TABLE.of("DE"), zone="UTC")
    assert replace(here, quiet=(12, 13)).quiet_until(noon) == noon + 3600
    assert not replace(here, quiet=(13, 15)).quiet_until(noon)
    assert not replace(here, quiet=(0, 0)).quiet_until(noon)


def test_prices_are_those_of_the_channel():
    here = replace(TABLE.of("DE"), price=(7, 11))
    assert (here.cost(Channel.SMS), here.cost(Channel.VOICE)) == (7, 11)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("DE = { sms = 1 }", "DE: sms cannot be 1"),
        ('DE = { sms = "yes" }', "sms cannot be"),
        ("DE = { hour = -1 }", "hour cannot be"),
        ("DE = { hour = true }", "hour cannot be"),
        ("DE = { day = 2000000 }", "day cannot be"),
        ("DE = { hour = 20, day = 10 }", "hour allows more than day"),
        ("DE = { price = [1] }", "price cannot be"),
        ("DE = { price = [1, -2] }", "price cannot be"),
        ("DE = { quiet = [22, 24] }", "quiet cannot be"),
        ('DE = { zone = "Europe/Atlantis" }', "no time zone"),
        ('DE = { zone = "../../etc/passwd" }', "no time zone"),
        ('DE = { gateways = ["pigeon"] }', "'pigeon' is no gateway"),
        ('DE = { gateways = "twilio" }', "gateways cannot be"),
        ('DE = { note = "two\\nlines" }', "note cannot be"),
        ('DE = { note = "' + "x" * 201 + '" }', "note cannot be"),
        ("DE = { smss = true }", "unknown member 'smss'"),
        ("de = { sms = true }", "two capital letters"),
        ("DEU = { sms = true }", "two capital letters"),
        ("DE = true", "two capital letters"),
        ("", "and no other"),
        ("DE = {}\n[other]", "and no other"),
        ("DE = ", "not valid TOML"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(tmp_path: Path, line, why):
    path = tmp_path / "countries.toml"
    path.write_text(f"[countries]\n{line}\n", "utf-8")
    with pytest.raises(CoverageError, match=why) as refusal:
        load_coverage(path, KINDS)
    assert "\n" not in str(refusal.value)


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CoverageError, match="nowhere"):
        load_coverage(tmp_path / "nowhere.toml", KINDS)


@pytest.fixture(scope="module")
def ground(template, tmp_path_factory):
    made = copy_ground(template, tmp_path_factory.mktemp("overrides"))
    yield made
    made.provider.database.engine.dispose()


def test_an_operators_change_reaches_every_process_within_seconds_and_is_recorded(ground):
    wired, here = ground.provider, ground.provider.coverage
    other = CurrentCoverage(wired.database, here.base, wired.clock, here.carriers)  # another worker's
    assert other().of("VN").sms
    assert "sms" in other.ways("VN")
    for members in ({"sms": False}, {"note": "until Friday"}):
        with wired.database.begin() as transaction:
            override(transaction, here.base, "VN", members, wired.clock())
    assert other().of("VN").sms, "known for a few seconds"
    assert "sms" in other.ways("VN")
    ground.clock.now += FRESH_SECONDS
    assert "sms" not in other.ways("VN")
    assert (other().of("VN").sms, other().of("VN").note) == (False, "until Friday")
    assert other().of("VN").voice
    with wired.database.begin() as transaction:
        assert reset(transaction, wired.coverage.base, "VN", wired.clock())
        assert not reset(transaction, wired.coverage.base, "VN", wired.clock())
    ground.clock.now += FRESH_SECONDS
    assert other().of("VN") == here.base.of("VN")
    with wired.database.read() as reading:
        rows = reading.all(text("SELECT detail FROM audit_events WHERE event = 'operator:country:changed' ORDER BY id"))
    assert [row.detail for row in rows] == [
        '{"region":"VN","members":{"sms":false},"by":null}',
        '{"region":"VN","members":{"note":"until Friday"},"by":null}',
        '{"region":"VN","members":{},"by":null}',
    ]


@pytest.mark.parametrize(("region", "members"), [("ZZ", {"sms": False}), ("VN", {"sms": 1}), ("VN", {"x": 1})])
def test_a_change_that_cannot_be_leaves_nothing_behind(ground, region, members):
    wired, before = ground.provider, ground.rows("country_overrides")
    with pytest.raises(CoverageError), wired.database.begin() as transaction:
        override(transaction, wired.coverage.base, region, members, wired.clock())
    assert ground.rows("country_overrides") == before
