"""`idp client` on a real registry: what is printed, what is stored, and what is refused."""

import hashlib
import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from idp.registration.changes import Conflict, added
from idp.registration.commands import client
from idp.registration.metadata import check_metadata
from idp.registration.register import GRACE_SECONDS, register
from idp.storage.clients import Clients
from idp.storage.models import AuditEvent
from tests.registration.examples import EC, GOV24, NOW, FakeDesk, MemoryStore, counting_bytes, with_keys, without
from tests.registration.registry import sqlite_registry


@pytest.fixture
def database(tmp_path):
    with sqlite_registry(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(database):
    return FakeDesk(Clients(database))


@pytest.fixture
def run(desk):
    return lambda *arguments, **more: CliRunner().invoke(client, arguments, obj=desk, **more)


@pytest.fixture
def add(run, tmp_path):
    def added(metadata=GOV24):
        path = tmp_path / "registration.json"
        path.write_text(json.dumps(metadata), "utf-8")
        return run("add", "--file", str(path))

    return added


def tags(database):
    with database.read() as reading:
        return [row.event for row in reading.all(select(AuditEvent.event).order_by(AuditEvent.id))]


def test_add_prints_the_registration_and_its_secret_once(add, run, desk, database):
    printed = json.loads(add().stdout)
    client_id = printed["client_id"]
    assert printed["client_name"] == "Government 24"
    digest = hashlib.sha256(printed["client_secret"].encode()).digest()
    assert desk.clients.find(client_id).secret_digests == (digest,)
    assert tags(database) == ["operator:client:added"]
    for shown in (run("show", client_id), run("list"), run("list", "--json")):
        assert shown.exit_code == 0
        assert client_id in shown.output
        assert printed["client_secret"] not in shown.output


def test_add_reads_standard_input(run):
    result = run("add", "--file", "-", input=json.dumps(with_keys(EC)))
    assert "client_secret" not in json.loads(result.stdout)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("[" * 3000, "not valid JSON"),
        (f'{{"default_max_age": {"9" * 5000}}}', "not valid JSON"),
        ("[]", "metadata: must be a JSON object"),
        ('{"scope": "openid", "scope": "openid email"}', "scope: is given twice"),
        (json.dumps(GOV24 | {"scpe": "openid"}), "scpe: unknown field; did you mean scope?"),
        (json.dumps(without(GOV24, "redirect_uris")), "redirect_uris: is required"),
        (" " * 70_000, "larger than 65536 bytes"),
        (b"\xff\xfe".decode("latin-1"), "not valid JSON"),
    ],
)
def test_add_refuses_a_bad_file_with_one_line_for_each_problem(run, tmp_path, database, text, said):
    path = tmp_path / "registration.json"
    path.write_text(text, "utf-8")
    result = run("add", "--file", str(path))
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert tags(database) == []


@pytest.mark.parametrize(("content", "said"), [(None, "cannot read"), (b"\xff", "is not UTF-8")])
def test_add_refuses_an_unreadable_file(run, tmp_path, content, said):
    path = tmp_path / "registration.json"
    if content is not None:
        path.write_bytes(content)
    result = run("add", "--file", str(path))
    assert result.exit_code == 1
    assert said in result.stderr


def test_add_tells_every_problem_on_a_line_of_its_own(add):
    result = add(GOV24 | {"scope": "x", "consent": "never"})
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == ["scope", "consent"]


def test_G_07_a_look_alike_is_pointed_out_to_the_administrator(add):
    first = json.loads(add().stdout)["client_id"]
    result = add(GOV24 | {"client_name": "GOVERNMENT24"})
    assert result.exit_code == 0
    assert f"reads like that of {first}" in result.stderr
    assert "client_secret" in json.loads(result.stdout)


def test_list_shows_status_and_waivers(add, run):
    client_id = json.loads(add(GOV24 | {"pkce_required": False}).stdout)["client_id"]
    run("disable", client_id)
    heading, row = run("list").stdout.splitlines()
    assert heading.split() == ["ID", "ENVIRONMENT", "STATUS", "AUTHENTICATION", "WAIVERS", "NAME"]
    assert row.split(maxsplit=5)[:3] == [client_id, "live", "disabled"]
    assert row.split(maxsplit=5)[3:] == ["client_secret_basic", "pkce_required", "Government 24"]
    (overview,) = json.loads(run("list", "--json").stdout)
    assert (overview["environment"], overview["status"]) == ("live", "disabled")
    assert overview["waivers"] == ["pkce_required"]


