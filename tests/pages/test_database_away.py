"""A database that is away: a page for people and an OAuth error for services, with a 503, until it is back."""

import sqlite3

import psycopg
import pytest
from sqlalchemy import exc

from idp.endpoints.discovery import CACHE_SECONDS
from idp.storage.away import is_away
from tests.ground import ORIGIN, call, visible


def full():
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


FAULTS = [
    psycopg.errors.AdminShutdown("terminating connection"),
    psycopg.errors.TooManyConnections("too many"),
    psycopg.errors.DiskFull("No space left on device"),
    full(),
    exc.OperationalError("SELECT 1", {}, psycopg.OperationalError("connection refused")),
    exc.TimeoutError("QueuePool limit"),
]


@pytest.fixture
def broken(ground, monkeypatch):
    """An installation whose connections cannot be had, until `mend` is called."""
    ground.app.config["PROPAGATE_EXCEPTIONS"] = False
    real = ground.provider.database.hold
    fault: list[Exception] = []

    def hold():
        if fault:
            raise fault[0]
        return real()

    monkeypatch.setattr(ground.provider.database, "hold", hold)
    return ground, fault


@pytest.mark.parametrize("error", FAULTS, ids=lambda error: type(error).__name__)
def test_people_read_a_page_and_services_an_error_until_it_is_back(broken, caplog, error):
    ground, fault = broken
    service = ground.register()
    fault.append(error)
    answer = call(ground, "/token", {"grant_type": "authorization_code", "code": "x"}, service)
    assert (answer.status_code, answer.get_json()["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "5"
    seen = ground.browser().get("/missions")
    assert seen.status_code == 503
    assert "지금은 이용할 수 없습니다" in visible(seen)
    assert str(error) not in seen.text + caplog.text
    fault.clear()
    assert call(ground, "/token", {"grant_type": "authorization_code", "code": "x"}, service).status_code == 400


@pytest.mark.parametrize("path", ["/jwks", "/.well-known/openid-configuration"])
def test_what_services_verify_with_stays_as_long_as_they_may_keep_it(broken, path):
    ground, fault = broken
    client = ground.app.test_client()

    def get():
        return client.get(path, base_url=ORIGIN)

    known = get()
    assert known.status_code == 200
    fault.append(FAULTS[0])
    ground.clock.now += CACHE_SECONDS - 1
    seen = get()
    assert (seen.status_code, seen.data, seen.headers["ETag"]) == (200, known.data, known.headers["ETag"])
    ground.clock.now += 1
    assert get().status_code == 503
    fault.clear()
    assert get().data == known.data


def test_a_fault_of_ours_does_not_pass_by_itself():
    assert not is_away(psycopg.errors.UndefinedColumn("x"))
    assert not is_away(sqlite3.OperationalError("no such column"))
    assert not is_away(ValueError())
