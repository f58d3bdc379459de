"""Start a server, wait until it answers, stop it with everything it started."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 120.0
STOP_SECONDS = 10.0


class BenchError(Exception):
    """Something the bench needs is missing or does not start. The message is for the person who ran it."""


@contextmanager
def running(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    log: Path,
    port: int | None = None,
) -> Iterator[int]:
    """Run `command` as a session of its own, yield its process id once `port` listens, then stop it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=os.environ | environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        if port is not None:
            _wait_for(port, process, log)
        yield process.pid
    finally:
        _stop(process)


def refuse_busy_port(port: int) -> None:
    """Raise BenchError when somebody listens on the port already: we would measure a stranger."""
    if _listens(port):
        raise BenchError(f"port {port} is in use; choose others with --port-base")


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            end = "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:])
            raise BenchError(f"the server for port {port} did not start; the end of its log says:\n{end}")
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask first, then insist; only the session that was started here."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)
