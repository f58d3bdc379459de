"""The `idp` command as an operator types it: settings from anywhere, and every mistake one line."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from idp.command import main
from idp.storage.schema import head


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("IDP_CONFIG", "IDP_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "idp.toml"
    file.write_text(
        f'database_url = "sqlite:///{tmp_path}/idp.sqlite3"\nsecrets_file = "{tmp_path}/secrets"\ndemo = true\n'
    )
    return file


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(one) for one in arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize("where", ["first", "last", "equals"])
def test_the_settings_file_may_stand_before_or_after_the_command(config: Path, tmp_path: Path, where: str):
    assert run("secrets", "new", tmp_path / "secrets")[0] == 0
    arguments = {
        "first": ("--config", config, "migrate"),
        "last": ("migrate", "--config", config),
        "equals": ("migrate", f"--config={config}"),
    }[where]
    code, said = run(*arguments)
    assert (code, said) == (0, f"schema is at {head()}\n")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("issuer = ", "is not valid TOML"),
        (f"workers = {'9' * 5000}", "is not valid TOML"),
        (f"bind = {'[' * 5000}", "is not valid TOML"),
        ("isuer = 'https://id.example'", "unknown setting 'isuer'"),
        ("issuer = 'ftp://id.example'", "issuer must be an http(s) address"),
        ("issuer = 'http://id.example'", "an http issuer is possible on loopback only"),
        ("issuer = 'https://id.example/path'", "issuer must have no path"),
        ("environment = 'test'", "environment is development or production"),
        ("workers = 0", "workers must be between 1 and 64"),
        ("workers = 'two'", "'workers' takes a whole number"),
        ("demo = 'perhaps'", "'demo' takes true or false"),
        ("gateway = 'pigeon'", "unknown setting 'gateway'"),
        ("database_url = 'mysql://x'", "database_url must begin with"),
        ("database_url = 'sqlite:////proc/none/idp.sqlite3'", "cannot open the database"),
        ("bind = ['a']", "'bind' takes a text"),
    ],
)
def test_a_bad_setting_is_one_clear_line(tmp_path: Path, content: str, complaint: str):
    file = tmp_path / "idp.toml"
    file.write_text(content)
    code, said = run("migrate", "--config", file)
    assert code == 1
    assert complaint in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", [("check",), ("serve",), ("worker",), ("keys", "list"), ("client", "list")])
def test_starting_without_secrets_or_schema_is_one_clear_line(config: Path, tmp_path: Path, command: tuple[str, ...]):
    code, said = run(*command, "--config", config)
    assert (code, said.count("\n")) == (1, 1)
    assert "cannot read the secrets file" in said
    run("secrets", "new", tmp_path / "secrets")
    code, said = run(*command, "--config", config)
    assert (code, said.count("\n")) == (1, 1)
    assert "run `idp migrate`" in said


def test_rotation_publishes_new_keys_and_keeps_the_old(config: Path, tmp_path: Path):
    run("secrets", "new", tmp_path / "secrets")
    run("migrate", "--config", config)
    before = run("keys", "list", "--config", config)[1].splitlines()
    new = run("keys", "rotate", "--config", config)[1].splitlines()
    after = run("keys", "list", "--config", config)[1].splitlines()
    assert len(before) == len(new) == 4
    assert {line.split()[0] for line in after} == {line.split()[0] for line in before} | set(new)
    assert sum(" signs  " in line for line in after) == 4


def test_a_second_master_secret_opens_what_the_first_sealed(config: Path, tmp_path: Path):
    run("secrets", "new", tmp_path / "secrets")
    run("migrate", "--config", config)
    assert run("check", "--config", config)[0] == 0
    assert run("secrets", "new", tmp_path / "secrets")[1].endswith("version 2\n")
    assert run("check", "--config", config)[0] == 0


def test_another_master_secret_is_refused_at_the_start(config: Path, tmp_path: Path):
    run("secrets", "new", tmp_path / "secrets")
    run("migrate", "--config", config)
    run("check", "--config", config)
    (tmp_path / "secrets").unlink()
    run("secrets", "new", tmp_path / "secrets")
    code, said = run("check", "--config", config)
    assert code == 1
    assert "is not what this database was sealed with" in said
