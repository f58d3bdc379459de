"""How long PostgreSQL is waited for: a machine that vanished, and a row that somebody else holds."""

from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from idp.settings import Settings
from idp.storage import open_database
from idp.storage.away import is_away


def told(engine):
    """What libpq was told of the connection that a new one of this engine is."""
    with engine.connect() as connection:
        return connection.connection.driver_connection.info.get_parameters()


def opened(url):
    return open_database(Flask("test"), Settings(database_url=url), uuid4).engine


@pytest.mark.parametrize(("said", "connecting"), [("", "5"), ("&connect_timeout=9", "9")])
def test_a_machine_that_vanished_is_not_waited_for_unless_the_address_says_so(postgresql_url, said, connecting):
    engine = opened(postgresql_url + said)
    found = told(engine)
    assert (found["connect_timeout"], found["tcp_user_timeout"], found["keepalives_idle"]) == (
        connecting,
        "30000",
        "15",
    )
    engine.dispose()


@pytest.mark.parametrize(("said", "limit"), [("", "15s"), ("&options=-c%20lock_timeout%3D3s", "3s")])
def test_a_lock_is_waited_for_as_long_as_on_sqlite_unless_the_address_says_so(postgresql_url, said, limit):
    engine = opened(postgresql_url + said)
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == limit
    engine.dispose()


def test_who_waited_too_long_for_a_lock_may_come_again():
    assert is_away(psycopg.errors.LockNotAvailable("canceling statement due to lock timeout"))
