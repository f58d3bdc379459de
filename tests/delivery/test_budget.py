"""A message is paid for by the act that names the first gateway: once, and only if somebody is asked."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest
from sqlalchemy import select, text

from idp.delivery.budget import Cost, Till, money_counts
from idp.delivery.outbox import HandedOver, LeftUncertain, NotDelivered, Undeliverable
from idp.storage.dispatches import SqlDispatches
from idp.storage.ledger import SqlLedger
from idp.storage.models_messages import Dispatch
from idp.storage.send_counts import SendCounts
from idp.telephony.channel import Channel
from idp.telephony.dispatch import State
from idp.telephony.exchange import MOST_TOGETHER, Exchange, Line
from idp.telephony.gateways.contract import (
    Accepted,
    Message,
    NotServed,
    OptedOut,
    OutcomeUnknown,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)
from idp.telephony.routing import Carrier
from tests.conftest import database_of
from tests.ground import copy_ground, make_ground
from tests.statements import watched

MESSAGE = Message(UUID(int=7), "+4915112345678", "482913", "DE", about=UUID(int=8))
PRICE = 770
MOST = 10  # messages that the country's budget pays


class Killed(BaseException):
    """The process ends while a gateway is asked."""


@dataclass
class Says:
    """A gateway that does what it is told, one thing a time, and then takes everything."""

    answers: list = field(default_factory=list)
    repeatable: bool = False
    carries: frozenset = frozenset(Channel)
    speaks: frozenset = frozenset({"en"})
    asked: int = 0

    def send(self, _message):
        self.asked += 1
        if self.answers:
            raise self.answers.pop(0)
        return Accepted("theirs")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request, template, tmp_path_factory):
    directory, budget = tmp_path_factory.mktemp("budget"), {"spend_country_day": MOST * PRICE}
    with ExitStack() as stack:
        if request.param == "sqlite":
            made = copy_ground(template, directory, **budget)
        else:
            server, name = (request.getfixturevalue(f"postgresql_{what}") for what in ("server", "template"))
            url = stack.enter_context(database_of(server, f"TEMPLATE {name} STRATEGY FILE_COPY"))
            made = make_ground(directory, url, secrets=template.secrets, ready=True, **budget)
        stack.callback(made.provider.database.engine.dispose)
        yield made


@pytest.fixture
def wired(shared):
    with shared.provider.database.begin() as step:
        for table in ("dispatches", "gateway_breakers", "send_counts", "opt_outs"):
            step.run(text(f"DELETE FROM {table}"))
    return shared.provider


def till_of(wired):
    ledger = SqlLedger(wired.database, wired.keyed.look_up)
    return Till(ledger, wired.keyed.send_count, wired.limits_in, lambda _region, _channel: PRICE, wired.clock)


def hand_over(wired, *, message=MESSAGE, **gateways):
    lines = {name: Line(Carrier(name, says.carries), says) for name, says in gateways.items()}
    memory = SqlDispatches(wired.database)
    exchange = Exchange(lines=lines, memory=memory, coverage=wired.coverage, clock=wired.clock)
    return till_of(wired).hand_over(exchange, message)


def spent(wired):
    """From the country's budget, and from the house's."""
    counts = money_counts(Cost("DE", Channel.SMS, is_new=False), 0, wired.keyed.send_count)
    with wired.database.read() as reading:
        return tuple(tally.in_day for _, tally in SendCounts(reading).find(counts, wired.clock()))


def spend(wired, messages):
    """What so many messages cost."""
    counts = money_counts(Cost("DE", Channel.SMS, is_new=False), messages * PRICE, wired.keyed.send_count)
    with wired.database.begin() as step:
        SendCounts(step).raise_all(counts, wired.clock())


def dispatch(wired):
    with wired.database.read() as reading:
        row = reading.one(select(Dispatch.gateway, Dispatch.state))
    return tuple(row) if row else None


PAID, FREE = (PRICE, PRICE), (0, 0)
DOWN = TemporaryFailure("down")


@pytest.mark.parametrize(
    ("first", "second", "outcome", "expected", "noted"),
    [
        ([], [], None, PAID, ("first", State.TRYING)),  # that it was taken is noted with the end of its row
        ([DOWN], [], None, PAID, ("second", State.TRYING)),
        ([DOWN], [RateLimited("slow")], NotDelivered, FREE, ("second", State.FAILED)),
        ([NotServed("no")], [NotServed("no")], Undeliverable, FREE, ("second", State.FAILED)),
        ([PermanentFailure("nobody there")], [], Undeliverable, FREE, ("first", State.UNREACHABLE)),
        ([OptedOut("stop")], [], Undeliverable, FREE, ("first", State.OPTED_OUT)),
        ([OutcomeUnknown("slow")], [], LeftUncertain, PAID, ("first", State.UNKNOWN)),
    ],
)
def test_what_certainly_was_not_taken_is_given_back(wired, first, second, outcome, expected, noted):
    first, second = Says(list(first)), Says(list(second))
    if outcome is None:
        assert hand_over(wired, first=first, second=second) == HandedOver("theirs")
    else:
        with pytest.raises(outcome):
            hand_over(wired, first=first, second=second)
    assert (spent(wired), dispatch(wired)) == (expected, noted)


def test_a_message_that_a_gateway_may_have_is_asked_for_again_and_not_paid_twice(wired):
    says = Says([OutcomeUnknown("slow")], repeatable=True)
    with pytest.raises(NotDelivered):
        hand_over(wired, first=says)
    assert spent(wired) == PAID
    hand_over(wired, first=says)
    assert (spent(wired), says.asked) == (PAID, 2)


def test_a_worker_that_dies_while_a_gateway_is_asked_leaves_behind_whom_it_asked_and_that_it_is_paid(wired):
    with pytest.raises(Killed):
        hand_over(wired, first=Says([Killed()]))
    assert (spent(wired), dispatch(wired)) == (PAID, ("first", State.TRYING))
    with pytest.raises(LeftUncertain):
        hand_over(wired, first=Says(), second=Says())
    assert spent(wired) == PAID


def test_where_nobody_is_asked_nothing_is_paid(wired):
    with pytest.raises(Undeliverable, match="nobody carries"):
        hand_over(wired)
    assert (spent(wired), dispatch(wired)) == (FREE, ("", State.FAILED))


def test_a_budget_that_is_used_up_stops_it_before_anybody_is_asked(shared, wired):
    spend(wired, MOST)
    before, says = spent(wired), Says()
    with pytest.raises(Undeliverable, match="budget used up: country-money"):
        hand_over(wired, first=says)
    assert (spent(wired), dispatch(wired), says.asked) == (before, None, 0)
    assert shared.events()[-1] == "provider:send_limit:met"


def test_many_messages_at_once_are_paid_to_the_last_cent_and_not_one_too_many(wired):
    says = Says()

    def one(number):
        try:
            return hand_over(wired, message=replace(MESSAGE, id=UUID(int=number)), first=says)
        except Undeliverable:
            return None

    with ThreadPoolExecutor(8) as workers:
        taken = [found for found in workers.map(one, range(1, 3 * MOST)) if found is not None]
    assert len(taken) == says.asked == MOST
    assert spent(wired) == (MOST * PRICE, MOST * PRICE)


def test_of_two_workers_that_take_up_one_message_the_first_asks_and_pays(wired):
    """The lease of the one had ended while it was looking."""
    says = Says()

    class Late(SqlDispatches):
        def begin(self, outline, now):
            past = super().begin(outline, now)
            hand_over(wired, first=says)
            return past

    exchange = Exchange(
        lines={"first": Line(Carrier("first", says.carries), says)},
        memory=Late(wired.database),
        coverage=wired.coverage,
        clock=wired.clock,
    )
    with pytest.raises(NotDelivered, match="another worker has it") as refusal:
        till_of(wired).hand_over(exchange, MESSAGE)
    assert refusal.value.uncertain
    assert (spent(wired), dispatch(wired), says.asked) == (PAID, ("first", State.TRYING), 1)


# Several at once.


def exchange_of(wired, **gateways):
    lines = {name: Line(Carrier(name, says.carries), says) for name, says in gateways.items()}
    return Exchange(lines=lines, memory=SqlDispatches(wired.database), coverage=wired.coverage, clock=wired.clock)


def priced(wired, numbers, region="DE", *, is_new=False):
    """So many messages, each about something else."""
    till = till_of(wired)
    return [
        replace(
            MESSAGE,
            id=UUID(int=number),
            about=UUID(int=number << 8),
            region=region,
            payment=till.payment(region, Channel.SMS, is_new=is_new),
        )
        for number in numbers
    ]


def begun(messages):
    return [message.payment.begun for message in messages]


def dispatches(wired):
    with wired.database.read() as reading:
        rows = reading.all(select(Dispatch.gateway, Dispatch.state, Dispatch.tried).order_by(Dispatch.id))
    return [tuple(row) for row in rows]


def known_counters(wired):
    """A message that was paid for before: counters that are not there yet are another way."""
    hand_over(wired, message=replace(MESSAGE, id=UUID(int=10**6)), first=Says())
    with wired.database.begin() as step:
        step.run(text("DELETE FROM dispatches"))
        step.run(text("UPDATE send_counts SET in_hour = 0, in_day = 0"))


def test_several_messages_are_paid_for_and_noted_in_one_act_before_anybody_is_asked(wired):
    known_counters(wired)
    says, messages, sent = Says(), priced(wired, range(1, 4)), []
    exchange = exchange_of(wired, first=says)
    exchange.memory.measured([("DE", Channel.SMS)], wired.clock())
    with watched(wired.database, sent.append):
        exchange.begin(messages)
    assert [what for what in ("UPDATE", "INSERT") for one in sent if one.startswith(what)] == ["UPDATE"] * 2 + [
        "INSERT"
    ]
    assert (begun(messages), says.asked, spent(wired)) == (["first"] * 3, 0, (3 * PRICE, 3 * PRICE))
    assert dispatches(wired) == [("first", State.TRYING, "")] * 3
    for message in messages:
        assert till_of(wired).hand_over(exchange, message) == HandedOver("theirs")
    assert (says.asked, spent(wired)) == (3, (3 * PRICE, 3 * PRICE))


def test_messages_to_two_countries_are_paid_from_each_and_together_from_the_houses(wired):
    known_counters(wired)
    hand_over(wired, message=replace(MESSAGE, region="VN"), first=Says())  # its counter is there now
    before = spent(wired)
    messages = priced(wired, (1, 2)) + priced(wired, (3,), "VN")
    exchange_of(wired, first=Says()).begin(messages)
    assert begun(messages) == ["first"] * 3
    assert [after - then for after, then in zip(spent(wired), before, strict=True)] == [2 * PRICE, 3 * PRICE]


@pytest.mark.parametrize("refusal", ["budget", "breaker", "known", "counters"])
def test_what_cannot_be_begun_together_leaves_nothing_behind_and_each_goes_by_itself(wired, refusal):
    if refusal != "counters":
        known_counters(wired)
    says = Says()
    exchange, messages = exchange_of(wired, first=says), priced(wired, (1, 2, 3))
    if refusal == "budget":
        spend(wired, MOST - 2)
    if refusal == "breaker":
        exchange.memory.did_badly("first", Channel.SMS, wired.clock())
    if refusal == "known":
        with pytest.raises(Killed):
            hand_over(wired, message=messages[0], first=Says([Killed()]))
        messages[0] = priced(wired, (1,))[0]
    before = spent(wired), dispatches(wired)
    exchange.begin(messages)
    assert (begun(messages), spent(wired), dispatches(wired)) == ([""] * 3, *before)
    taken = []
    for message in messages:
        with suppress(Undeliverable, LeftUncertain):
            taken.append(till_of(wired).hand_over(exchange, message))
    assert len(taken) == says.asked == {"budget": 2, "known": 2}.get(refusal, 3)


def test_another_gateways_breaker_or_channel_keeps_nobody_from_it(wired):
    known_counters(wired)
    exchange, messages = exchange_of(wired, first=Says()), priced(wired, (1,))
    exchange.memory.did_badly("second", Channel.SMS, wired.clock())
    exchange.memory.did_badly("first", Channel.VOICE, wired.clock())
    exchange.begin(messages)
    assert begun(messages) == ["first"]


@pytest.mark.parametrize(
    ("first", "second", "outcome", "expected", "noted"),
    [
        ([DOWN], [], None, PAID, ("second", State.TRYING, "first")),
        ([DOWN], [RateLimited("slow")], NotDelivered, FREE, ("second", State.FAILED, "first")),
        ([NotServed("no")], [NotServed("no")], Undeliverable, FREE, ("second", State.FAILED, "first")),
        ([PermanentFailure("nobody there")], [], Undeliverable, FREE, ("first", State.UNREACHABLE, "")),
        ([OptedOut("stop")], [], Undeliverable, FREE, ("first", State.OPTED_OUT, "")),
        ([OutcomeUnknown("slow")], [], LeftUncertain, PAID, ("first", State.UNKNOWN, "")),
    ],
)
def test_what_was_begun_together_fails_as_any_other_and_is_paid_once(wired, first, second, outcome, expected, noted):
    known_counters(wired)
    exchange = exchange_of(wired, first=Says(list(first)), second=Says(list(second)))
    messages = priced(wired, (1,))
    exchange.begin(messages)
    assert (begun(messages), spent(wired)) == (["first"], PAID)
    if outcome is None:
        till_of(wired).hand_over(exchange, messages[0])
    else:
        with pytest.raises(outcome):
            till_of(wired).hand_over(exchange, messages[0])
    assert (spent(wired), dispatches(wired)) == (expected, [noted])


def test_a_worker_that_dies_after_it_has_begun_several_leaves_behind_who_may_have_them(wired):
    known_counters(wired)
    exchange_of(wired, first=Says()).begin(priced(wired, (1, 2)))
    says = Says()
    for message in priced(wired, (1, 2)):
        with pytest.raises(LeftUncertain):
            till_of(wired).hand_over(exchange_of(wired, first=says), message)
    assert (says.asked, spent(wired)) == (0, (2 * PRICE, 2 * PRICE))


def test_workers_that_begin_several_at_once_pay_to_the_last_cent_and_not_one_too_many(wired):
    known_counters(wired)
    says = Says()

    def several(number):
        exchange, messages = exchange_of(wired, first=says), priced(wired, range(number * 3, number * 3 + 3))
        exchange.begin(messages)
        for message in messages:
            with suppress(Undeliverable):
                till_of(wired).hand_over(exchange, message)

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(several, range(1, MOST)))
    assert says.asked == MOST
    assert spent(wired) == (MOST * PRICE, MOST * PRICE)


def test_of_very_many_some_are_begun_by_one_act_and_others_by_the_next(wired):
    known_counters(wired)
    messages = priced(wired, range(1, MOST + 3))  # the second act is not paid
    exchange_of(wired, first=Says()).begin(messages)
    assert begun(messages) == ["first"] * MOST_TOGETHER + [""] * (MOST + 2 - MOST_TOGETHER)
    assert spent(wired) == (MOST_TOGETHER * PRICE, MOST_TOGETHER * PRICE)


def test_what_several_together_take_over_the_alarm_mark_is_told_once(shared, wired, caplog):
    known_counters(wired)
    exchange, messages = exchange_of(wired, first=Says()), priced(wired, range(1, MOST_TOGETHER + 1))
    spend(wired, 1)
    before = shared.events().count("provider:send_limit:near")
    exchange.begin(messages)
    for message in messages:
        till_of(wired).hand_over(exchange, message)
    assert shared.events().count("provider:send_limit:near") == before + 1
    assert caplog.text.count("budget country-money of DE at 90 %") == 1
