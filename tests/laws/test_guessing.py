"""Law 3 for what is guessed: `idp serve` workers on one database compare at most five tries of a code (O-01)."""

import http.client
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from idp.authenticators.phone_code import MAX_ATTEMPTS
from tests.ground import ORIGIN, Ground
from tests.hostile.listener import serving
from tests.second_proofs import give_printed, here

WORKERS = 4
TRIES = 100
RUNNERS = 20


@pytest.mark.parametrize("way", ["code", pytest.param("printed", marks=pytest.mark.long)])
def test_O_01_of_a_hundred_tries_at_once_on_four_workers_five_are_compared(either_ground, tmp_path, way):
    ground: Ground = either_ground
    ground.clock.now = int(time.time())  # the workers have the real clock
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    right = give_printed(ground, citizen.person)[0]
    browser.authorize(service)
    browser.passkey(citizen)
    if way == "printed":
        browser.get(f"{here(browser)}/printed")
    else:
        right = ground.codes()[0]
    form = browser.form(f"/sign-in/{way}")
    cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in browser.client._cookies.values())
    headers = {
        "Host": "localhost:9000",
        "Origin": ORIGIN,
        "Cookie": cookies,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    wrong = [f"{(int(right) + 1 + i) % 10**6:06}" if way == "code" else f"0000-{i:04}" for i in range(TRIES)]
    start = Barrier(RUNNERS)
    with (
        serving(tmp_path, ground.provider.settings.database_url, WORKERS) as port,
        ThreadPoolExecutor(RUNNERS) as pool,
    ):

        def guess(typed: str, *, wait: bool = True) -> int:
            if wait:
                start.wait()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                connection.request("POST", f"/sign-in/{way}", urlencode(form | {"code": typed}), headers)
                response = connection.getresponse()
                response.read()
                return response.status
            finally:
                connection.close()

        answers = Counter(pool.map(guess, wrong))
        assert sum(answers.values()) == TRIES
        assert not [status for status in answers if status >= 500]
        guess(right, wait=False)
    with ground.provider.database.read() as reading:
        event = "person:phone_code:refused" if way == "code" else "person:second_proof:refused"
        rows = reading.all(text("SELECT detail FROM audit_events WHERE event = :event"), event=event)
        sign_in = reading.all(text("SELECT session_id, code_attempts, other_attempts FROM sign_ins"))[0]
    compared = [row.detail for row in rows if any(f'"attempts":{n}' in row.detail for n in range(1, MAX_ATTEMPTS + 1))]
    assert len(compared) == MAX_ATTEMPTS
    assert sign_in.session_id is None  # the right one came too late
    counted = sign_in.code_attempts if way == "code" else sign_in.other_attempts
    assert MAX_ATTEMPTS <= counted <= MAX_ATTEMPTS + 1
