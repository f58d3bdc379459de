"""Where a demonstration lives: its ports, its directory, and the environment that moves a provider there."""

import errno
import fcntl
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from idp.demo.sample_services import SAMPLE_SERVICES, SampleService

# A fresh start removes these and nothing else, whatever directory `--var` names.
WRITTEN = (
    "idp.sqlite3*",
    "secrets",
    "messages.jsonl*",
    "mails.jsonl*",
    "mails.lock",
    "demo-phone.json*",
    "clients",
    "logs",
)


class StartError(Exception):
    """Why the demonstration does not start, in one line."""


class Place:
    """Where this run lives: its ports and its directory."""

    def __init__(self, port_base: int, var: Path) -> None:
        """The provider listens on `port_base`, the services on the ports after it; data is kept in `var`."""
        self.port = port_base
        self.var = var
        self.issuer = f"http://localhost:{port_base}"

    def port_of(self, service: SampleService) -> int:
        """The port of a sample service."""
        return self.port + service.offset

    def address_of(self, service: SampleService) -> str:
        """The address of a sample service."""
        return f"http://localhost:{self.port_of(service)}"

    def credentials_of(self, service: SampleService) -> Path:
        """The file with the client id and secret of a sample service."""
        return self.var / "clients" / f"{service.folder}.json"

    def environ(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The environment of every child: the development configuration, moved to this place."""
        return {
            "IDP_CONFIG": "config/development.toml",
            "IDP_DATABASE_URL": f"sqlite:///{self.var.resolve() / 'idp.sqlite3'}",
            **inherited,
            "IDP_ISSUER": self.issuer,
            "IDP_BIND": f"127.0.0.1:{self.port}",
            "IDP_VAR": str(self.var),
            "IDP_SECRETS_FILE": str(self.var / "secrets"),
            "IDP_MESSAGES_FILE": str(self.var / "messages.jsonl"),
            "IDP_MAILS_FILE": str(self.var / "mails.jsonl"),
            "PYTHONUNBUFFERED": "1",
        }


def port_base(environ: Mapping[str, str]) -> int:
    """The provider's port, from the environment. Raises StartError when it is none."""
    text = environ.get("PORT_BASE", "9000")
    if not text.isascii() or not text.isdigit() or not 1024 <= int(text) <= 65000:
        raise StartError(f"PORT_BASE is a port between 1024 and 65000, not {text!r}")
    return int(text)


@contextmanager
def held(var: Path) -> Iterator[None]:
    """Hold the directory: two runs would write one database under two issuers."""
    with _lock_of(var) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(f"{var} is in use by another ./run; --var DIR keeps data elsewhere") from None
        yield


def _lock_of(var: Path) -> TextIO:
    try:
        var.mkdir(parents=True, exist_ok=True)
        return (var / "run.lock").open("w")
    except OSError as error:
        raise StartError(f"{var} cannot hold the data: {error.strerror}; --var DIR keeps it elsewhere") from None


def check_ports(place: Place) -> None:
    """Raise StartError when one of the ports is taken, on either of the addresses that localhost means."""
    for port in (place.port, *(place.port_of(service) for service in SAMPLE_SERVICES)):
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            refusal = _bind(family, host, port)
            if refusal == errno.EADDRINUSE:
                raise StartError(f"port {port} is in use; PORT_BASE=9100 ./run moves all ports")
            if refusal and family == socket.AF_INET:  # a machine without IPv6 is fine
                raise StartError(f"port {port} cannot be used: {os.strerror(refusal)}")


def _bind(family: socket.AddressFamily, host: str, port: int) -> int:
    """0 when a server could listen there, else the error number."""
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        return error.errno or errno.EINVAL
    return 0


def forget(var: Path) -> None:
    """Remove what earlier runs kept."""
    for entry in (found for pattern in WRITTEN for found in var.glob(pattern)):
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
