"""Callers who send a byte now and then and never end, straight at the provider and behind nginx as config/ has it.

Headers and bodies each: while they hold their connections, somebody else asks for a page.
"""

import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.server_process import BenchError, running

SAMPLE = Path(__file__).parents[2] / "config" / "nginx.conf.sample"
CALLERS = 100
LOOK_SECONDS = 6.0
ASK_SECONDS = 3.0  # of somebody at another address: nginx counts by address
HEADERS = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = (
    b"POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 10000\r\n\r\n"
)
KINDS = {"headers": HEADERS, "bodies": BODY}


def slow_callers(home: Path, port: int, *, behind_nginx: bool) -> dict[str, tuple[bool, float]]:
    """By kind: whether everybody else got each answer in time, and the longest that one of them waited."""
    if not behind_nginx:
        return {kind: _others_while(port, beginning) for kind, beginning in KINDS.items()}
    with _nginx(home, port) as front:
        return {kind: _others_while(front, beginning) for kind, beginning in KINDS.items()}


def _others_while(port: int, beginning: bytes) -> tuple[bool, float]:
    held = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(CALLERS)]
    try:
        for one in held:
            one.sendall(beginning)
        longest, good, end = 0.0, True, time.monotonic() + LOOK_SECONDS
        while time.monotonic() < end:
            _drip(held)
            took = _asked(port)
            longest, good = max(longest, took), good and took < ASK_SECONDS
        return good, longest
    finally:
        for one in held:
            one.close()
        time.sleep(1)


def _drip(held: list[socket.socket]) -> None:
    for one in held:
        try:
            one.send(b"a")
        except OSError:
            continue  # it was shown the door


def _asked(port: int) -> float:
    """Seconds until the page was there; ASK_SECONDS when it did not come."""
    with socket.create_connection(("127.0.0.1", port), ASK_SECONDS, ("127.0.0.2", 0)) as other:
        other.settimeout(ASK_SECONDS)
        began = time.monotonic()
        try:
            other.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = other.recv(100)
        except OSError:
            return ASK_SECONDS
        time.sleep(0.1)  # gently: the sample lets an address ask twenty times a second
        return time.monotonic() - began - 0.1 if answer.startswith(b"HTTP/1.1 200") else ASK_SECONDS


@contextmanager
def _nginx(home: Path, port: int) -> Iterator[int]:
    """nginx with the sample's first server, without TLS, in front of `port`; its own port. Raises BenchError."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        raise BenchError("nginx is not here; --part leaves the slow callers out")
    front = port + 1
    site = home / "site.conf"
    site.write_text(adapted(SAMPLE.read_text("utf-8"), port, front, home))
    whole = home / "nginx.conf"
    whole.write_text(
        f"daemon off; pid {home}/nginx.pid; error_log {home}/nginx.log; worker_processes 1;\n"
        f"events {{ worker_connections 1024; }} http {{ include {site}; }}\n"
    )
    with running([program, "-c", str(whole)], environment={}, directory=home, log=home / "nginx.out", port=front):
        yield front


def adapted(sample: str, port: int, front: int, home: Path) -> str:
    """The sample's own bounds, with the address, names and keys of this machine; TLS is not what is measured."""
    upstream, _, rest = sample.partition("server {\n    listen 80;")
    server = "server {" + rest.partition("\nserver {")[2].partition("\n}\n")[0] + "\n}\n"
    server = re.sub(r"^\s*(ssl_|listen ).*\n", "", server, flags=re.MULTILINE)
    server = server.replace("server {", f"server {{\n    listen 127.0.0.1:{front};", 1)
    upstream = upstream.replace("unix:/run/overseas-id/idp.sock", f"127.0.0.1:{port}")
    return (upstream + server).replace("/var/log/nginx/", f"{home}/")
