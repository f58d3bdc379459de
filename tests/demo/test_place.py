"""Ports, directory and environment of one ./run."""

import socket
from contextlib import suppress
from pathlib import Path

import pytest

from idp.demo.place import Place, StartError, check_ports, forget, held, port_base
from idp.demo.sample_services import SAMPLE_SERVICES
from idp.settings import load_settings


def test_ports_follow_the_base():
    place = Place(9100, Path("var"))
    assert place.issuer == "http://localhost:9100"
    assert [place.port_of(s) for s in SAMPLE_SERVICES] == [9101, 9102, 9103, 9104]


@pytest.mark.parametrize("text", ["", "x", "80", "65001", "9000.5", "-9000", "९०००"])
def test_a_base_that_is_no_port_is_refused(text):
    with pytest.raises(StartError, match="PORT_BASE"):
        port_base({"PORT_BASE": text})


def test_the_base_has_a_default():
    assert port_base({}) == 9000


def test_the_environment_makes_the_settings_of_this_place(tmp_path):
    settings = load_settings(environ=only_idp(Place(9100, tmp_path).environ({})))
    assert settings.issuer == "http://localhost:9100"
    assert settings.bind == "127.0.0.1:9100"
    assert settings.database_url == f"sqlite:///{tmp_path}/idp.sqlite3"
    assert {settings.secrets_file.parent, settings.messages_file.parent, settings.var} == {tmp_path}
    assert settings.demo


def test_another_database_may_be_given(tmp_path):
    given = {"IDP_DATABASE_URL": "postgresql+psycopg:///idp"}
    settings = load_settings(environ=only_idp(Place(9100, tmp_path).environ(given)))
    assert settings.database_url == "postgresql+psycopg:///idp"


def only_idp(environ: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith("IDP_")}


HANDED_OUT_BY_NOBODY = range(20_000, 32_000, 100)
"""Ports below those that the system gives to whoever asks for any: another test may take one of those at any moment."""


def taken_beside_a_free_one(other, host):
    """Take the port of the first sample service of a place whose own port is free; returns that one."""
    for base in HANDED_OUT_BY_NOBODY:
        with suppress(OSError), socket.create_server(("127.0.0.1", base)):
            other.bind((host, base + SAMPLE_SERVICES[0].offset))
            other.listen()
            return base
    return None


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_busy_port_is_named(family, host):
    with socket.socket(family) as other:
        base = taken_beside_a_free_one(other, host)
        if base is None:
            pytest.skip(f"this machine has no {host}")
        with pytest.raises(StartError, match=f"^port {base + 1} is in use; PORT_BASE=9100 ./run moves all ports$"):
            check_ports(Place(base, Path("var")))


def test_one_directory_serves_one_run(tmp_path):
    with held(tmp_path), pytest.raises(StartError, match="in use by another"), held(tmp_path):
        pass
    with held(tmp_path):
        pass


def test_a_fresh_start_removes_what_the_demonstration_wrote_and_nothing_else(tmp_path):
    for name in ("idp.sqlite3", "idp.sqlite3-wal", "secrets", "messages.jsonl", "demo-phone.json"):
        (tmp_path / name).touch()
    for name in ("clients", "logs", "photos"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    (tmp_path / "thesis.txt").touch()
    forget(tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["photos", "thesis.txt"]


@pytest.mark.parametrize(("name", "why"), [("file", "File exists"), ("file/var", "Not a directory")])
def test_a_place_that_can_hold_nothing_is_one_clear_line(tmp_path, name, why):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StartError, match=f"^{tmp_path}/{name} cannot hold the data: {why}; "), held(tmp_path / name):
        pass
