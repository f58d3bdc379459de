"""A message is paid for by the act that names the first gateway: once, and only if somebody is asked."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
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
from idp.telephony.exchange import Exchange, Line
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
    full = money_counts(Cost("DE", Channel.SMS, is_new=False), MOST * PRICE, wired.keyed.send_count)
    with wired.database.begin() as step:
        SendCounts(step).raise_all(full, wired.clock())
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
