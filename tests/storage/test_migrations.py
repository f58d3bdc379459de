"""Migrations: an installation with data keeps all of it, and code of the version before runs on."""

from time import time
from uuid import UUID

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import text

from idp.audit.catalogue import AuditRow, Event
from idp.keys.identifiers import new_id
from idp.settings import Settings
from idp.storage import open_database, schema
from idp.storage.dispatches import settle
from idp.storage.migrate import _config, migrate
from idp.storage.schema import OutdatedSchema, head, refuse_outdated
from idp.telephony.dispatch import State

NOW = 1_790_000_000


def urls(kind, request, tmp_path):
    return request.getfixturevalue("postgresql_url") if kind == "postgresql" else f"sqlite:///{tmp_path}/m.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request, tmp_path):
    """A database of the first version, with an audit."""
    ids = iter(range(1, 10**6))
    made = open_database(
        Flask("old"),
        Settings(database_url=urls(request.param, request, tmp_path)),
        lambda: new_id(NOW * 1000 + next(ids), bytes),
    )
    with made.engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    write(made)
    yield made
    made.engine.dispose()


def write(database):
    """What the code of the first version writes; it knows the table by its name and columns alone."""
    with database.begin() as step:
        step.record(AuditRow(Event.CLIENT_DISABLED, NOW, UUID(int=3), "gov24"))
        step.record(AuditRow(Event.CODE_SENT, NOW, UUID(int=3), "gov24", {"purpose": "sign_in"}))


def audit(database):
    with database.read() as reading:
        return [tuple(row) for row in reading.all(text("SELECT * FROM audit_events ORDER BY id"))]


def test_an_installation_with_data_is_migrated_and_the_code_before_goes_on(old):
    before = audit(old)
    with pytest.raises(OutdatedSchema, match="run `idp migrate`"):
        refuse_outdated(old)
    with old.begin() as step:  # a connection that knows the tables as they were
        step.record(AuditRow(Event.CLIENT_ENABLED, NOW))
    before = audit(old)
    head = migrate(old)
    assert migrate(old) == head
    assert audit(old) == before
    write(old)
    assert audit(old)[: len(before)] == before
    assert len(audit(old)) == len(before) + 2
    refuse_outdated(old)


def test_the_names_that_vendors_gave_to_messages_are_found_as_before(old):
    """Of messages of whom a receipt may still come; the number of the day is real, because migrations know no clock."""
    ids = {age: new_id((int(time()) - age * 86_400) * 1000, bytes) for age in (0, 2, 9)}
    with old.begin() as step:
        for age, key in ids.items():
            step.run(
                text(
                    "INSERT INTO dispatches"
                    " (id, channel, region, asked_at, price, gateway, state, tried, vendor_id, counted)"
                    " VALUES (:id, 'sms', 'DE', 1, 1, 'sns', 'handed_over', '', :name, 0)"
                ),
                id=key.hex,
                name=f"n{age}",
            )
    migrate(old)
    with old.begin() as step:
        found = [
            settle(step, gateway="sns", state=State.DELIVERED, now=NOW, message=None, vendor_id=f"n{age}")
            for age in ids
        ]
    assert found == [True, True, False]


def test_what_every_start_reads_of_the_migrations_is_what_alembic_reads():
    assert head() == ScriptDirectory.from_config(_config()).get_current_head()
    read = {each.revision: each.down_revision for each in ScriptDirectory.from_config(_config()).walk_revisions()}
    assert schema._revisions() == read


def test_code_of_this_version_starts_on_the_schema_of_a_newer_one(old, caplog):
    migrate(old)
    with old.begin() as step:
        step.run(text("UPDATE alembic_version SET version_num = 'tomorrow'"))
    refuse_outdated(old)
    assert "newer version" in caplog.text
