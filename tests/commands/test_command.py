"""The `idp` command as an operator types it: settings from anywhere, and every mistake one line."""

import resource
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from idp.command import main
from idp.serving import _listener
from idp.settings import Settings, SettingsError
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
        ("issuer = 'http://[::1'", "issuer must be an http(s) address"),
        ("issuer = 'https://id.example:port'", "issuer must be an http(s) address"),
        ("issuer = 'https://ID.example'", "issuer must be written as browsers write it"),
        ("issuer = 'https://id.example:443'", "issuer must be written as browsers write it"),
        ("issuer = 'https://me@id.example'", "issuer must be written as browsers write it"),
        ("issuer = 'https://id.example x'", "issuer must be written as browsers write it"),
        ("issuer = 'https://신분증.example'", "issuer must be written as browsers write it"),
        ("mtls_origin = 'https://[::1'", "mtls_origin must be https://host"),
        ("bind = 'localhost:9000'", "bind is an IP address and a port"),
        ("bind = '127.0.0.1'", "bind is an IP address and a port"),
        ("bind = '127.0.0.1:0'", "bind is an IP address and a port"),
        ("bind = '127.0.0.1:65536'", "bind is an IP address and a port"),
        (f"bind = 'unix:/{'x' * 107}'", "at most 107 bytes"),
        ("metrics_bind = '127.0.0.1:65536'", "metrics_bind is an IP address and a port"),
        ("log_level = 'loud'", "log_level is one of"),
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


@pytest.fixture
def ready(config: Path, tmp_path: Path) -> Path:
    """The settings file of an installation that would start."""
    run("secrets", "new", tmp_path / "secrets")
    run("migrate", "--config", config)
    return config


@pytest.mark.parametrize(("family", "shown"), [(socket.AF_INET, "127.0.0.1:{}"), (socket.AF_UNIX, "unix:{}")])
def test_serving_where_somebody_else_listens_is_one_clear_line(ready: Path, tmp_path: Path, family, shown):
    with socket.socket(family) as other:
        if family == socket.AF_INET:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as the workers of another `idp serve` do
        other.bind(("127.0.0.1", 0) if family == socket.AF_INET else str(tmp_path / "idp.sock"))
        other.listen()
        name = other.getsockname()
        bind = shown.format(name[1] if family == socket.AF_INET else name)
        ready.write_text(ready.read_text() + f'bind = "{bind}"\n')
        assert run("serve", "--config", ready) == (1, f"idp: cannot listen on {bind}: Address already in use\n")


def test_what_a_killed_server_left_behind_is_no_hindrance(tmp_path: Path):
    left = tmp_path / "idp.sock"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(left))
        killed.listen()
    assert _listener(Settings(bind=f"unix:{left}")) == {"uds": left}
    assert not left.exists()


def test_a_file_is_not_taken_for_a_socket(tmp_path: Path):
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(SettingsError, match="Address already in use"):
        _listener(Settings(bind=f"unix:{tmp_path}/kept"))
    assert (tmp_path / "kept").read_text() == "mine"


def test_an_address_of_another_machine_cannot_be_listened_on(ready: Path):
    ready.write_text(ready.read_text() + 'bind = "192.0.2.1:9000"\n')
    said = "idp: cannot listen on 192.0.2.1:9000: Cannot assign requested address\n"
    assert run("serve", "--config", ready) == (1, said)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('trusted_ca = "{}/none.pem"', "cannot read trusted_ca {}/none.pem: No such file or directory"),
        ('trusted_ca = "{}/idp.toml"', "cannot read trusted_ca {}/idp.toml: "),
        ('mail = "smtp"', "mail = smtp needs smtp_host and mail_sender"),
    ],
)
def test_the_check_finds_what_only_a_part_needs(ready: Path, tmp_path: Path, setting: str, said: str):
    ready.write_text(ready.read_text() + setting.format(tmp_path) + "\n")
    code, line = run("check", "--config", ready)
    assert (code, line.count("\n")) == (1, 1)
    assert line.startswith("idp: " + said.format(tmp_path))


def test_a_file_that_is_no_database_is_one_clear_line(ready: Path, tmp_path: Path):
    for kept in tmp_path.glob("idp.sqlite3*"):
        kept.unlink()
    (tmp_path / "idp.sqlite3").write_bytes(b"no database" * 100)
    code, line = run("check", "--config", ready)
    assert (code, line.count("\n")) == (1, 1)
    assert "file is not a database" in line


@pytest.fixture
def full_disk():
    """No file of this process can grow."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, usual[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_a_database_that_cannot_be_written_is_one_clear_line(ready: Path, request: pytest.FixtureRequest):
    before = run("keys", "list", "--config", ready)
    request.getfixturevalue("full_disk")
    code, said = run("keys", "rotate", "--config", ready)
    assert (code, said) == (1, "idp: the database is away, busy or full: disk I/O error\n")
    assert run("keys", "list", "--config", ready) == before
