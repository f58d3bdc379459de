"""Children of ./run: watched, explained when they die, and never left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Timer

import pytest

from idp.demo.children import Child, ChildError, Children

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[2])); self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
SLEEP = "import time; time.sleep(60)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("on", flush=True)
time.sleep(60)
"""


def python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_for(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.fixture
def children(tmp_path):
    started = Children(tmp_path, os.environ)
    yield started
    started.stop()


def pids(children: Children) -> list[int]:
    return [process.pid for _, process in children._running]


def test_ready_when_every_child_answers(children):
    port = free_port()
    children.start(Child(name="service", command=python(SERVER, port, 302), port=port))
    children.start(Child(name="worker", command=python(SLEEP)))
    assert children.wait_until_ready(Event().wait, 20)


def test_not_ready_while_a_child_answers_with_server_errors(children):
    port = free_port()
    children.start(Child(name="service", command=python(SERVER, port, 503), port=port))
    with pytest.raises(ChildError, match="service did not answer within 1 s"):
        children.wait_until_ready(Event().wait, 1)


def test_waiting_ends_when_told_to_stop(children):
    stopping = Event()
    stopping.set()
    children.start(Child(name="service", command=python(SLEEP), port=free_port()))
    assert not children.wait_until_ready(stopping.wait, 20)


def test_a_dead_child_is_named_with_the_end_of_its_log(children):
    children.start(Child(name="worker", command=python(SLEEP)))
    children.start(Child(name="gov24", command=python("import sys; print('no such registration'); sys.exit(3)")))
    with pytest.raises(ChildError, match=r"(?s)gov24 stopped \(exit code 3\).*gov24\.log.*no such registration"):
        children.watch(Event().wait)


def test_a_killed_child_is_named_with_its_signal(children):
    children.start(Child(name="worker", command=python(SLEEP)))
    os.kill(pids(children)[0], signal.SIGKILL)
    with pytest.raises(ChildError, match=r"worker stopped \(signal 9\)"):
        children.watch(Event().wait)


def test_watching_ends_when_told_to_stop(children):
    children.start(Child(name="worker", command=python(SLEEP)))
    stopping = Event()
    Timer(0.3, stopping.set).start()
    children.watch(stopping.wait)
    assert stopping.is_set()


def test_stop_ends_every_child_even_one_that_ignores_it(children, tmp_path, monkeypatch):
    monkeypatch.setattr("idp.demo.children.STOP_SECONDS", 0.5)
    children.start(Child(name="stubborn", command=python(STUBBORN)))
    children.start(Child(name="worker", command=python(SLEEP)))
    started = pids(children)
    wait_for((tmp_path / "stubborn.log").read_text)
    children.stop()
    assert [pid for pid in started if is_alive(pid)] == []


def test_what_a_killed_child_had_started_ends_too(children, tmp_path):
    """A server that ran out of memory leaves its workers behind, and they its port taken."""
    code = (
        f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).pid, flush=True); {SLEEP}"
    )
    children.start(Child(name="server", command=python(code)))
    log = tmp_path / "server.log"
    wait_for(lambda: log.read_text().strip())
    worker = int(log.read_text())
    os.kill(children._running[0][1].pid, signal.SIGKILL)
    assert is_alive(worker)
    children.stop()
    wait_for(lambda: not is_alive(worker))


def test_children_end_with_a_supervisor_that_was_killed(tmp_path):
    supervisor = f"""
import os, sys, time
from pathlib import Path
from idp.demo.children import Child, Children
children = Children(Path({str(tmp_path)!r}), os.environ)
children.start(Child(name="worker", command=[sys.executable, "-c", {SLEEP!r}]))
print(children._running[0][1].pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen(python(supervisor), stdout=subprocess.PIPE, text=True) as process:
        child = int(process.stdout.readline())
        wait_for(lambda: is_alive(child))
        process.kill()
        process.wait()
    wait_for(lambda: not is_alive(child))
