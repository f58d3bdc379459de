"""The sign-in step while the vendor of messages does well, stalls, or is down: what a person waits must not change.

The delivery worker of the run is held still and another one takes its place, which sends through a relay of ours on
loopback. Only the first two requests of a sign-in are made: the second one queues the message. States take turns in
rounds, so that a busy machine slows them alike; the times of all rounds of a state stand together.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

from tests.bench.driver import Batch, Driver, lanes_of
from tests.bench.side import Side

STALL_SECONDS = 5.0
ROUNDS = 4
WELL, STALLED, DOWN = "well", "stalled 5 s", "down"
STATES = (WELL, STALLED, DOWN)


class Relay(BaseHTTPRequestHandler):
    """Takes every message (idp/telephony/gateways/relay.py), after `pause` seconds."""

    pause: ClassVar[float] = 0.0

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(self.pause)
        body = json.dumps({"id": message["id"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the messages are nobody's."""


class Stalling(Relay):
    """The same vendor on a bad day."""

    pause = STALL_SECONDS


@contextmanager
def gateway(state: str, port: int) -> Iterator[str]:
    """The address of a relay in that state; nobody listens at the one that is down."""
    if state == DOWN:
        yield f"http://127.0.0.1:{port}/"
        return
    server = ThreadingHTTPServer(("127.0.0.1", port), Stalling if state == STALLED else Relay)
    server.daemon_threads, server.block_on_close = True, False
    serving = Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.shutdown()
        server.server_close()


def step_times(side: Side, driver: Driver, port: int, *, steps: int, clients: int) -> dict[str, list[float]]:
    """Seconds of each sign-in step by the state of the gateway; `steps` of each in a round."""
    found: dict[str, list[float]] = {state: [] for state in STATES}
    assert side.delivering_to is not None
    for number in range(ROUNDS):
        for state in _turned(STATES, number):
            people = side.people(steps)
            with gateway(state, port) as address, side.delivering_to(address):
                batch = Batch("first_proof", lanes_of(people, clients))
                found[state] += driver.run(side.target, batch).seconds
    return found


def _turned(states: Sequence[str], by: int) -> Sequence[str]:
    """The same states, beginning with another."""
    return [*states[by % len(states) :], *states[: by % len(states)]]
