"""`idp phones`: what operators see and change, over a desk that is a fake, and once over the real one."""

from dataclasses import dataclass, field

import pytest
from click.testing import CliRunner

from idp.settings import ROOT
from idp.storage.phones_desk import PhonesDesk
from idp.telephony.accounts_file import KINDS
from idp.telephony.breaker import Breaker
from idp.telephony.channel import Channel
from idp.telephony.commands import phones
from idp.telephony.coverage import MEMBERS, CoverageError, change, load_coverage
from idp.telephony.figures import Cell, Figures
from idp.telephony.limits import Budget, Kind

TABLE = load_coverage(ROOT / "config/countries.toml", KINDS)


@dataclass
class FakeDesk:
    changed: dict = field(default_factory=dict)

    def coverage(self):
        return TABLE.overridden(self.changed)

    def override(self, region, members):
        change(TABLE.of(region), members)
        self.changed[region] = self.changed.get(region, {}) | dict(members)

    def reset(self, region):
        return self.changed.pop(region, None) is not None

    def figures(self, days):  # noqa: ARG002 (a fake)
        made = Figures()
        for what, count in {"sent": 200, "verified": 190, "cost": 160_000, "delay_5": 150, "delay_60": 40}.items():
            made.add(what, count)
        return {Cell("DE", Channel.SMS, "twilio"): made, Cell("VN", Channel.SMS, "infobip"): Figures()}

    def breakers(self):
        return {("sns", Channel.SMS): Breaker(7, 160), ("twilio", Channel.SMS): Breaker(1, 0)}

    def waiting(self):
        return 3

    def estimated(self, region):
        return "price" not in self.changed.get(region, {})

    def budgets(self):
        return [
            Budget(Kind.ALL_MONEY, "", 50, 100, broken=False),
            Budget(Kind.NEW_IN_COUNTRY, "DE", 30, 40, broken=True),
        ]

    def clock(self):
        return 100


def run(desk, *words):
    result = CliRunner().invoke(phones, words, obj=desk)
    return result.exit_code, result.output


def test_the_status_shows_each_country_and_gateway_and_who_is_left_alone():
    code, said = run(FakeDesk(), "status")
    assert code == 0
    lines = [line.split() for line in said.splitlines()]
    assert lines[1] == ["DE", "sms", "twilio", "200", "0", "190", "0", "5", "s", "60", "s", "16.00"]
    assert lines[2][:3] == ["VN", "sms", "infobip"]
    assert "waiting: 3" in said
    assert "left alone: sns (sms) for 60 s more" in said
    assert "left alone: twilio" not in said


def test_the_status_shows_how_much_of_todays_budgets_is_used_and_what_is_closed():
    said = run(FakeDesk(), "status")[1]
    assert "budget all-money house: 50% used today\n" in said
    assert "budget new-in-country DE: 75% used today, closed to new numbers: hardly any code is typed" in said
    assert "budget all-money" not in run(FakeDesk(), "status", "--country", "DE")[1]


def test_a_price_is_called_an_estimate_until_somebody_has_put_their_own_in():
    desk = FakeDesk()
    assert "estimates" in run(desk, "status")[1]
    assert "# an estimate" in next(line for line in run(desk, "show", "DE")[1].splitlines() if line.startswith("price"))
    assert run(desk, "set", "DE", "price=900,1400")[0] == 0
    assert "price = [900, 1400]" in run(desk, "show", "DE")[1].splitlines()
    assert "estimates" not in run(desk, "status")[1]


def test_the_status_of_one_country():
    assert "VN" not in run(FakeDesk(), "status", "--country", "DE")[1]


def test_the_status_as_metrics():
    assert 'idp_gateway_left_alone{gateway="sns",channel="sms"} 1' in run(FakeDesk(), "status", "--prometheus")[1]


def test_a_country_is_shown_with_every_member():
    code, said = run(FakeDesk(), "show", "VN")
    assert code == 0
    assert [line.split(" = ")[0] for line in said.splitlines()] == list(MEMBERS)
    assert 'gateways = ["infobip", "vonage", "twilio"]' in said


@pytest.mark.parametrize(
    ("words", "members"),
    [
        (["sms=false"], {"sms": False}),
        (["voice=yes", "note=bis Freitag"], {"voice": True, "note": "bis Freitag"}),
        (["gateways=twilio, sns"], {"gateways": ["twilio", "sns"]}),
        (["gateways="], {"gateways": []}),
        (["hour=5", "day=50"], {"hour": 5, "day": 50}),
        (["price=100,200"], {"price": [100, 200]}),
        (["quiet=21,8"], {"quiet": [21, 8]}),
        (["sender=KOREA"], {"sender": "KOREA"}),
    ],
)
def test_a_member_is_changed_to_a_value_of_its_own_kind(words, members):
    desk = FakeDesk()
    code, said = run(desk, "set", "VN", *words)
    assert (code, desk.changed) == (0, {"VN": members})
    assert len(said.splitlines()) == len(members)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["set", "VN", "sms=perhaps"], "sms cannot be 'perhaps'"),
        (["set", "VN", "hour=many"], "hour cannot be"),
        (["set", "VN", "day=-1"], "day cannot be"),
        (["set", "VN", "price=1,x"], "price cannot be"),
        (["set", "VN", "sms"], "is not MEMBER=VALUE"),
        (["set", "VN", "region=DE"], "is not MEMBER=VALUE"),
        (["set", "ZZ", "sms=true"], "ZZ: no such region"),
        (["show", "vn"], "vn: no such region"),
        (["reset", "VN"], "nothing was changed"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(words, why):
    desk = FakeDesk()
    code, said = run(desk, *words)
    assert code == 1
    assert why in said
    assert desk.changed == {}


def test_the_real_desk_changes_shows_and_resets(ground):
    wired = ground.provider
    desk = PhonesDesk(wired.database, wired.coverage, wired.clock)
    assert run(desk, "set", "VN", "sms=false")[0] == 0
    ground.clock.now += 10
    assert "sms = false" in run(desk, "show", "VN")[1]
    assert run(desk, "status")[0] == 0
    assert run(desk, "status", "--prometheus")[0] == 0
    with pytest.raises(CoverageError):
        desk.override("VN", {"hour": 10**9})
    assert run(desk, "reset", "VN")[0] == 0
    ground.clock.now += 10
    assert "sms = true" in run(desk, "show", "VN")[1]
    assert ground.events().count("operator:country:changed") == 2
