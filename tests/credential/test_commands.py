"""`idp enrol`, `idp person status`, `idp credential state`: what they pass on, and one line for what goes wrong."""

import json
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from click.testing import CliRunner

from idp.credential.commands import Refusal, credential, enrol, person
from idp.credential.states import State, move
from idp.people.status import PersonStatus
from tests.people.test_record import DOCUMENT

SOMEBODY = UUID(int=5)
LINK = "https://id.example/enrol#secret"


@dataclass
class FakeDesk:
    done: list = field(default_factory=list)

    def begin_enrolment(self, record):
        self.done.append(record)
        return LINK

    def change_person(self, person, to, why):
        if person != SOMEBODY:
            raise Refusal(f"no person {person}")
        self.done.append((person, to, why))

    def change_credential(self, person, to, why):
        self.done.append((person, move(State.REVOKED if why == "gone" else State.ACTIVE, to), why))


def ran(command, *arguments):
    desk = FakeDesk()
    return CliRunner().invoke(command, arguments, obj=desk), desk


TOML = """
birthdate = "1980-01-31"
residence = "DE"
mission = "주독일대사관"
korean = {family = "홍", given = "길동"}
latin = {family = "HONG", given = "GILDONG"}
registration = {status = "current", as_of = "2026-11-01", mission = "주독일대사관"}
"""


@pytest.mark.parametrize(("name", "text"), [("record.json", json.dumps(DOCUMENT)), ("record.toml", TOML)])
def test_enrol_prints_the_link_alone(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    result, desk = ran(enrol, "--record", str(path))
    assert (result.exit_code, result.stdout) == (0, LINK + "\n")
    assert desk.done[0].korean.full == "홍길동"


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("record.json", b"{"),
        ("record.json", b"[]"),
        ("record.json", b"[" * 50_000),
        ("record.toml", b"a = " + b"[" * 5000),
        ("record.json", b"\xff"),
        ("record.json", json.dumps(DOCUMENT | {"residence": "x"}).encode()),
        ("record.json", json.dumps(DOCUMENT | {"korean": {"family": 5}}).encode()),
        ("record.toml", b"a ="),
        ("record.toml", TOML.replace('"1980-01-31"', "1980-01-31").encode()),
        ("record.toml", TOML.encode() + b"rrn = 1"),
    ],
)
def test_a_record_that_cannot_be_read_gets_one_line_and_begins_nothing(tmp_path, name, raw):
    path = tmp_path / name
    path.write_bytes(raw)
    result, desk = ran(enrol, "--record", str(path))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"idp: {path}: ")
    assert result.stderr.count("\n") == 1
    assert desk.done == []


def test_a_missing_file_is_a_usage_error(tmp_path):
    assert ran(enrol, "--record", str(tmp_path / "none"))[0].exit_code == 2


@pytest.mark.parametrize("status", PersonStatus)
def test_the_status_of_a_person_is_passed_on(status):
    result, desk = ran(person, "status", str(SOMEBODY), status.value, "--why", "register")
    assert (result.exit_code, result.stdout) == (0, "done\n")
    assert desk.done == [(SOMEBODY, status, "register")]


@pytest.mark.parametrize("because", ["deceased", "renounced"])
def test_E_09_the_end_of_a_person_is_passed_on(because):
    result, desk = ran(person, "end", str(SOMEBODY), "--because", because, "--why", "certificate 7")
    assert (result.exit_code, result.stdout) == (0, "done\n")
    assert desk.done == [(SOMEBODY, PersonStatus(because), "certificate 7")]


def test_an_unknown_person_gets_one_line():
    result, _ = ran(person, "status", str(UUID(int=6)), "active", "--why", "x")
    assert (result.exit_code, result.stderr) == (1, f"idp: no person {UUID(int=6)}\n")


@pytest.mark.parametrize("state", [State.SUSPENDED, State.REVOKED])
def test_the_state_of_a_credential_is_passed_on(state):
    result, desk = ran(credential, "state", str(SOMEBODY), state.value, "--why", "lost phone")
    assert result.exit_code == 0
    assert desk.done == [(SOMEBODY, state, "lost phone")]


def test_an_illegal_move_gets_one_line():
    result, desk = ran(credential, "state", str(SOMEBODY), "active", "--why", "gone")
    assert (result.exit_code, result.stderr) == (1, "idp: a credential that is revoked cannot become active\n")
    assert desk.done == []


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (person, ["status", "x", "active", "--why", "y"]),
        (person, ["status", str(SOMEBODY), "dead", "--why", "y"]),
        (person, ["status", str(SOMEBODY), "active"]),
        (person, ["end", str(SOMEBODY), "--because", "active", "--why", "y"]),
        (person, ["end", str(SOMEBODY), "--because", "deceased"]),
        (credential, ["state", str(SOMEBODY), "gone", "--why", "y"]),
        (credential, ["state", str(SOMEBODY), "revoked"]),
    ],
)
def test_what_is_not_said_fully_is_a_usage_error(command, arguments):
    result, desk = ran(command, *arguments)
    assert result.exit_code == 2
    assert desk.done == []
