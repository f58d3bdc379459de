"""Law 3 between processes: whole `idp serve` workers on one database.

They race for one code (abuse case C-01), and of a hundred guesses at once they compare at most five (O-01).
"""

import http.client
import json
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Barrier, local
from typing import Self
from urllib.parse import urlencode
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from idp.authenticators.phone_code import MAX_ATTEMPTS
from idp.storage.models import SignIn, SigningKey
from tests.conftest import database_of
from tests.ground import ORIGIN, VERIFIER, Ground, Registered, Walker, copy_ground, make_ground
from tests.hostile.listener import serving
from tests.second_proofs import give_printed, here

WORKERS = 4
RUNNERS = 6
TRIES = 100
GUESSERS = 20
BATCH = 50  # codes made at once: they live for a minute


@dataclass(frozen=True)
class Served:
    """An installation, and the port at which four workers serve it."""

    ground: Ground
    port: int


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(request, template, tmp_path_factory) -> Iterator[Served]:
    """One for both stories on each database: starting the workers takes longer than either."""
    directory = tmp_path_factory.mktemp("served")
    with ExitStack() as stack:
        if request.param == "sqlite":
            ground = copy_ground(template, directory)
        else:
            server, copied = map(request.getfixturevalue, ("postgresql_server", "postgresql_template"))
            url = stack.enter_context(database_of(server, f"TEMPLATE {copied} STRATEGY FILE_COPY"))
            ground = make_ground(directory, url, secrets=template.secrets, ready=True)
        stack.callback(ground.provider.database.engine.dispose)
        with ground.provider.database.begin() as transaction:
            transaction.run(update(SigningKey).values(published_at=0, signs_from=0))  # our clock was ahead of theirs
        ground.clock.now = int(time.time())  # the workers have the real clock
        port = stack.enter_context(serving(directory, ground.provider.settings.database_url, WORKERS))
        yield Served(ground, port)


class Line:
    """One connection of each runner, kept open: the kernel spreads them over the workers."""

    def __init__(self, port: int) -> None:
        self.port, self.mine = port, local()
        self.open: list[http.client.HTTPConnection] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        for connection in self.open:
            connection.close()

    def post(self, form: dict[str, str], headers: dict[str, str]) -> int:
        if not hasattr(self.mine, "connection"):
            self.mine.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            self.open.append(self.mine.connection)
        connection = self.mine.connection
        connection.request("POST", "/token", urlencode(form), headers)
        response = connection.getresponse()
        body = json.loads(response.read())
        assert response.status == 200 or body["error"] == "invalid_grant", body
        return response.status


def headers_of(service: Registered) -> dict[str, str]:
    secret = b64encode(f"{service.id}:{service.secret}".encode()).decode()
    return {
        "Host": "localhost:9000",
        "Authorization": f"Basic {secret}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(20, id="short"),
        pytest.param(10_000, id="long", marks=[pytest.mark.long, pytest.mark.timeout(7200)]),
    ],
)
def test_C_01_law_3_workers_redeem_a_code_once(served, rounds):
    ground: Ground = served.ground
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    headers, seen, start = headers_of(service), Counter(), Barrier(RUNNERS)
    before = ground.rows("access_tokens")
    with Line(served.port) as line, ThreadPoolExecutor(RUNNERS) as pool:

        def redeem(form: dict[str, str]) -> int:
            start.wait()
            return line.post(form, headers)

        for done in range(0, rounds, BATCH):
            ground.clock.now = int(time.time())
            count = min(BATCH, rounds - done)
            codes = [browser.sign_in(service, citizen)["code"] for _ in range(count)]
            for code in codes:
                form = {
                    "grant_type": "authorization_code",
                    "code": code,
                    "redirect_uri": service.redirect_uri,
                    "code_verifier": VERIFIER,
                }
                answers = Counter(pool.map(redeem, [form] * RUNNERS))
                assert answers == {200: 1, 400: RUNNERS - 1}
                seen += answers
    assert seen[200] == rounds
    assert ground.rows("access_tokens") == ground.events().count("client:token:issued") == before + rounds


def post(port: int, browser: Walker, way: str, form: dict[str, str]) -> int:
    """What a worker answers to a form of this browser."""
    headers = {
        "Host": "localhost:9000",
        "Origin": ORIGIN,
        "Cookie": "; ".join(f"{cookie.key}={cookie.value}" for cookie in browser.client._cookies.values()),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", f"/sign-in/{way}", urlencode(form), headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@pytest.mark.parametrize("way", ["code", pytest.param("printed", marks=pytest.mark.long)])
def test_O_01_of_a_hundred_tries_at_once_on_four_workers_five_are_compared(served, way):
    ground: Ground = served.ground
    ground.clock.now = int(time.time())
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    right = give_printed(ground, citizen.person)[0]
    browser.authorize(service)
    browser.passkey(citizen)
    if way == "printed":
        browser.get(f"{here(browser)}/printed")
    else:
        right = ground.codes()[0]
    form = browser.form(f"/sign-in/{way}")
    wrong = [f"{(int(right) + 1 + i) % 10**6:06}" if way == "code" else f"0000-{i:04}" for i in range(TRIES)]
    start = Barrier(GUESSERS)

    def guess(typed: str) -> int:
        start.wait()
        return post(served.port, browser, way, form | {"code": typed})

    with ThreadPoolExecutor(GUESSERS) as pool:
        answers = Counter(pool.map(guess, wrong))
    assert sum(answers.values()) == TRIES
    assert not [status for status in answers if status >= 500]
    post(served.port, browser, way, form | {"code": right})
    with ground.provider.database.read() as reading:
        event = "person:phone_code:refused" if way == "code" else "person:second_proof:refused"
        rows = reading.all(text("SELECT detail FROM audit_events WHERE event = :event"), event=event)
        counts = select(SignIn.session_id, SignIn.code_attempts, SignIn.other_attempts)
        (sign_in,) = reading.all(counts.where(SignIn.id == UUID(form["sign_in"])))
    compared = [row.detail for row in rows if any(f'"attempts":{n}' in row.detail for n in range(1, MAX_ATTEMPTS + 1))]
    assert len(compared) == MAX_ATTEMPTS
    assert sign_in.session_id is None  # the right one came too late
    counted = sign_in.code_attempts if way == "code" else sign_in.other_attempts
    assert MAX_ATTEMPTS <= counted <= MAX_ATTEMPTS + 1
