"""A real `idp serve` on a loopback port, for what only a listener can get wrong."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
STARTS_WITHIN = 30.0  # seconds, on a machine with other work


def free_port() -> int:
    """A port below the range from which the kernel takes ports of outgoing connections."""
    for port in range(20_000 + os.getpid() % 5000, 30_000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")


@contextmanager
def serving(directory: Path, database_url: str, workers: int = 1, more: dict[str, str] | None = None) -> Iterator[int]:
    """`idp serve` over an installation that is there (its secrets in `directory`); gives the port."""
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("IDP_")},
        "IDP_BIND": f"127.0.0.1:{port}",
        "IDP_WORKERS": str(workers),
        "IDP_DATABASE_URL": database_url,
        "IDP_SECRETS_FILE": str(directory / "secrets"),
        "IDP_VAR": str(directory),
        "IDP_MESSAGES_FILE": str(directory / "messages.jsonl"),
        **(more or {}),
    }
    with (directory / "serve.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "idp", "serve"], cwd=ROOT, env=environment, stderr=log)
        try:
            wait_for(port, process)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)


def wait_for(port: int, process: subprocess.Popen) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"idp serve did not begin to listen (exit code {process.poll()})")


def exchange(port: int, *pieces: bytes, seconds: float = 5.0) -> bytes:
    """What the listener answers to these bytes until it closes or falls silent."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        for piece in pieces:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(piece)
        connection.settimeout(0.5)
        with suppress(TimeoutError, ConnectionResetError):
            while received := connection.recv(65_536):
                answer += received
    return answer
