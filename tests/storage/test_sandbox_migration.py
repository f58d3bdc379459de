"""Bringing an installation from before the sandbox up to date: what stands there is live, and goes on working."""

import json

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import text

from idp.settings import Settings
from idp.storage import open_database
from idp.storage.clients import Clients
from idp.storage.migrate import _config, migrate
from idp.storage.schema import refuse_outdated
from tests.conftest import database_of

METADATA = {"client_name": "Old", "scope": "openid", "redirect_uris": ["https://old.example/cb"]}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/old.sqlite3"
        return
    with database_of(request.getfixturevalue("postgresql_server")) as made:
        yield made


def test_registrations_and_people_from_before_are_live(url):
    database = open_database(Flask("migration"), Settings(database_url=url), lambda: None)
    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO clients (id, registration, status, version, created_at, updated_at)"
                " VALUES (:i, :r, 'enabled', 1, 1, 1)"
            ),
            {"i": "old", "r": json.dumps(METADATA)},
        )
        connection.execute(
            text(
                "INSERT INTO persons (id, status, user_handle, record, language, created_at, updated_at)"
                " VALUES (:i, 'active', :h, :h, 'ko', 1, 1)"
            ),
            {"i": "01890000000070008000000000000000", "h": b"x"},
        )
    migrate(database)
    refuse_outdated(database)
    found = Clients(database).find("old")
    assert found.environment == "live"
    assert found.tenant is None
    assert Clients(database).get("old").metadata == METADATA | {"environment": "live"}
    with database.read() as reading:
        assert reading.all(text("SELECT sandbox_of FROM persons"))[0][0] is None
    migrate(database)  # again changes nothing
    database.engine.dispose()
