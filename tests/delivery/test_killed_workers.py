"""Workers that are killed while a vendor has their message: no code is lost, and none goes out twice."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from uuid import UUID

import pytest
from sqlalchemy import select

from idp.delivery.worker import LEASE_SECONDS
from idp.storage.models import OutboxRow
from idp.storage.outbox import DUE_SINCE, Fate, fate_of
from idp.telephony.gateways.file import read_messages
from tests.contracts import vendor as vendors
from tests.contracts.dialects import RELAY, TWILIO
from tests.delivery.fakes import NOW
from tests.delivery.processes import add_message, open_database

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = 6
STILL_SECONDS = 10  # in which a busy machine's worker would have begun with what is due


class Vendor:
    """A vendor that kills two workers, each when it asks for the second time; a relay keeps its promise as well."""

    kind = "relay"

    def __init__(self, vendor):
        self.vendor = vendor
        self.sent = Counter()
        self.worker: subprocess.Popen | None = None
        self.kill_when = ""
        self.kills = 2
        self.asked = 0  # by this worker
        self.dying = False
        self.one = Lock()  # a worker asks for several messages at once
        vendor.next = self.answer

    def begin(self, worker):
        self.worker, self.asked, self.dying = worker, 0, False

    def is_the_end(self, when):
        with self.one:
            self.asked += when == "kill_before"
            if when != self.kill_when or self.dying or self.asked < 2 or not self.kills:
                return False
            self.dying = True
            self.kills -= 1
            return True

    def answer(self, handler):
        key = handler.headers["Idempotency-Key"]  # Twilio's API does not read it
        if self.is_the_end("kill_before"):
            self.kill(handler)
            return
        with self.one:
            new = self.kind != "relay" or key not in self.sent
            self.sent[key] += new
        if self.is_the_end("kill_after"):
            self.kill(handler)
            return
        if self.kind == "relay":
            handler.answer(202 if new else 409, {"id": f"r-{key}"})
        else:
            handler.answer(201, {"sid": f"SM{len(self.vendor.asked)}"})

    def kill(self, handler):
        os.kill(self.worker.pid, signal.SIGKILL)
        handler.close_connection = True


class Forgetful(Vendor):
    """One that would not notice a repetition."""

    kind = "twilio"


@pytest.fixture(params=[(Vendor, RELAY)])
def relay(request):
    kind, dialect = request.param
    vendor, server = vendors.start(dialect)
    made = kind(vendor)
    yield made
    vendor.over.set()
    if made.worker is not None:
        made.worker.kill()
        made.worker.communicate()
    server.shutdown()
    server.server_close()


def work(relay, directory, now):
    """A worker, until it is killed or has nothing more to do at `now`, where its clock stands still."""
    words = [
        sys.executable,
        "-m",
        "tests.delivery.processes",
        str(directory),
        str(now),
        relay.vendor.address,
        relay.kind,
    ]
    relay.begin(subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    database, seen, since = open_database(directory), None, monotonic()
    while relay.worker.poll() is None:
        rows = waiting(database)
        if rows != seen:
            seen, since = rows, monotonic()
        idle = all(row.due_at > now for row in rows) and monotonic() - since > STILL_SECONDS
        if not rows or idle:
            relay.worker.terminate()
            break
        sleep(0.05)
    database.engine.dispose()
    relay.worker.communicate(timeout=60)
    return relay.worker.returncode


def waiting(database):
    with database.read() as reading:
        return reading.all(select(OutboxRow.id, DUE_SINCE.label("due_at")).where(OutboxRow.due_at.is_not(None)))


@pytest.mark.parametrize("when", [pytest.param("kill_before", marks=pytest.mark.long), "kill_after"])
def test_no_code_is_lost_and_none_goes_out_twice_when_workers_are_killed(tmp_path, relay, when):
    """Killed before the vendor took a message, or after it did and before the worker heard of it."""
    for number in range(1, MESSAGES + 1):
        add_message(tmp_path, NOW, number)
    relay.kill_when = when
    ends = []
    for lease in range(5):
        ends.append(work(relay, tmp_path, NOW + lease * LEASE_SECONDS))
        if not waiting(open_database(tmp_path)):
            break
    assert ends[:2] == [-signal.SIGKILL, -signal.SIGKILL]
    assert ends[-1] == 0
    assert relay.sent == {str(UUID(int=number)): 1 for number in range(1, MESSAGES + 1)}
    assert read_messages(tmp_path / "messages.jsonl") == [], "nobody else carried what the relay may have had"


@pytest.mark.parametrize("relay", [(Forgetful, TWILIO)], indirect=True)
@pytest.mark.parametrize("when", [pytest.param("kill_after", marks=pytest.mark.long), "kill_before"])
def test_where_a_repetition_would_not_be_noticed_nothing_is_repeated_and_the_page_says_so(tmp_path, relay, when):
    """Whether the vendor had it when the worker was killed, nobody can know: the person is told, and decides."""
    for number in range(1, MESSAGES + 1):
        add_message(tmp_path, NOW, number)
    relay.kill_when = when
    for lease in range(5):
        work(relay, tmp_path, NOW + lease * LEASE_SECONDS)
        if not waiting(open_database(tmp_path)):
            break
    assert set(relay.sent.values()) == {1}
    assert read_messages(tmp_path / "messages.jsonl") == [], "nobody else carried what the vendor may have had"
    with open_database(tmp_path).read() as reading:
        fates = {number: fate_of(reading, UUID(int=number), NOW) for number in range(1, MESSAGES + 1)}
    assert Fate.UNCERTAIN in fates.values()
    assert set(fates.values()) <= {Fate.SENT, Fate.UNCERTAIN}  # several are on their way at once: all may be in doubt
    assert {str(UUID(int=number)) for number, fate in fates.items() if fate is Fate.SENT} <= set(relay.sent)
    never_sent = {number for number in fates if str(UUID(int=number)) not in relay.sent}
    assert all(fates[number] is Fate.UNCERTAIN for number in never_sent), "nobody waits for what does not come"
