"""Numbers that moved to another SIM: what vendors say, what nobody says, and what it does to a code (O-12)."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from idp.delivery.outbox import Undeliverable
from idp.delivery.text_messages import UNPAID, TextMessages, Unpaid, to_payload
from idp.telephony.gateways import make_signals
from idp.telephony.gateways.account import Account
from idp.telephony.gateways.lookup import RelayLookup, TwilioLookup
from idp.telephony.messages import load_messages
from idp.telephony.signals import MOVED_SECONDS, Nobody, SignalUnavailable, recently
from tests.contracts import vendor as vendors
from tests.contracts.vendor import answer
from tests.delivery.fakes import NOW
from tests.delivery.test_text_messages import ITEM, MESSAGE, Gateway

NUMBER = "+4915112345678"


def swap(date, **more):
    return answer(200, {"sim_swap": {"last_sim_swap": {"last_sim_swap_date": date, "swapped_in_period": True}} | more})


TWILIO = {
    "a date": (swap("2027-01-15T08:00:00Z"), 1_800_000_000),
    "never": (swap(None), None),
    "no operator tells": (answer(200, {"sim_swap": {"last_sim_swap": None, "error_code": 60606}}), SignalUnavailable),
    "no package": (answer(200, {"valid": True}), SignalUnavailable),
    "no date": (swap("yesterday"), SignalUnavailable),
    "refused": (answer(404, {"code": 20404}), SignalUnavailable),
    "unavailable": (answer(503, b"<html>"), SignalUnavailable),
    "slow": (vendors.slow, SignalUnavailable),
    "dropped": (vendors.hang_up, SignalUnavailable),
    "half": (vendors.half, SignalUnavailable),
    "not the API": (answer(200, b"[1, 2"), SignalUnavailable),
}
RELAY = {
    "a time": (answer(200, {"moved_at": 1_800_000_000}), 1_800_000_000),
    "never": (answer(200, {"moved_at": None}), None),
    "no time": (answer(200, {"moved_at": "now"}), SignalUnavailable),
    "before time": (answer(200, {"moved_at": -1}), SignalUnavailable),
    "true is no time": (answer(200, {"moved_at": True}), SignalUnavailable),
    "nothing": (answer(200, {}), SignalUnavailable),
    "refused": (answer(403, {}), SignalUnavailable),
}
CASES = [(TwilioLookup, *case) for case in TWILIO.values()] + [(RelayLookup, *case) for case in RELAY.values()]
NAMES = [f"twilio-{name}" for name in TWILIO] + [f"relay-{name}" for name in RELAY]


@pytest.fixture
def vendor():
    vendor, server = vendors.start(SimpleNamespace(guard=lambda _: False, accept=swap(None)))
    yield vendor
    vendor.over.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("lookup", "behaviour", "expected"), CASES, ids=NAMES)
def test_what_each_vendor_says_is_a_time_or_nothing_or_unavailable(vendor, lookup, behaviour, expected):
    vendor.next = behaviour
    account = Account(name="one", kind="x", url=vendor.address, account="AC1", secret="s", lookup=True)
    asked = lookup(account, clock=lambda: NOW, read_seconds=0.2)
    if expected is SignalUnavailable:
        with pytest.raises(SignalUnavailable) as told:
            asked.moved_at(NUMBER)
        assert "4915" not in str(told.value)
    else:
        assert asked.moved_at(NUMBER) == expected
    request = vendor.asked[0]
    assert NUMBER[1:] in request.path + request.body.decode()
    assert request.headers["Authorization"].split()[0] in {"Basic", "Bearer"}


@pytest.mark.parametrize(
    ("moved", "recent"),
    [(None, False), (NOW, True), (NOW - MOVED_SECONDS + 1, True), (NOW - MOVED_SECONDS, False), (NOW + 1, False)],
)
def test_a_move_is_recent_for_three_days(moved, recent):
    assert recently(moved, NOW) is recent


class Says:
    def __init__(self, moved):
        self.moved, self.asked = moved, []

    def moved_at(self, e164):
        self.asked.append(e164)
        if self.moved is SignalUnavailable:
            raise SignalUnavailable("one: no answer")
        return self.moved


class Remembers(Unpaid):
    """A desk that keeps what it is told of numbers."""

    def __init__(self):
        self.told = []

    def moved(self, e164, region, at):
        self.told.append((e164, region, at))


def deliver(message, signals, desk=UNPAID):
    gateway = Gateway(None)
    TextMessages(gateway, load_messages(), "id.overseas.go.kr", lambda: NOW, signals, desk)(ITEM, to_payload(message))
    return gateway.sent


def test_O_12_no_code_goes_to_a_number_that_moved_a_moment_ago():
    desk = Remembers()
    with pytest.raises(Undeliverable, match="moved to another SIM") as refusal:
        deliver(MESSAGE, Says(NOW - 60), desk)
    assert desk.told == [(MESSAGE.to, MESSAGE.region, NOW - 60)]
    assert "4915" not in str(refusal.value)


@pytest.mark.parametrize("moved", [None, NOW - MOVED_SECONDS, SignalUnavailable])
def test_a_code_goes_out_when_it_did_not_or_when_nobody_can_tell(moved):
    assert len(deliver(MESSAGE, Says(moved))) == 1


@pytest.mark.parametrize("standing", ["is_new", "is_seen"])
def test_who_names_a_number_now_is_not_asked_about_the_sim_they_bought_for_it(standing):
    signals = Says(NOW)
    assert len(deliver(replace(MESSAGE, **{standing: True}), signals)) == 1
    assert signals.asked == []


def test_the_first_account_that_can_tell_is_asked_and_without_one_nobody():
    plain = Account(name="plain", kind="twilio")
    relay = Account(name="relay", kind="relay", url="https://relay.example", lookup=True)
    assert isinstance(make_signals([plain, relay], lambda: NOW), RelayLookup)
    assert isinstance(make_signals([Account(name="t", kind="twilio", lookup=True)], lambda: NOW), TwilioLookup)
    assert make_signals([plain], lambda: NOW) == Nobody()
    assert Nobody().moved_at(NUMBER) is None
