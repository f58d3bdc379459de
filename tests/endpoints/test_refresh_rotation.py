"""RFC 9700 §4.14.2 on real databases: one live refresh token, lost answers forgiven once, theft noticed."""

import pytest
from sqlalchemy import inspect

from idp.storage.models import Grant, RefreshToken
from tests.ground import Ground, Registered, call
from tests.races import race

OFFLINE = "openid offline_access"


class Family:
    """A public client's grant and its newest refresh token."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.service: Registered = ground.register(token_endpoint_auth_method="none")
        self.citizen, self.browser = ground.enrol(), ground.browser()

    def begin(self) -> str:
        return self.browser.tokens(self.service, self.citizen, scope=OFFLINE)["refresh_token"]

    def refresh(self, token: str):
        return call(self.ground, "/token", {"grant_type": "refresh_token", "refresh_token": token}, self.service)

    def next(self, token: str) -> str:
        answer = self.refresh(token)
        assert answer.status_code == 200, answer.text
        return answer.get_json()["refresh_token"]

    def live(self) -> int:
        """How many refresh tokens of grants that still stand could be used."""
        contents = self.ground.contents()
        columns = [column.key for column in inspect(RefreshToken).columns]
        grants = [column.key for column in inspect(Grant).columns]
        dead = {row[grants.index("id")] for row in contents["grants"] if row[grants.index("revoked_at")] is not None}
        rows = [dict(zip(columns, row, strict=True)) for row in contents["refresh_tokens"]]
        return sum(row["spent_at"] is None and row["grant_id"] not in dead for row in rows)


@pytest.fixture
def family(either_ground):
    return Family(either_ground)


def test_a_lost_answer_is_forgiven_once_and_the_lost_token_ends(family):
    first = family.begin()
    lost = family.next(first)
    family.ground.clock.now += 10
    second = family.next(first)
    assert family.live() == 1
    assert "client:refresh_token:retried" in family.ground.events()
    family.ground.clock.now += 100
    third = family.next(second)
    assert family.live() == 1
    refused = family.refresh(lost)
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")
    assert family.ground.events()[-1] == "client:refresh_token:reused"
    assert family.live() == 0
    assert family.refresh(third).status_code == 400


@pytest.mark.parametrize(
    ("waits", "statuses", "alive"),
    [
        ([0], [400], True),
        ([1], [400], True),
        ([61], [400], False),
        ([5, 5], [200, 400], False),
        ([5, 1], [200, 400], True),
        ([5, 60], [200, 400], False),
    ],
)
def test_C_04_C_06_how_often_and_how_late(family, waits, statuses, alive):
    first = family.begin()
    family.next(first)
    answered = []
    for wait in waits:
        family.ground.clock.now += wait
        answered.append(family.refresh(first).status_code)
    assert answered == statuses
    assert family.live() == alive


def test_C_06_after_its_successor_was_used_it_ends_everything_at_once(family):
    first = family.begin()
    newest = family.next(family.next(first))
    info = family.refresh(first)
    assert (info.status_code, info.get_json()["error"]) == (400, "invalid_grant")
    assert family.refresh(newest).status_code == 400
    assert family.live() == 0


def run_races(family: Family, rounds: int) -> None:
    for _ in range(rounds):
        first = family.begin()
        assert sorted(race(lambda t=first: family.refresh(t).status_code)) == [200, 400, 400, 400]
        assert family.live() == 1
        family.ground.clock.now += 5  # and the winner's answer was lost
        assert sorted(race(lambda t=first: family.refresh(t).status_code)) == [200, 400, 400, 400]
        assert family.live() == 1
        family.ground.clock.now += 600
        family.refresh(first)
        assert family.live() == 0


def test_C_04_of_many_at_once_one_is_answered_and_one_token_lives(family):
    run_races(family, 5)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_C_04_of_many_at_once_one_is_answered_and_one_token_lives_5_000_times_twice(family):
    run_races(family, 5_000)


def test_C_09_another_client_neither_uses_nor_ends_it(family):
    token = family.begin()
    other = family.ground.register(token_endpoint_auth_method="none")
    stolen = {"grant_type": "refresh_token", "refresh_token": token}
    assert call(family.ground, "/token", stolen, other).get_json()["error"] == "invalid_grant"
    assert family.live() == 1
    assert family.refresh(token).status_code == 200


def test_T_12_a_confidential_clients_token_is_worth_nothing_without_its_credential(ground, browser, citizen, service):
    token = browser.tokens(service, citizen, scope=OFFLINE)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": service.id}
    refused = call(ground, "/token", form)
    assert (refused.status_code, refused.get_json()["error"]) == (401, "invalid_client")
    for _ in range(3):
        answer = call(ground, "/token", form, service)
        assert "refresh_token" not in answer.get_json()  # the same one stays good
        ground.clock.now += 100
