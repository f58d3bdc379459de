"""The supervisor's plan: what it prepares, what it starts, and how it refuses."""

import io
import os
import signal
import sys
from pathlib import Path
from threading import Timer

import pytest

from idp.demo import up
from idp.demo.children import Child
from idp.demo.place import Place
from idp.demo.preparing import Preparing, shown
from idp.demo.sample_services import SAMPLE_SERVICES


@pytest.fixture
def place(tmp_path):
    return Place(9100, tmp_path)


def planned(place: Place) -> list[str]:
    return [shown(command) for command in up.preparation(place)]


def test_the_first_start_makes_secrets_keys_and_a_citizen(place):
    assert planned(place) == [
        "idp secrets new",
        "idp migrate",
        "-m clients.family_register.app --make-key",
        "idp client apply",
        "idp lab counter",
        "idp lab citizen",
    ]


def test_a_second_start_keeps_them(place):
    (place.var / "clients").mkdir()
    for name in ("secrets", "demo-phone.json", "clients/family_register.key.json"):
        (place.var / name).touch()
    assert planned(place) == ["idp migrate", "idp client apply"]


def test_every_sample_service_is_registered_at_its_address(place):
    apply = next(command for command in up.preparation(place) if "apply" in command)
    assert "--set=apostille.base=http://localhost:9103" in apply
    assert [word for word in apply if word.startswith("clients/")] == [f"clients/{s.folder}" for s in SAMPLE_SERVICES]


def test_every_sample_service_is_started_on_its_port(place):
    started = {child.name: child.port for child in up.processes(place)}
    assert started == {
        "provider": 9100,
        "worker": None,
        "gov24": 9101,
        "okportal365": 9102,
        "apostille": 9103,
        "family_register": 9104,
    }


def test_every_sample_service_is_a_folder():
    root = Path(__file__).parents[2] / "clients"
    assert [s.folder for s in SAMPLE_SERVICES if not (root / s.folder).is_dir()] == []


def test_the_greeting_names_every_address(place):
    text = up.greeting(place)
    for port in range(9101, 9105):
        assert f"http://localhost:{port}" in text
    assert "http://localhost:9100/demo/phone" in text


def test_every_step_of_the_preparation_has_a_line_for_whoever_waits(place):
    said = [up.stage(command) for command in up.preparation(place)]
    assert len(set(said)) == len(said) == len(up.STAGES)
    assert all(" / " in line for line in said)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_with_success(tmp_path, monkeypatch, capsys, number):
    child = Child(name="worker", command=[sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(up, "preparation", lambda _: iter(()))
    monkeypatch.setattr(up, "processes", lambda _: iter([child]))
    monkeypatch.setattr(up, "check_ports", lambda _: None)
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        Timer(0.5, os.kill, (os.getpid(), number)).start()
        assert up.main(["--var", str(tmp_path)]) == 0
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert "Stopping" in capsys.readouterr().out


def test_the_death_of_a_child_stops_the_others_with_failure(tmp_path, monkeypatch, capsys):
    children = [
        Child(name="worker", command=[sys.executable, "-c", "import time; time.sleep(60)"]),
        Child(name="provider", command=[sys.executable, "-c", "raise SystemExit('bad settings')"]),
    ]
    monkeypatch.setattr(up, "preparation", lambda _: iter(()))
    monkeypatch.setattr(up, "processes", lambda _: iter(children))
    monkeypatch.setattr(up, "check_ports", lambda _: None)
    monkeypatch.setattr(up.signal, "signal", lambda *_: None)
    assert up.main(["--var", str(tmp_path)]) == 1
    assert "provider stopped (exit code 1)" in capsys.readouterr().err


def test_told_to_stop_while_preparing_starts_nothing(place, monkeypatch):
    monkeypatch.setattr(Preparing, "execute", lambda *_: pytest.fail("ran a step"))
    assert up.run(place, {}, lambda _: True) == 0


def test_a_port_base_that_is_no_port_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PORT_BASE", "abc")
    monkeypatch.setattr(up.signal, "signal", lambda *_: None)
    assert up.main(["--var", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "PORT_BASE is a port between 1024 and 65000, not 'abc'\n"


def test_a_terminal_without_hangul_is_no_reason_to_fail():
    stream = io.TextIOWrapper(io.BytesIO(), "latin-1")
    up.say("준비 Ready", stream)
    assert stream.buffer.getvalue() == b"?? Ready\n"
