"""`idp client apply`: registrations become what the folders say, all of them or none, and twice is once."""

import json
import stat
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from idp.registration.apply import Request, carry_out, make_plan
from idp.registration.changes import Conflict
from idp.registration.commands import client
from idp.registration.register import secret_digest
from idp.storage.clients import Clients
from tests.registration.examples import EC, FakeDesk, MemoryStore
from tests.registration.registry import sqlite_registry

GOV24 = """
client_name = "Government 24"
"client_name#ko" = "정부24"
client_uri = "${base}"
redirect_uris = ["${base}/callback"]
"""
FAMILY_REGISTER = """
client_name = "Family Register"
redirect_uris = ["${base}/callback"]
token_endpoint_auth_method = "private_key_jwt"
jwks_file = "${credentials}/family_register.jwks.json"
"""
BASES = ["--set", "gov24.base=http://localhost:9001", "--set", "family_register.base=http://localhost:9004"]
SAMPLES = sorted((Path(__file__).parents[2] / "clients").glob("*/registration.toml"))


class Place:
    """A directory with two folders, a registry, and the command."""

    def __init__(self, root, store):
        self.root = root
        self.credentials = root / "credentials"
        self.desk = FakeDesk(store)
        self.folders = [self.folder("gov24", GOV24), self.folder("family_register", FAMILY_REGISTER)]
        self.keys({"keys": [EC]})

    def folder(self, name, text):
        (self.root / name).mkdir(exist_ok=True)
        (self.root / name / "registration.toml").write_text(text, "utf-8")
        return self.root / name

    def keys(self, value):
        self.credentials.mkdir(exist_ok=True)
        (self.credentials / "family_register.jwks.json").write_text(json.dumps(value), "utf-8")

    def apply(self, *options, folders=None, bases=BASES):
        arguments = ["apply", *map(str, folders or self.folders), *bases, *options]
        return CliRunner().invoke(client, arguments, obj=self.desk)

    def apply_with_files(self, *options, **more):
        return self.apply("--credentials", str(self.credentials), *options, **more)

    def file(self, name):
        return json.loads((self.credentials / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path, MemoryStore())


def test_the_first_time_adds_and_the_second_changes_nothing(tmp_path):
    with sqlite_registry(tmp_path) as database:
        place = Place(tmp_path, Clients(database))
        assert place.apply_with_files().stdout == "gov24: added\nfamily_register: added\n"
        seen = place.desk.clients.list()
        files = {path: path.read_bytes() for path in place.credentials.iterdir()}
        place.desk.now += 60
        assert place.apply_with_files().stdout == "gov24: unchanged\nfamily_register: unchanged\n"
        assert place.desk.clients.list() == seen
        assert {path: path.read_bytes() for path in place.credentials.iterdir()} == files


def test_the_credentials_file_is_what_the_service_needs_and_for_its_owner_only(place):
    place.apply_with_files()
    gov24 = place.file("gov24")
    assert gov24 == {
        "issuer": "http://localhost:9000",
        "client_id": "gov24",
        "client_secret": gov24["client_secret"],
        "base": "http://localhost:9001",
    }
    assert place.desk.clients.get("gov24").secret_digest == secret_digest(gov24["client_secret"])
    assert "client_secret" not in place.file("family_register")
    for name in ("gov24", "family_register"):
        assert stat.S_IMODE((place.credentials / f"{name}.json").stat().st_mode) == 0o600


def test_a_service_at_a_fixed_address_needs_no_base(place):
    folder = place.folder("apostille", 'redirect_uris = ["https://apostille.example/callback"]')
    assert place.apply_with_files(folders=[folder], bases=[]).stdout == "apostille: added\n"
    assert place.file("apostille").keys() == {"issuer", "client_id", "client_secret"}


def test_the_output_shows_no_secret(place):
    result = place.apply_with_files()
    assert place.file("gov24")["client_secret"] not in result.output


def test_a_change_is_told_and_keeps_the_secret_and_what_the_service_added_to_its_file(place):
    place.apply_with_files()
    file = place.credentials / "gov24.json"
    before = place.file("gov24")
    file.write_text(json.dumps(before | {"note": "kept"}), "utf-8")
    moved = place.apply_with_files(bases=["--set", "base=http://localhost:9101"], folders=place.folders[:1])
    assert moved.stdout.splitlines() == [
        "gov24: changed",
        '  client_uri: "http://localhost:9001" -> "http://localhost:9101"',
        '  redirect_uris: ["http://localhost:9001/callback"] -> ["http://localhost:9101/callback"]',
    ]
    assert place.file("gov24") == before | {"note": "kept", "base": "http://localhost:9101"}
    assert place.desk.clients.tags == ["operator:client:added", "operator:client:added", "operator:client:changed"]


def test_a_dry_run_shows_the_difference_and_changes_nothing(place):
    result = place.apply_with_files("--dry-run")
    assert "gov24: would be added" in result.stdout
    assert '  redirect_uris: (absent) -> ["http://localhost:9001/callback"]' in result.stdout
    assert place.desk.clients.kept == {}
    assert not (place.credentials / "gov24.json").exists()


def test_a_service_that_moves_from_keys_to_a_secret_finds_it_in_its_file(place):
    place.apply_with_files()
    place.folder("family_register", 'redirect_uris = ["${base}/callback"]')
    assert "family_register: changed" in place.apply_with_files().stdout
    secret = place.file("family_register")["client_secret"]
    assert place.desk.clients.get("family_register").secret_digest == secret_digest(secret)


def test_a_disabled_service_stays_disabled(place):
    place.apply_with_files()
    CliRunner().invoke(client, ["disable", "gov24"], obj=place.desk)
    assert place.apply_with_files().stdout.splitlines()[0] == "gov24: unchanged (disabled)"
    assert place.desk.clients.get("gov24").status == "disabled"


@pytest.mark.parametrize(
    "content", [None, "{}", "not JSON", '{"client_secret": 7}', '{"client_secret": "other"}', "[]"]
)
def test_a_lost_secret_is_replaced_only_when_asked_for(place, content):
    place.apply_with_files()
    digest = place.desk.clients.get("gov24").secret_digest
    file = place.credentials / "gov24.json"
    file.unlink()
    if content is not None:
        file.write_text(content, "utf-8")
    refused = place.apply_with_files()
    assert refused.exit_code == 1
    assert "--replace-lost-secrets makes a new one" in refused.stderr
    assert place.desk.clients.get("gov24").secret_digest == digest
    replaced = place.apply_with_files("--replace-lost-secrets")
    assert replaced.stdout.splitlines()[0] == "gov24: new secret"
    assert (
        place.desk.clients.get("gov24").secret_digest == secret_digest(place.file("gov24")["client_secret"]) != digest
    )
    assert place.desk.clients.tags[-1] == "operator:client:secret_rotated"
    assert place.apply_with_files().stdout == "gov24: unchanged\nfamily_register: unchanged\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("apostille", "client_name = ", "apostille: registration.toml is not valid TOML"),
        ("apostille", f"default_max_age = {'9' * 5000}", "apostille: registration.toml is not valid TOML"),
        ("apostille", 'redirect_uris = ["${bse}/cb"]', "apostille: ${bse} has no value; give --set bse=VALUE"),
        (
            "apostille",
            'redirect_uris = ["${credentials}"]',
            "apostille: ${credentials} has no value; give --credentials",
        ),
        ("apostille", 'redirect_uris = ["http://rp.go.kr/cb"]', "apostille: redirect_uris[0]: must be https"),
        ("apostille", "redirect_uris = [2026-01-01]", "apostille: redirect_uris[0]: must be a text"),
        ("Apostille", 'redirect_uris = ["https://rp.go.kr/cb"]', "Apostille: client id must be"),
        ("apostille", "jwks_file = 7", "apostille: jwks_file: must be the path"),
        ("apostille", 'jwks_file = "none.json"', "apostille: jwks_file: cannot read"),
        ("apostille", 'jwks_file = "registration.toml"', "apostille: jwks_file: not valid JSON"),
        ("apostille", 'jwks_file = "x"\njwks = {}', "apostille: jwks_file: must not be given together with jwks"),
        ("apostille", "a = " + "[" * 30 + "]" * 30, "apostille: too deeply nested"),
    ],
)
def test_one_bad_folder_changes_nothing_at_all(place, name, text, said):
    result = place.apply(folders=[place.folders[0], place.folder(name, text)])
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {said}")
    assert place.desk.clients.kept == {}


