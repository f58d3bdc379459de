"""Child processes as one unit: all of them answer, or all of them are stopped.

A child gets a session of its own, so that Ctrl-C in the terminal reaches the supervisor alone and it stops
them in order; and the kernel ends it when the supervisor dies without a word (setpriv of util-linux), so that
none is orphaned.
"""

import http.client
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.2
STOP_SECONDS = 10
LAST_LINES = 3


Wait = Callable[[float], bool]
"""Lets so many seconds pass; True when the person at the terminal has asked to stop."""


class ChildError(Exception):
    """A child ended, or never answered. The message is what the person at the terminal reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process to keep running."""

    name: str
    command: Sequence[str]
    port: int | None = None  # where it answers HTTP; None when it only works
    path: str = "/"


class Children:
    """Started processes with their logs."""

    def __init__(self, logs: Path, environ: Mapping[str, str]) -> None:
        """Each child writes `logs`/NAME.log and sees `environ`."""
        self._logs = logs
        self._environ = dict(environ)
        self._running: list[tuple[Child, subprocess.Popen[bytes]]] = []

    def start(self, child: Child) -> None:
        """Start one process, its output going to its log."""
        self._logs.mkdir(parents=True, exist_ok=True)
        with self._log_of(child).open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - the commands are fixed in idp/demo/up.py
                [*_ends_with_parent(), *child.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environ,
                start_new_session=True,
            )
        self._running.append((child, process))

    def wait_until_ready(self, wait: Wait, seconds: int) -> bool:
        """Wait until every child answers: True; False when asked to stop before. Raises ChildError."""
        waiting = [child for child, _ in self._running if child.port is not None]
        for _ in range(round(seconds / POLL_SECONDS)):
            self.check()
            waiting = [child for child in waiting if not answers(child.port or 0, child.path)]
            if not waiting:
                return True
            if wait(POLL_SECONDS):
                return False
        raise ChildError(f"{waiting[0].name} did not answer within {seconds} s{self._tail(waiting[0])}")

    def watch(self, wait: Wait) -> None:
        """Return when asked to stop; raise ChildError when a child ends before that."""
        while not wait(POLL_SECONDS):
            self.check()

    def check(self) -> None:
        """Raise ChildError when a child has ended."""
        for child, process in self._running:
            status = process.poll()
            if status is not None:
                raise ChildError(f"{child.name} stopped ({_exit(status)}){self._tail(child)}")

    def stop(self) -> None:
        """Ask every child to end, last started first, and end by force what does not within ten seconds."""
        for _, process in reversed(self._running):
            process.terminate()
        for _, process in reversed(self._running):
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            # Its own session is its process group: what it started goes with it, also where it was killed itself.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._running.clear()

    def _log_of(self, child: Child) -> Path:
        return self._logs / f"{child.name}.log"

    def _tail(self, child: Child) -> str:
        lines = self._log_of(child).read_text("utf-8", errors="replace").splitlines()[-LAST_LINES:]
        shown = "".join(f"\n    {line}" for line in lines if line.strip())
        return f"; its log is {self._log_of(child)}{shown}"


def answers(port: int, path: str) -> bool:
    """Whether an HTTP server on loopback answers `path` without a server error."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _ends_with_parent() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def _exit(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit code {status}"
