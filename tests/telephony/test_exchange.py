"""The exchange: who is asked, in which order, and what a failure leads to. Over the real memory, on SQLite."""

from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest
from sqlalchemy import text

from idp.delivery.outbox import HandedOver
from idp.storage.dispatches import SqlDispatches, dispatches_about, settle
from idp.storage.outbox import SqlOutbox
from idp.telephony.breaker import FAILURES_TO_OPEN, PROBE_SECONDS, Breaker, pause_after
from idp.telephony.channel import Channel
from idp.telephony.coverage import Coverage, change, load_coverage
from idp.telephony.dispatch import Outline, State
from idp.telephony.exchange import TRY_SECONDS, Exchange, Line
from idp.telephony.gateways.contract import (
    Accepted,
    GatewayError,
    LeftOpen,
    Message,
    NotServed,
    OptedOut,
    OutcomeUnknown,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)
from idp.telephony.routing import Carrier
from tests.ground import Ground, copy_ground

ABOUT = UUID(int=99)
SMS, VOICE = Channel.SMS, Channel.VOICE


@dataclass
class Fake:
    """A gateway that does what it is told, and remembers what it was asked."""

    name: str
    failures: list = field(default_factory=list)
    always: GatewayError | None = None
    repeatable: bool = False
    carries: frozenset = frozenset(Channel)
    speaks: frozenset = frozenset({"ko", "en"})
    asked: list = field(default_factory=list)
    clock: object = None
    takes: int = 0

    def send(self, message):
        self.asked.append(message)
        if self.clock:
            self.clock.now += self.takes
        failure = self.failures.pop(0) if self.failures else self.always
        if failure:
            raise failure
        return Accepted(f"{self.name}-{len(self.asked)}")


@pytest.fixture(scope="module")
def shared(template, tmp_path_factory):
    made = copy_ground(template, tmp_path_factory.mktemp("exchange"))
    yield made
    made.provider.database.engine.dispose()


@pytest.fixture
def ground(shared):
    with shared.provider.database.begin() as transaction:
        for table in ("dispatches", "gateway_breakers", "message_counts", "country_overrides"):
            transaction.run(text(f"DELETE FROM {table}"))
    return shared


@dataclass
class Scene:
    ground: Ground
    gateways: dict
    coverage: Coverage
    numbers: int = 0

    @property
    def exchange(self):
        """Made anew each time: what it knows stands in the database, as for another worker."""
        wired = self.ground.provider
        lines = {name: Line(Carrier(name, fake.carries), fake) for name, fake in self.gateways.items()}
        memory = SqlDispatches(wired.database)
        return Exchange(lines=lines, memory=memory, coverage=lambda: self.coverage, clock=wired.clock)

    def message(self, **changed):
        self.numbers += 1
        one = Message(UUID(int=self.numbers), "+4915112345678", "482913", "DE", about=UUID(int=1000 + self.numbers))
        return replace(one, **changed)

    def send(self, message=None, **changed):
        """As the worker does: what was taken is noted with the end of its row."""
        message = message or self.message(**changed)
        accepted = self.exchange.send(message)
        SqlOutbox(self.ground.provider.database).delivered(message.id, HandedOver(accepted.vendor_id))
        return accepted

    def breakers(self):
        """Those that are not at rest, as the next message would find them."""
        outline = Outline(id=UUID(int=0), about=None, channel=SMS, region="DE", asked_at=0, price=0)
        return self.exchange.memory.begin(outline, 0).breakers

    def asked(self):
        return {name: len(fake.asked) for name, fake in self.gateways.items() if fake.asked}

    def states(self, about):
        with self.ground.provider.database.read() as reading:
            return [(one.gateway, one.state, one.tried) for one in dispatches_about(reading, about)]