def test_every_problem_of_every_folder_is_told(place):
    missing = place.root / "missing"
    broken = place.folder("apostille", 'scpe = "openid"')
    result = place.apply(folders=[missing, broken, place.folders[0], place.folders[0]])
    starts = [line.split(": ", 3)[1:3] for line in result.stderr.splitlines()]
    assert starts == [
        ["missing", f"cannot read {missing / 'registration.toml'}"],
        ["apostille", "scpe"],
        ["apostille", "redirect_uris"],
        ["gov24", "is given twice"],
    ]


@pytest.mark.parametrize("setting", ["base", "=x", ""])
def test_set_takes_a_name_and_a_value(place, setting):
    result = place.apply("--set", setting)
    assert result.exit_code == 2
    assert "takes KEY=VALUE" in result.stderr


def test_a_value_may_be_for_all_folders_or_for_one():
    request = Request({"base": "general", "gov24.base": "own", "other.base": "x"})
    assert request.of("gov24") == {"base": "own"}
    assert request.of("apostille") == {"base": "general"}


class RefusingStore(MemoryStore):
    """Reads like a registry, and stores nothing."""

    def save(self, _changes):
        raise Conflict


def test_when_nothing_is_stored_the_old_file_stays_and_no_other_is_left(tmp_path):
    place = Place(tmp_path, RefusingStore())
    (place.credentials / "gov24.json").write_text('{"client_secret": "old"}', "utf-8")
    names = {path.name for path in place.credentials.iterdir()}
    result = place.apply_with_files()
    assert result.exit_code == 1
    assert "another change came in between" in result.stderr
    assert {path.name for path in place.credentials.iterdir()} == names
    assert place.file("gov24") == {"client_secret": "old"}


