"""Q-03: of many that complete one pushed request at once exactly one gets a code, on both databases."""

import os
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from idp.keys.handles import new_handle
from idp.protocol.request_source import Source
from idp.storage.pushed_requests import PushedRequests
from tests.ground import visible
from tests.signed_requests import push

WORKERS = 4
ROUNDS = [15, pytest.param(1_000, marks=[pytest.mark.long, pytest.mark.timeout(1_800)])]


def add(ground):
    wired = ground.provider
    handle = new_handle(wired.world.new_id(), os.urandom)
    with wired.database.begin() as transaction:
        source = Source({"scope": "openid", "state": "한글 \u0000"}, signed=True)
        PushedRequests(transaction).add(handle, "rp", source, now=1, expires_at=91)
    return handle


def test_what_was_pushed_is_found_again_by_its_secret_or_its_row(either_ground):
    handle, other = add(either_ground), add(either_ground)
    with either_ground.provider.database.read() as reading:
        requests = PushedRequests(reading)
        found = requests.find(handle)
        assert found == requests.of_row(handle.id)
        assert (found.client_id, found.created_at, found.expires_at, found.used) == ("rp", 1, 91, False)
        assert found.source == Source({"scope": "openid", "state": "한글 \u0000"}, pushed=str(handle.id), signed=True)
        assert requests.find(type(handle)(id=handle.id, digest=other.digest, text="")) is None


def test_it_is_taken_once(either_ground):
    handle = add(either_ground)
    with either_ground.provider.database.begin() as transaction:
        requests = PushedRequests(transaction)
        assert [requests.take(handle.id, 5) for _ in range(2)] == [True, False]
        assert requests.find(handle).used
        assert not requests.take(UUID(int=1), 5)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_Q_03_one_of_many_at_once_gets_the_code(either_ground, rounds):
    ground = either_ground
    service, citizen = ground.register(), ground.enrol()
    browsers = [ground.browser() for _ in range(WORKERS)]
    for browser in browsers:
        browser.sign_in(service, citizen)
        ground.clock.now += 61  # another code may be sent
    before = ground.rows("grants")

    def visit(browser, query):
        return browser.get("/authorize", query_string=query)

    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in range(rounds):
            pushed = push(ground, service).get_json()
            query = {"client_id": service.id, "request_uri": pushed["request_uri"]}
            answers = list(pool.map(visit, browsers, [query] * WORKERS))
            assert sorted(a.status_code for a in answers) == [303] + [400] * (WORKERS - 1), [
                visible(a)[:80] for a in answers
            ]
            won = next(a for a in answers if a.status_code == 303)
            assert "code" in parse_qs(urlsplit(won.headers["Location"]).query)
            ground.clock.now += 1  # within the session's idle time by its own use
    assert ground.rows("grants") == before + rounds


@pytest.mark.parametrize("rounds", ROUNDS)
def test_Q_03_one_of_many_at_once_takes_the_row(either_ground, rounds):
    def take(row):
        with either_ground.provider.database.begin() as transaction:
            return PushedRequests(transaction).take(row, 5)

    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in range(rounds):
            row = add(either_ground).id
            assert sum(pool.map(take, [row] * WORKERS)) == 1