@pytest.fixture
def scene(ground):
    settings = ground.provider.settings
    coverage = load_coverage(settings.countries_file, ["infobip", "twilio", "vonage", "sns", "solapi"])
    germany = change(coverage.of("DE"), {"gateways": ["first", "second", "third"], "sender": "KOREA"})
    coverage = replace(coverage, countries={**coverage.countries, "DE": germany})
    return Scene(ground, {name: Fake(name) for name in ("third", "second", "first")}, coverage)


def test_the_countrys_first_gateway_is_asked_and_in_its_name(scene):
    message = scene.message()
    assert scene.send(message).vendor_id == "first-1"
    assert scene.asked() == {"first": 1}
    assert scene.gateways["first"].asked[0].sender == "KOREA"
    assert scene.states(message.about) == [("first", State.HANDED_OVER, ())]


@pytest.mark.parametrize("failure", [TemporaryFailure("x"), RateLimited("x", 30), NotServed("x")])
def test_the_next_gateway_is_asked_at_once_under_the_same_id(scene, failure):
    scene.gateways["first"].failures = [failure]
    message = scene.message()
    assert scene.send(message).vendor_id == "second-1"
    assert scene.gateways["second"].asked[0].id == message.id
    assert scene.states(message.about) == [("second", State.HANDED_OVER, ("first",))]


@pytest.mark.parametrize(
    ("failure", "state"), [(OptedOut("x"), State.OPTED_OUT), (PermanentFailure("x"), State.UNREACHABLE)]
)
def test_nobody_is_asked_after_an_opt_out_or_for_a_number_that_is_none(scene, failure, state):
    scene.gateways["first"].failures = [failure]
    message = scene.message()
    with pytest.raises(type(failure)):
        scene.send(message)
    assert scene.asked() == {"first": 1}
    assert scene.states(message.about) == [("first", state, ())]


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        ([TemporaryFailure("a"), NotServed("b"), NotServed("c")], TemporaryFailure),
        ([NotServed("a"), NotServed("b"), NotServed("c")], NotServed),
        ([RateLimited("a", 60), RateLimited("b", 20), RateLimited("c", 40)], RateLimited),
        ([RateLimited("a", 60), NotServed("b"), NotServed("c")], TemporaryFailure),
    ],
)
def test_when_nobody_takes_it_the_failure_says_whether_it_may_pass(scene, failures, expected):
    for name, failure in zip(("first", "second", "third"), failures, strict=True):
        scene.gateways[name].failures = [failure]
    message = scene.message()
    with pytest.raises(GatewayError) as refusal:
        scene.send(message)
    assert type(refusal.value) is expected
    assert str(refusal.value) == "a; b; c"
    assert scene.states(message.about) == [("third", State.FAILED, ("first", "second"))]
    if expected is RateLimited:
        assert refusal.value.retry_after == 20


def test_one_that_recognises_repetitions_is_asked_again_when_it_may_have_the_message(scene):
    scene.gateways["first"].repeatable = True
    scene.gateways["first"].failures = [OutcomeUnknown("x")]
    message = scene.message()
    with pytest.raises(OutcomeUnknown):
        scene.send(message)
    assert scene.states(message.about) == [("first", State.UNKNOWN, ())]
    assert scene.send(message).vendor_id == "first-2"
    assert scene.asked() == {"first": 2}
    assert {one.id for one in scene.gateways["first"].asked} == {message.id}


@pytest.mark.parametrize("second", [OutcomeUnknown("x"), TemporaryFailure("x"), RateLimited("x", 1), NotServed("x")])
def test_what_a_gateway_may_have_never_goes_to_another(scene, second):
    """Silent twice, or silent and then not there: a second gateway would bring the code twice."""
    scene.gateways["first"].repeatable = True
    scene.gateways["first"].failures = [OutcomeUnknown("x"), second]
    message = scene.message()
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            scene.send(message)
    assert scene.asked() == {"first": 2}
    assert scene.states(message.about) == [("first", State.UNKNOWN, ())]