def test_when_a_file_cannot_be_written_nothing_is_stored(place):
    blocked = place.root / "gov24" / "registration.toml" / "below"  # a file cannot hold a directory
    request = Request({"base": "http://localhost:9001"}, credentials=blocked)
    plan = make_plan(place.folders[:1], request, place.desk)
    with pytest.raises(OSError):  # noqa: PT011 (which one depends on the file system)
        carry_out(plan, request, place.desk)
    assert place.desk.clients.kept == {}
    result = CliRunner().invoke(
        client,
        ["apply", str(place.folders[0]), "--set", "base=http://localhost:9001", "--credentials", str(blocked)],
        obj=place.desk,
    )
    assert result.exit_code == 1
    assert result.stderr.startswith("error: cannot write ")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.name)
def test_the_sample_services_are_accepted(place, path):
    place.credentials.mkdir(exist_ok=True)
    assert tomllib.loads(path.read_text("utf-8"))["client_name"]
    result = place.apply_with_files(folders=[path.parent], bases=["--set", "base=http://localhost:9001"])
    assert result.stdout == f"{path.parent.name}: added\n", result.stderr


def test_services_that_no_folder_names_leave_with_a_grace_when_that_is_asked_for(place):
    assert place.apply_with_files().exit_code == 0
    seen = place.apply_with_files("--remove-others", "--dry-run", folders=place.folders[:1])
    assert "family_register: would be removed in 30 days" in seen.stdout
    assert place.desk.clients.get("family_register").removal_at is None
    done = place.apply_with_files("--remove-others", folders=place.folders[:1])
    assert "family_register: removed in 30 days, stopped until then" in done.stdout
    assert place.desk.clients.get("family_register").status == "disabled"
    assert place.desk.clients.get("gov24").status == "enabled"
    again = place.apply_with_files("--remove-others", folders=place.folders[:1])
    assert "family_register" not in again.stdout
