"""A gateway that is silent holds a worker and nobody else: people sign in meanwhile, and their messages wait."""

import json
from threading import Event, Thread

import pytest

from idp.delivery.commands import make_worker
from idp.storage.dispatches import SqlDispatches, dispatches_about
from idp.storage.outbox import SqlOutbox
from idp.telephony.channel import Channel
from idp.telephony.dispatch import State
from idp.telephony.exchange import Exchange, Line
from idp.telephony.gateways.contract import Accepted
from idp.telephony.routing import Carrier

OTHER = "+4915112345678"


class Silent:
    """Takes a message only once it is told to."""

    carries, speaks, repeatable = frozenset(Channel), frozenset({"ko"}), True

    def __init__(self):
        self.asked, self.go_on = Event(), Event()
        self.numbers = []

    def send(self, message):
        self.numbers.append(message.to)
        self.asked.set()
        assert self.go_on.wait(60)
        return Accepted("late")


@pytest.fixture
def silent():
    made = Silent()
    yield made
    made.go_on.set()


@pytest.fixture
def worker(ground, silent):
    wired = ground.provider
    lines = {"silent": Line(Carrier("silent", silent.carries), silent)}
    memory = SqlDispatches(wired.database)
    exchange = Exchange(lines=lines, memory=memory, coverage=wired.coverage, clock=wired.clock)
    return make_worker(wired.settings, SqlOutbox(wired.database), wired.sealers.outbox, wired.clock, exchange)


def test_people_sign_in_while_a_gateway_says_nothing(ground, silent, worker):
    service, citizen = ground.register(), ground.enrol()
    first = ground.browser()
    first.authorize(service)
    first.passkey(citizen)
    (item,) = worker.store.lease(ground.clock(), 10, 60)
    stuck = Thread(target=worker.handle, args=(item,))
    stuck.start()
    assert silent.asked.wait(60)
    second = ground.enrol(number=OTHER)
    assert ground.browser().sign_in(service, second)["code"]
    assert silent.numbers == [citizen.number], "no request of a sign-in waits for a gateway, or asks one"
    assert stuck.is_alive()
    silent.go_on.set()
    stuck.join(60)
    with ground.provider.database.read() as reading:
        (told,) = dispatches_about(reading, _sign_in(item, worker))
    assert (told.gateway, told.state) == ("silent", State.HANDED_OVER)
    (waiting,) = worker.store.lease(ground.clock(), 10, 60)
    worker.handle(waiting)
    assert silent.numbers == [citizen.number, OTHER]


def _sign_in(item, worker):
    """What the message was about."""
    payload = worker.open_payload(item)
    assert json.loads(payload[16:])
    return type(item.id)(bytes=payload[:16])
