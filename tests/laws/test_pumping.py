"""Simulated pumping (abuse case O-06): whoever asks, the spend stays under the budget, and enrolled people sign in.

The rules run against the real counters; numbers are made up faster than a browser could ask for them.
"""

from contextlib import suppress
from itertools import count
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from idp.delivery.budget import Cost, Till, money_counts
from idp.delivery.outbox import Undeliverable
from idp.pages.sending import LimitMet, count_for_new
from idp.storage.dispatches import SqlDispatches
from idp.storage.ledger import SqlLedger
from idp.storage.models_second_proofs import SendCount
from idp.storage.send_counts import SendCounts
from idp.telephony.channel import Channel
from idp.telephony.exchange import Exchange, Line
from idp.telephony.gateways.contract import Accepted, Message
from idp.telephony.limits import Kind
from idp.telephony.numbers import NumberRefused, parse_number
from idp.telephony.routing import Carrier
from tests.ground import ORIGIN, Ground, copy_ground

BUDGET = {"spend_country_day": 60_000, "spend_day": 80_000}
SPECIAL = ("+882161234", "+881612345", "+979123456", "+4490912345", "+498001234")


@pytest.fixture
def small(template, tmp_path):
    made: Ground = copy_ground(template, tmp_path, **BUDGET)
    yield made
    made.provider.database.engine.dispose()


class Takes:
    """A gateway that takes everything."""

    carries = frozenset(Channel)
    speaks = frozenset({"en"})
    repeatable = True

    def __init__(self, sent):
        self.sent = sent

    def send(self, message):
        self.sent.append(message.id)
        return Accepted(str(message.id))


def till(ground, sent):
    """Hands a message to a new or an enrolled number over as the worker does."""
    wired = ground.provider
    ledger = SqlLedger(wired.database, wired.keyed.look_up)
    desk = Till(ledger, wired.keyed.send_count, wired.limits_in, wired.price, wired.clock)
    lines = {"one": Line(Carrier("one", Takes.carries), Takes(sent))}
    exchange = Exchange(lines=lines, memory=SqlDispatches(wired.database), coverage=wired.coverage, clock=wired.clock)

    def pay(region, channel, is_new):
        payment = desk.payment(region, channel, is_new=is_new)
        message = Message(uuid4(), "+4915112345678", "", region, channel=channel, payment=payment)
        exchange.begin([message])
        return desk.hand_over(exchange, message)

    return pay


def ask(ground, e164, region, person):
    """A hijacked session asks for a code to a new number; the worker then pays for it."""
    wired = ground.provider
    with ground.app.test_request_context("/", environ_base={"REMOTE_ADDR": "198.51.100.7"}):
        try:
            with wired.database.begin() as transaction:
                count_for_new(transaction, wired, e164, region, person, ground.clock())
        except LimitMet:
            return False
    return True


def spent(ground, kind, of=""):
    wired = ground.provider
    subject = wired.keyed.send_count.number(kind.value, of)
    with wired.database.read() as reading:
        row = reading.one(select(SendCount.in_day).where(SendCount.subject == subject))
    return row.in_day if row else 0


