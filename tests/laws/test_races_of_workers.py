"""Law 3 between processes: whole `idp serve` workers on one database race for one code (abuse case C-01)."""

import http.client
import json
import time
from base64 import b64encode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, local
from typing import Self
from urllib.parse import urlencode

import pytest
from sqlalchemy import update

from idp.storage.models import SigningKey
from tests.ground import VERIFIER, Ground, Registered
from tests.hostile.listener import serving

WORKERS = 3
RUNNERS = 6
BATCH = 50  # codes made at once: they live for a minute


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
def test_C_01_law_3_workers_redeem_a_code_once(either_ground, tmp_path, rounds):
    ground: Ground = either_ground
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    with ground.provider.database.begin() as transaction:
        transaction.run(update(SigningKey).values(published_at=0, signs_from=0))  # the tests' clock is ahead of theirs
    headers, seen, start = headers_of(service), Counter(), Barrier(RUNNERS)
    url = ground.provider.settings.database_url
    with serving(tmp_path, url, WORKERS) as port, Line(port) as line, ThreadPoolExecutor(RUNNERS) as pool:

        def redeem(form: dict[str, str]) -> int:
            start.wait()
            return line.post(form, headers)

        for done in range(0, rounds, BATCH):
            ground.clock.now = int(time.time())  # the workers have the real clock
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
    assert ground.rows("access_tokens") == ground.events().count("client:token:issued") == rounds