def test_one_that_may_have_it_and_is_left_alone_meanwhile_is_asked_afterwards_and_nobody_before(scene):
    scene.gateways["first"].repeatable = True
    scene.gateways["first"].failures = [OutcomeUnknown("x")]
    message = scene.message()
    with pytest.raises(OutcomeUnknown):
        scene.send(message)
    scene.exchange.memory.pause("first", SMS, scene.ground.clock() + 60)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown, match="left alone"):
            scene.send(message)
    assert scene.states(message.about) == [("first", State.UNKNOWN, ())]
    scene.ground.clock.now += 60
    assert scene.send(message).vendor_id == "first-2"
    assert scene.asked() == {"first": 2}


def test_one_that_would_not_notice_a_repetition_is_asked_once_and_nobody_after_it(scene):
    """The vendor answered nothing: the code may be on its way, and what follows is the person's choice."""
    scene.gateways["first"].failures = [OutcomeUnknown("x")]
    message = scene.message()
    for _ in range(3):  # whoever takes the row up again finds the same
        with pytest.raises(LeftOpen):
            scene.send(message)
    assert scene.asked() == {"first": 1}
    assert scene.states(message.about) == [("first", State.UNKNOWN, ())]


def test_the_persons_own_next_message_goes_by_another_gateway_than_the_silent_one(scene):
    scene.gateways["first"].failures = [OutcomeUnknown("x")]
    with pytest.raises(LeftOpen):
        scene.send(scene.message(about=ABOUT))
    assert scene.send(scene.message(about=ABOUT)).vendor_id == "second-1"


class Killed(BaseException):
    pass


@pytest.mark.parametrize("repeatable", [True, False])
def test_what_a_dead_worker_left_behind_goes_to_who_may_have_it_or_to_nobody(scene, repeatable):
    """Killed while the second gateway was asked: only one that notices a repetition is asked again."""
    message = scene.message()
    scene.gateways["second"].repeatable = repeatable
    scene.gateways["first"].failures = [TemporaryFailure("x")]
    scene.gateways["second"].failures = [Killed()]
    with pytest.raises(Killed):
        scene.send(message)
    assert scene.states(message.about) == [("second", State.TRYING, ("first",))]
    if repeatable:
        assert scene.send(message).vendor_id == "second-2"
    else:
        with pytest.raises(LeftOpen):
            scene.send(message)
    assert len(scene.gateways["first"].asked) == 1
    assert scene.gateways["third"].asked == []


@pytest.mark.parametrize("receipt", [None, State.DELIVERED, State.UNDELIVERED])
def test_what_a_gateway_has_taken_does_not_go_out_again(scene, receipt):
    """The worker died before it could say so; a receipt may have been faster than the next attempt."""
    message = scene.message()
    scene.send(message)
    if receipt:
        with scene.ground.provider.database.begin() as transaction:
            settle(transaction, gateway="first", state=receipt, now=1, message=message.id, vendor_id=None)
    assert scene.send(message).vendor_id
    assert scene.asked() == {"first": 1}


def test_another_message_about_the_same_sign_in_goes_by_another_gateway(scene):
    carried = [scene.send(scene.message(about=ABOUT, asked_at=1_800_000_000 + n)).vendor_id for n in range(3)]
    assert carried == ["first-1", "second-1", "third-1"]
    assert scene.send().vendor_id == "first-2", "another sign-in begins in front"
    assert [state for _, state, _ in scene.states(ABOUT)] == [State.HANDED_OVER] * 3


def test_a_call_goes_by_one_that_speaks_the_language(scene):
    scene.gateways["first"].carries = frozenset({SMS})
    scene.gateways["second"].speaks = frozenset({"en"})
    assert scene.send(channel=VOICE, language="ko").vendor_id == "third-1"
    assert scene.exchange.speaks == {"ko", "en"}


@pytest.mark.parametrize("changed", [{"sms": False}, {"sms": False, "voice": False}])
def test_a_closed_country_gets_nothing(scene, changed):
    closed = change(scene.coverage.of("DE"), changed)
    scene.coverage = replace(scene.coverage, countries={"DE": closed})
    message = scene.message()
    with pytest.raises(NotServed, match="nobody carries sms to DE"):
        scene.send(message)
    assert scene.asked() == {}
    assert scene.states(message.about) == [("", State.FAILED, ())]