@pytest.mark.parametrize(
    ("requests", "sessions"),
    [
        pytest.param(400, 40, id="short"),
        pytest.param(100_000, 1_000, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
    ],
)
def test_O_06_pumping_stays_under_the_budget_and_enrolled_people_still_sign_in(small, requests, sessions):
    """Sequential ranges, premium and satellite numbers, hijacked sessions, codes that nobody types."""
    ground = small
    citizen, service = ground.enrol(), ground.register()
    people = [UUID(int=i + 1) for i in range(sessions)]
    sent: list[UUID] = []
    pay, number = till(ground, sent), count(15_110_000_000)
    allowed = 0
    for i in range(requests):
        typed = f"+49{next(number)}" if i % 5 else f"{SPECIAL[i // 5 % len(SPECIAL)]}{i % 10_000:04}"
        try:
            read = parse_number(typed, None)
        except NumberRefused:
            continue
        if ask(ground, read.e164, read.region, people[i % sessions]):
            allowed += 1
            with suppress(Undeliverable):
                pay(read.region, Channel.SMS, True)
        ground.clock.now += 1 if i % 10 == 0 else 0
    ranges = requests // 10_000 + 1
    assert 0 < allowed <= ranges * ground.provider.settings.send_range_day  # nobody typed a code: each range closed
    assert len(sent) <= allowed
    assert spent(ground, Kind.COUNTRY_MONEY, "DE") <= BUDGET["spend_country_day"]
    assert spent(ground, Kind.ALL_MONEY) <= BUDGET["spend_day"]
    assert ground.browser().sign_in(service, citizen)["code"]


def test_O_06_new_numbers_cannot_use_up_what_is_kept_for_enrolled_people(small):
    """Even with every range open, the share of new numbers ends first; messages to enrolled people still leave."""
    ground, sent = small, []
    pay = till(ground, sent)
    refused = 0
    for _ in range(40):
        try:
            pay("DE", Channel.SMS, True)
        except Undeliverable:
            refused += 1
    share = BUDGET["spend_country_day"] * ground.provider.settings.spend_new_percent // 100
    assert refused
    assert spent(ground, Kind.NEW_MONEY, "DE") <= share
    before = len(sent)
    pay("DE", Channel.SMS, False)
    assert len(sent) == before + 1
    assert "provider:send_limit:met" in ground.events()


def test_O_06_calls_and_messages_share_one_budget_and_it_is_never_passed(small):
    ground, sent = small, []
    pay, refused = till(ground, sent), 0
    for i in range(80):
        try:
            pay("DE", Channel.VOICE if i % 2 else Channel.SMS, False)
        except Undeliverable:
            refused += 1
    assert refused
    assert len(sent) + refused == 80
    assert 0 < spent(ground, Kind.COUNTRY_MONEY, "DE") <= BUDGET["spend_country_day"]
    assert ground.events().count("provider:send_limit:near") == 1  # the alarm at four fifths, once


def test_O_06_a_country_whose_budget_is_used_up_shows_other_ways_at_once(small):
    """The step looks before it sends: nobody waits for a message that no budget pays."""
    ground = small
    citizen, service = ground.enrol(), ground.register()
    wired = ground.provider
    with wired.database.begin() as transaction:
        full = money_counts(Cost("DE", Channel.SMS, is_new=False), BUDGET["spend_country_day"], wired.keyed.send_count)
        SendCounts(transaction).raise_all(full, ground.clock())
    browser = ground.browser()
    browser.authorize(service)
    browser.passkey(citizen)
    assert browser.page.status_code == 429
    assert ground.codes() == []
    assert ground.rows("sign_ins") == 1
    ground.clock.now = (ground.clock() // 86_400 + 1) * 86_400
    assert ground.browser().sign_in(service, citizen)["code"]


def test_O_06_a_range_whose_codes_are_typed_stays_open(small):
    ground = small
    wired = ground.provider
    for i in range(30):
        person = UUID(int=i + 1)
        assert ask(ground, f"+4915110000{i:03}", "DE", person) or i >= wired.settings.send_range_hour
        with wired.database.begin() as transaction:
            from idp.pages.sending import new_number_verified

            new_number_verified(transaction, wired, f"+4915110000{i:03}", "DE", ground.clock())
        ground.clock.now += 400
    assert ask(ground, "+4915110000999", "DE", UUID(int=99))


@pytest.mark.parametrize(
    ("proxy", "peer", "forwarded", "counted"),
    [
        (False, "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (True, "127.0.0.1", "198.51.100.1", "198.51.100.1"),
        (True, "127.0.0.1", "192.0.2.1, 198.51.100.1", "198.51.100.1"),
        (True, "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (True, "127.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (True, "127.0.0.1", "2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        (True, "127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        (True, "127.0.0.1", "junk", "unknown"),
        (True, "127.0.0.1", "", "unknown"),
    ],
)
def test_H_02_an_address_is_believed_of_the_proxy_only_and_counted_by_household(
    template, tmp_path, proxy, peer, forwarded, counted
):
    from idp.pages.client_address import client_address

    made = copy_ground(template, tmp_path, behind_proxy=proxy)
    headers = {"X-Forwarded-For": forwarded}
    with made.app.test_request_context("/", base_url=ORIGIN, headers=headers, environ_base={"REMOTE_ADDR": peer}):
        assert client_address(made.provider) == counted
    made.provider.database.engine.dispose()
