"""A service as a process: it starts while the provider is down, logs no code, and leaves at once when told."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 20


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def command(slug, *arguments):
    return [sys.executable, "-m", f"clients.{slug}.app", *map(str, arguments)]


def environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("RP_")}


@pytest.fixture
def credentials(tmp_path):
    def write(slug, port):
        path = tmp_path / f"{slug}.json"
        given = {"issuer": f"http://localhost:{free_port()}", "client_id": "c", "client_secret": "s"}
        path.write_text(json.dumps({**given, "base": f"http://localhost:{port}"}), "utf-8")
        return path

    return write


def fetch(url):
    try:
        with urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def wait_for(url):
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            return fetch(url)
        except URLError:
            time.sleep(0.05)
    pytest.fail(f"{url} never answered")


def test_a_service_runs_without_the_provider_logs_no_code_and_stops_when_told(credentials):
    port = free_port()
    started = subprocess.Popen(
        command("gov24", "--credentials", credentials("gov24", port)),
        cwd=ROOT,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    with started as process:
        try:
            assert wait_for(f"http://localhost:{port}/")[0] == 200
            status, page = fetch(f"http://localhost:{port}/sign-in")
            assert status == 503
            assert 'data-reason="unavailable"' in page
            assert fetch(f"http://localhost:{port}/callback?code=SECRET-CODE&state=SECRET-STATE")[0] == 403
        finally:
            process.send_signal(signal.SIGTERM)
            log = process.communicate(timeout=SECONDS)[1]
    assert process.returncode == 0
    assert "GET /callback 403" in log
    assert "SECRET" not in log
    assert "Traceback" not in log


def test_a_taken_port_gets_one_line(credentials):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("gov24", "--credentials", credentials("gov24", port))
    assert done.returncode == 1
    assert done.stderr == f"gov24: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize(
    ("slug", "arguments", "line"),
    [
        ("gov24", ["--credentials", "no-such-file.json"], "cannot read the credentials"),
        ("gov24", [], "RP_SESSION_SECRET needs at least 32 characters"),
    ],
)
def test_a_start_that_cannot_be_gets_one_line(slug, arguments, line):
    done = run(slug, *arguments)
    assert done.returncode == 1
    assert line in done.stderr
    assert done.stderr.count("\n") == 1


def test_family_register_makes_its_key_before_it_can_start(credentials, tmp_path):
    path = credentials("family_register", free_port())
    refused = run("family_register", "--credentials", path)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "--make-key" in refused.stderr
    made = run("family_register", "--make-key", tmp_path / "family_register.key.json")
    assert (made.returncode, made.stdout) == (0, f"{tmp_path / 'family_register.jwks.json'}\n")


def run(slug, *arguments):
    return subprocess.run(
        command(slug, *arguments),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
