"""A database that has cases already gets the columns of the figures, and keeps every row."""

import os
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import text

from idp.keys.identifiers import new_id
from idp.settings import Settings
from idp.storage import open_database
from idp.storage.migrate import _config, migrate

CASE = text(
    "INSERT INTO cases (id, mission, officer_id, kind, reasons, created_at, expires_at, state, check_tries, changed_at)"
    " VALUES (:id, 'berlin', :officer, :kind, '', 1, 9, :state, 0, 7)"
)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_cases_from_before_keep_what_their_state_proves(dialect, tmp_path: Path, request):
    url = f"sqlite:///{tmp_path}/old.sqlite3"
    if dialect == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    settings = Settings(database_url=url, var=tmp_path, demo=True)
    database = open_database(Flask("migration"), settings, lambda: new_id(1, os.urandom))
    with database.engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for kind, state in (("first", "done"), ("lift", "done"), ("first", "made"), ("first", "waiting")):
            key, officer = (uuid4().hex if dialect == "sqlite" else uuid4() for _ in range(2))
            connection.execute(CASE, {"id": key, "officer": officer, "kind": kind, "state": state})
    migrate(database)
    with database.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT kind, state, confirmed_at, delivered_at, made_at, done_at, used_at FROM cases")
        ).all()
        assert connection.execute(text("SELECT count(*) FROM mission_counts")).scalar() == 0
    database.engine.dispose()
    assert {tuple(row) for row in rows} == {
        ("first", "done", 7, 7, 7, 7, None),
        ("lift", "done", None, None, None, 7, None),
        ("first", "made", 7, 7, 7, None, None),
        ("first", "waiting", None, None, None, None, None),
    }
