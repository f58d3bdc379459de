"""Law 12: what production refuses to start with; and keys that are wrong, missing or made twice (M-02, M-03, M-06)."""

import os
from pathlib import Path
from threading import Barrier, Lock, Thread

import pytest
from flask import Flask

from idp import create_app, real_world, wire
from idp.keys.secrets import SecretsError, new_secret_line
from idp.safety import unsafe
from idp.settings import Settings, SettingsError
from tests.ground import make_ground


@pytest.fixture
def secret(tmp_path):
    def make(name, mode=0o600, text=None):
        path = tmp_path / name
        path.write_text(text if text is not None else new_secret_line(1, os.urandom), "ascii")
        path.chmod(mode)
        return path

    return make


def gateways(secret, *lines, mode=0o600):
    """A gateways file with one account, some of its lines given."""
    members = {
        "kind": '"twilio"',
        "account": '"AC1"',
        "sender": '"ID"',
        "secret_file": f'"{secret("token", mode)}"',
    } | dict(line.split(" = ") for line in lines)
    return secret("gateways.toml", text="[one]\n" + "\n".join(f"{name} = {value}" for name, value in members.items()))


@pytest.fixture
def sound(tmp_path, secret):
    """Settings that production starts with."""
    return {
        "environment": "production",
        "issuer": "https://id.example.kr",
        "gateways_file": gateways(secret),
        "secrets_file": secret("secrets"),
        "database_url": f"sqlite:///{tmp_path}/idp.sqlite3",
    }


def test_law_12_sound_settings_are_accepted(sound):
    assert list(unsafe(Settings(**sound))) == []


PG = "postgresql+psycopg://idp@db/idp"


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"issuer": "http://localhost:9000"}, "https"),
        ({"issuer": "https://localhost"}, "public name"),
        ({"issuer": "https://127.0.0.1"}, "public name"),
        ({"demo": True}, "demo"),
        ({"debug": True}, "debug"),
        ({"gateways_file": None}, "gateways_file"),
        ({"gateways_file": Path("/nowhere/gateways.toml")}, "cannot read"),
        ({"database_url": f"{PG}?options=-csynchronous_commit%3Doff"}, "synchronous_commit"),
        ({"database_url": f"{PG}?options=-csynchronous_commit%3doff"}, "synchronous_commit"),
        ({"database_url": f"{PG}?options=-c+SYNCHRONOUS_COMMIT%20%3D%20FALSE"}, "synchronous_commit"),
        ({"database_url": "sqlite:///:memory:"}, "memory"),
    ],
    ids=str,
)
def test_law_12_M_03_production_refuses(sound, changed, word):
    with pytest.raises(SettingsError, match=word) as refusal:
        create_app(Settings(**sound | changed))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644, 0o666, 0o601])
@pytest.mark.parametrize("name", ["secrets_file", "gateways_file"])
def test_law_12_M_03_production_refuses_a_secret_that_others_may_read(sound, secret, name, mode):
    changed = gateways(secret, mode=mode) if name == "gateways_file" else secret("open", mode)
    with pytest.raises(SettingsError, match="chmod 600"):
        create_app(Settings(**sound | {name: changed}))


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('kind = "file"', "sends nothing"),
        ('kind = "simulator"', "sends nothing"),
        ('url = "http://127.0.0.1:8080"', "TLS"),
        ('secret_file = "/nowhere/token"', "cannot read"),
    ],
)
def test_law_12_production_refuses_a_gateway_that_sends_nothing_or_in_the_clear(sound, secret, line, word):
    with pytest.raises(SettingsError, match=word) as refusal:
        create_app(Settings(**sound | {"gateways_file": gateways(secret, line)}))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no secret"),
        ("1:" + "A" * 42, "at least 32 bytes"),
        ("1:" + "A" * 43, "not random"),
        ("1:c2VjcmV0", "at least 32 bytes"),
        ("x:y", "version:base64url"),
        ("0:" + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ", "1 to 255"),
        ("1:" + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ" + "\n1:" + "B" * 43, "twice"),
        (None, "cannot read|No such file"),
    ],
)
def test_law_12_M_03_a_secret_that_is_none_is_refused(sound, secret, tmp_path, text, word):
    path = tmp_path / "missing" if text is None else secret("bad", text=text)
    with pytest.raises((SettingsError, SecretsError), match=word) as refusal:
        create_app(Settings(**sound | {"secrets_file": path}))
    assert "\n" not in str(refusal.value)
    assert "abcdefghij" not in str(refusal.value)


@pytest.mark.parametrize(
    "other", [new_secret_line(1, os.urandom), new_secret_line(2, os.urandom)], ids=["another", "only a newer one"]
)
def test_M_06_another_master_secret_stops_the_start_and_writes_nothing(ground, tmp_path, other):
    before = ground.contents()
    url = ground.provider.settings.database_url
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(SecretsError, match="sealed with"):
        make_ground(tmp_path / "elsewhere", url, secrets=other, ready=True)
    assert ground.contents() == before


def test_M_06_a_newer_secret_beside_the_old_one_opens_everything(ground, tmp_path, service, citizen):
    both = (tmp_path / "secrets").read_text("ascii") + new_secret_line(2, os.urandom)
    before = ground.browser().tokens(service, citizen)
    (tmp_path / "elsewhere").mkdir()
    url = ground.provider.settings.database_url
    rotated = make_ground(tmp_path / "elsewhere", url, secrets=both, ready=True)
    told = [g.browser().userinfo(before["access_token"]).get_json() for g in (ground, rotated)]
    assert told[0] == told[1]
    rotated.clock.now += 60
    assert rotated.browser().tokens(service, citizen)["access_token"]
    rotated.provider.database.engine.dispose()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_M_02_of_workers_that_start_together_one_makes_the_keys(request, tmp_path, database):
    url = f"sqlite:///{tmp_path}/new.sqlite3" if database == "sqlite" else request.getfixturevalue("postgresql_url")
    first = make_ground(tmp_path, url)
    with first.provider.database.begin() as transaction:
        transaction.connection.exec_driver_sql("DELETE FROM signing_keys")
    apps, failures, start, one_at_a_time = [], [], Barrier(4), Lock()

    def begin():
        start.wait()
        try:
            with one_at_a_time:  # threads only stand for processes here: building routes in two of them at once
                app = Flask("worker")  # upsets the compiler of some 3.11 releases
            apps.append(wire(app, first.provider.settings, real_world()))
        except Exception as failure:  # noqa: BLE001 (whatever it is, the test must show it)
            failures.append(failure)

    threads = [Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert first.rows("signing_keys") == 4
    sets = {wired.ring.jwks() for wired in apps}
    assert len(sets) == 1
    for wired in [*apps, first.provider]:
        wired.database.engine.dispose()