def test_an_empty_registry_is_listed_as_such(run):
    assert json.loads(run("list", "--json").stdout) == []
    assert len(run("list").stdout.splitlines()) == 1


def test_disable_and_enable_hold_at_the_next_request_and_say_when_nothing_changes(add, run, database):
    client_id = json.loads(add().stdout)["client_id"]
    worker = Clients(database)
    assert worker.find(client_id).enabled
    assert run("disable", client_id).stdout == f"{client_id}: disabled\n"
    assert not worker.find(client_id).enabled
    assert run("disable", client_id).stdout == f"{client_id}: already disabled\n"
    assert run("enable", client_id).stdout == f"{client_id}: enabled\n"
    assert worker.find(client_id).enabled
    assert run("enable", client_id).stdout == f"{client_id}: already enabled\n"
    assert tags(database) == ["operator:client:added", "operator:client:disabled", "operator:client:enabled"]


@pytest.mark.parametrize(
    ("arguments", "answer", "gone"), [(["--yes"], None, True), ([], "y\n", True), ([], "n\n", False)]
)
def test_remove_asks_first(add, run, desk, database, arguments, answer, gone):
    client_id = json.loads(add().stdout)["client_id"]
    result = run("remove", client_id, "--now", *arguments, input=answer)
    assert (desk.clients.get(client_id) is None) is gone
    assert ("operator:client:removed" in tags(database)) is gone
    assert (result.exit_code == 0) is gone


def test_a_removal_has_a_grace_in_which_it_can_be_taken_back(add, run, desk, database):
    client_id = json.loads(add().stdout)["client_id"]
    run("remove", client_id, "--yes")
    leaving = desk.clients.get(client_id)
    assert leaving.status == "disabled"
    assert leaving.removal_at == desk.clock() + GRACE_SECONDS
    assert run("remove", client_id, "--yes").exit_code == 1
    assert "stopped" in run("keep", client_id).stdout or desk.clients.get(client_id).removal_at is None
    assert run("keep", client_id).exit_code == 1
    assert desk.clients.get(client_id).status == "disabled"
    run("remove", client_id, "--yes")
    run("enable", client_id)
    assert desk.clients.get(client_id).removal_at is None, "what works again does not wait to be removed"
    begun = "operator:client:removal_begun"
    ours = [begun, "operator:client:kept", begun, "operator:client:enabled"]
    assert tags(database) == ["operator:client:added", *ours]


def test_a_rotated_secret_is_printed_once_and_ends_the_old_one(add, run, desk, database):
    first = json.loads(add().stdout)
    second = json.loads(run("rotate-secret", first["client_id"]).stdout)
    assert second["client_secret"] != first["client_secret"]
    digest = hashlib.sha256(second["client_secret"].encode()).digest()
    assert desk.clients.find(first["client_id"]).secret_digests == (digest,)
    assert tags(database)[-1] == "operator:client:secret_rotated"


def test_a_client_without_secret_has_none_to_rotate(add, run):
    client_id = json.loads(add(with_keys(EC)).stdout)["client_id"]
    result = run("rotate-secret", client_id)
    assert (result.exit_code, result.stderr) == (1, f"error: {client_id}: authenticates without a secret\n")


@pytest.mark.parametrize("command", ["show", "disable", "enable", "remove", "keep", "rotate-secret"])
@pytest.mark.parametrize("client_id", ["gov25", "GOV24", "gov24 "])
def test_N_04_an_id_must_be_exact(run, desk, command, client_id):
    metadata = check_metadata(GOV24, desk.offer)
    outcome = register(metadata, now=NOW, random_bytes=counting_bytes(), client_id="gov24")
    desk.clients.save([added(outcome, now=NOW)])
    result = run(command, client_id)
    assert result.exit_code == 1
    assert result.stderr == "error: no client has this id; `idp client list` shows all\n"
    assert desk.clients.list() == [outcome.registration]


class BusyStore(MemoryStore):
    """Somebody else is always faster."""

    def save(self, _changes):
        raise Conflict


def test_a_change_in_between_is_told_in_one_line(tmp_path):
    path = tmp_path / "registration.json"
    path.write_text(json.dumps(GOV24), "utf-8")
    result = CliRunner().invoke(client, ["add", "--file", str(path)], obj=FakeDesk(BusyStore()))
    assert result.exit_code == 1
    assert result.stderr == "error: another change came in between; nothing was stored; try again\n"
