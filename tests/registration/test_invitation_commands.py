"""`idp client invite`, `invitations`, `disinvite`: initial access tokens on a real registry."""

import json
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from idp.keys.handles import read_handle
from idp.registration.commands import client
from idp.storage.clients import Clients
from idp.storage.invitations import Invitations
from idp.storage.models import AuditEvent
from tests.registration.examples import (
    GOV24,
    NOW,
    PRODUCTION,
    FakeDesk,
    FakeOutbound,
    counting_bytes,
    with_keys,
    without,
)
from tests.registration.registry import sqlite_registry

DAY = 86_400


@pytest.fixture
def database(tmp_path):
    with sqlite_registry(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(database):
    return FakeDesk(Clients(database), invitations=Invitations(database, counting_bytes()))


@pytest.fixture
def run(desk):
    return lambda *arguments, **more: CliRunner().invoke(client, arguments, obj=desk, **more)


def test_an_invitation_is_printed_once_and_kept_as_a_digest(run, desk, database):
    token = run("invite", "--uses", "2", "--days", "3", "--note", "Embassy").stdout.strip()
    found = desk.invitations.find(read_handle(token), NOW)
    assert (found.uses_left, found.expires_at, found.note, found.lab) == (2, NOW + 3 * DAY, "Embassy", False)
    assert token not in run("invitations").stdout
    with database.read() as reading:
        [row] = reading.all(select(AuditEvent.event, AuditEvent.detail))
    assert row.event == "operator:initial_access_token:created"
    assert json.loads(row.detail)["note"] == "Embassy"
    assert token not in row.detail


def test_the_list_shows_what_can_still_be_used(run, desk):
    run("invite", "--note", "Embassy")
    run("invite", "--lab", "--days", "1")
    first, second = run("invitations").stdout.splitlines()
    assert "1 left until" in first
    assert first.endswith("Embassy")
    assert "lab" in second
    desk.now += DAY
    assert run("invitations").stdout.splitlines() == [first]


def test_an_invitation_is_taken_back(run, desk, database):
    token = run("invite").stdout.strip()
    row = str(read_handle(token).id)
    assert run("disinvite", row).stdout == f"{row}: taken back\n"
    assert desk.invitations.find(read_handle(token), NOW) is None
    again = run("disinvite", row)
    assert again.exit_code == 1
    assert "no such token" in again.stderr
    with database.read() as reading:
        events = [found.event for found in reading.all(select(AuditEvent.event).order_by(AuditEvent.id))]
    assert events == ["operator:initial_access_token:created", "operator:initial_access_token:removed"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--uses", "0"],
        ["--uses", "1001"],
        ["--days", "0"],
        ["--days", "91"],
        ["--note", "x" * 201],
    ],
)
def test_what_is_out_of_bounds_is_refused(arguments, run, desk):
    assert run("invite", *arguments).exit_code != 0
    assert desk.invitations.list(NOW) == []


def test_G_10_there_are_no_suites_in_production(run, desk):
    desk.offer = PRODUCTION
    result = run("invite", "--lab")
    assert result.exit_code == 1
    assert "--lab works in development only" in result.stderr
    assert desk.invitations.list(NOW) == []


def test_an_unknown_id_is_told_apart(run):
    assert run("disinvite", str(UUID(int=7))).exit_code == 1
    assert run("disinvite", "nonsense").exit_code == 2


PUBLISHED = without(with_keys(), "jwks") | {"jwks_uri": "https://gov24.go.kr/jwks"}


def test_add_confirms_what_the_metadata_points_to(run, desk):
    result = run("add", "--file", "-", input=json.dumps(PUBLISHED))
    assert result.exit_code == 1
    assert "jwks_uri: answered with status 404" in result.stderr
    assert desk.clients.list() == []


def test_apply_confirms_documents_only_when_something_changes(run, desk, tmp_path):
    folder = tmp_path / "gov24"
    folder.mkdir()
    listed = 'sector_identifier_uri = "https://gov24.go.kr/uris"\n'
    redirects = f"redirect_uris = {json.dumps(GOV24['redirect_uris'])}\n"
    (folder / "registration.toml").write_text(redirects + listed)
    refused = run("apply", str(folder))
    assert "gov24: sector_identifier_uri: answered with status 404" in refused.stderr
    desk.outbound = FakeOutbound({"https://gov24.go.kr/uris": GOV24["redirect_uris"]})
    assert run("apply", str(folder)).stdout == "gov24: added\n"
    desk.outbound = FakeOutbound({})
    assert run("apply", str(folder)).stdout == "gov24: unchanged\n"
    assert desk.outbound.fetched == []
