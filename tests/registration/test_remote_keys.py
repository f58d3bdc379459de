"""Keys at jwks_uri: when they are fetched, how often at most, and what holds while they cannot be."""

from threading import Barrier, Thread

import pytest

from idp.protocol.client import Client
from idp.registration.outbound import OutboundFailed
from idp.registration.remote_keys import FRESH_SECONDS, KEPT_SECONDS, RemoteKeys
from tests.registration.examples import EC, PRIVATE_EC, RSA, FakeOutbound

URI = "https://gov24.go.kr/jwks"
NEW = EC | {"kid": "new"}


class Publisher(FakeOutbound):
    """One service's JWK Set, and a clock."""

    def __init__(self, *keys):
        super().__init__({URI: {"keys": list(keys)}})
        self.now = 1000
        self.remote = RemoteKeys(self, lambda: self.now)
        self.client = Client(id="gov24", names={}, redirect_uris=(), jwks_uri=URI)

    def publish(self, *keys):
        self.documents[URI] = {"keys": list(keys)}

    def kids(self, kid, client=None):
        return [key["kid"] for key in self.remote.current(client or self.client, kid).jwks]


def test_a_client_that_gave_its_keys_keeps_them():
    publisher = Publisher()
    client = Client(id="gov24", names={}, redirect_uris=(), jwks=(EC,))
    assert publisher.remote.current(client, "ec") is client
    assert publisher.fetched == []


def test_keys_are_fetched_when_first_needed_and_then_kept():
    publisher = Publisher(EC, RSA)
    assert [publisher.kids("ec") for _ in range(5)] == [["ec", "rsa"]] * 5
    assert publisher.fetched == [URI]


def test_a_new_key_works_a_minute_after_the_last_fetch():
    publisher = Publisher(EC)
    publisher.kids("ec")
    publisher.publish(NEW)
    publisher.now += 59
    assert publisher.kids("new") == ["ec"]
    publisher.now += 1
    assert publisher.kids("new") == ["new"]
    assert len(publisher.fetched) == 2


def test_an_old_key_that_was_withdrawn_stops_working_in_time():
    publisher = Publisher(EC)
    publisher.kids("ec")
    publisher.publish(NEW)
    publisher.now += FRESH_SECONDS - 1
    assert publisher.kids("ec") == ["ec"]
    publisher.now += 1
    assert publisher.kids("ec") == ["new"]


@pytest.mark.parametrize("kid", [None, "guess"])
def test_guesses_cause_a_fetch_a_minute_at_most(kid):
    publisher = Publisher(EC)
    for _ in range(600):
        publisher.kids(kid)
        publisher.now += 1
    assert len(publisher.fetched) == 10


def test_a_service_that_cannot_be_reached_is_tried_every_ten_seconds():
    publisher = Publisher()
    publisher.documents[URI] = OutboundFailed("answered with status 500")
    for _ in range(100):
        assert publisher.kids("ec") == []
        publisher.now += 1
    assert len(publisher.fetched) == 10
    publisher.publish(EC)
    publisher.now += 10
    assert publisher.kids("ec") == ["ec"]


@pytest.mark.parametrize(
    "answer", [OutboundFailed("answered with status 500"), {"keys": [PRIVATE_EC]}, {"keys": "x"}, None]
)
def test_the_last_good_keys_stay_for_a_day(answer):
    publisher = Publisher(EC)
    publisher.kids("ec")
    publisher.documents[URI] = answer
    publisher.now += KEPT_SECONDS - 1
    assert publisher.kids("ec") == ["ec"]
    publisher.now += 11
    assert publisher.kids("ec") == []


def test_another_address_means_other_keys_at_once():
    publisher = Publisher(EC)
    publisher.kids("ec")
    moved = Client(id="gov24", names={}, redirect_uris=(), jwks_uri="https://gov24.go.kr/new")
    publisher.documents["https://gov24.go.kr/new"] = {"keys": [NEW]}
    assert publisher.kids("ec", moved) == ["new"]


def test_J_13_the_keys_of_one_service_are_no_other_services():
    publisher = Publisher(EC)
    other = Client(id="other", names={}, redirect_uris=(), jwks_uri="https://other.go.kr/jwks")
    publisher.documents["https://other.go.kr/jwks"] = {"keys": [RSA | {"kid": "ec"}]}
    publisher.kids("ec")
    assert [key["kty"] for key in publisher.remote.current(other, "ec").jwks] == ["RSA"]
    assert [key["kty"] for key in publisher.remote.current(publisher.client, "ec").jwks] == ["EC"]


def test_many_at_once_cause_one_fetch_and_all_get_its_keys():
    publisher, barrier, found = Publisher(EC), Barrier(8), []

    def ask():
        barrier.wait()
        found.append(publisher.kids("ec"))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["ec"]] * 8
    assert publisher.fetched == [URI]