def test_a_region_that_is_not_in_the_table_is_closed(scene):
    with pytest.raises(NotServed):
        scene.send(region="ZZ")


def test_gateways_that_take_long_to_fail_do_not_outlast_the_lease(scene):
    for fake in scene.gateways.values():
        fake.always, fake.clock, fake.takes = TemporaryFailure("slow"), scene.ground.clock, TRY_SECONDS + 1
    with pytest.raises(TemporaryFailure):
        scene.send()
    assert scene.asked() == {"first": 1}


# Breakers.


def test_a_gateway_that_keeps_failing_is_left_alone_by_every_worker_and_then_probed_by_one(scene):
    first, clock = scene.gateways["first"], scene.ground.clock
    first.always = TemporaryFailure("down")
    for _ in range(FAILURES_TO_OPEN + 3):
        assert scene.send().vendor_id.startswith("second")
    assert len(first.asked) == FAILURES_TO_OPEN
    clock.now += pause_after(FAILURES_TO_OPEN)
    seen = scene.breakers()["first"]
    probes = [scene.exchange.memory.take_probe("first", SMS, seen, clock()) for _ in range(3)]
    assert probes == [True, False, False]
    clock.now += PROBE_SECONDS
    first.always = None
    assert scene.send().vendor_id.startswith("first")
    assert scene.breakers() == {}


def test_a_probe_that_fails_doubles_the_pause(scene):
    first, clock = scene.gateways["first"], scene.ground.clock
    first.always = TemporaryFailure("down")
    for _ in range(FAILURES_TO_OPEN):
        scene.send()
    pauses = []
    for _ in range(8):
        pauses.append(scene.breakers()["first"].open_until - clock())
        clock.now += pauses[-1]
        scene.send()
    assert pauses == [30, 60, 120, 240, 480, 600, 600, 600]


def test_a_vendor_that_asks_for_a_pause_gets_it(scene):
    first, clock = scene.gateways["first"], scene.ground.clock
    first.failures = [RateLimited("x", 45)]
    scene.send()
    clock.now += 44
    scene.send()
    assert len(first.asked) == 1
    clock.now += 1
    scene.send()
    assert len(first.asked) == 2


def test_not_served_and_opted_out_say_nothing_about_the_gateway(scene):
    for failure in (NotServed("x"), PermanentFailure("x"), OptedOut("x")) * FAILURES_TO_OPEN:
        scene.gateways["first"].failures = [failure]
        try:
            scene.send()
        except GatewayError:
            continue
    assert scene.breakers() == {}


def test_calls_and_messages_have_breakers_of_their_own(scene):
    scene.gateways["first"].always = TemporaryFailure("down")
    for _ in range(FAILURES_TO_OPEN):
        scene.send()
    scene.gateways["first"].always = None
    assert scene.send(channel=VOICE, language="ko").vendor_id.startswith("first")


def test_when_all_are_left_alone_nobody_is_asked_and_it_is_tried_later(scene):
    for fake in scene.gateways.values():
        fake.always = TemporaryFailure("down")
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(TemporaryFailure):
            scene.send()
    before = scene.asked()
    message = scene.message()
    with pytest.raises(TemporaryFailure, match="left alone"):
        scene.send(message)
    assert scene.asked() == before
    assert scene.states(message.about) == [("", State.FAILED, ())]


@pytest.mark.parametrize(("failures", "pause"), [(0, 0), (4, 0), (5, 30), (6, 60), (9, 480), (10, 600), (10**9, 600)])
def test_the_pause_grows_and_ends_at_ten_minutes(failures, pause):
    assert pause_after(failures) == pause


def test_a_breaker_at_rest_lets_everything_through():
    assert not Breaker().is_open(0)
    assert not Breaker().probing(0)
