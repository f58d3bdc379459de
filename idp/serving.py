"""`idp serve`: the application under granian, one blocking thread a worker, workers as configured."""

import os
from contextlib import suppress
from errno import ECONNREFUSED
from pathlib import Path
from socket import AF_INET, AF_INET6, AF_UNIX, SO_REUSEADDR, SOL_SOCKET, AddressFamily, socket
from typing import Any

import click
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from idp import create_app
from idp.journal import write_json_log
from idp.settings import Settings, SettingsError, listening_address

BACKLOG = 128
"""Connections that wait in the kernel: more are turned away at once, which nginx tells as 502."""
BACKPRESSURE = 64
"""Connections that one worker holds, idle ones of nginx too. With BACKLOG it bounds how long anybody waits in a queue:
an answer that comes when nobody waits for it any more is work for nothing."""
HEADER_MILLISECONDS = 10_000
RESPAWN_SECONDS = 3.5
IPV6 = 6


@click.command()
@click.pass_obj
def serve(settings: Settings) -> None:
    """Serve until told to stop; requests under way are finished."""
    write_json_log(settings.log_level)
    create_app(settings)  # everything that can refuse to start does so here, in one line, before any worker exists
    _hand_on()
    server = Server("wsgi:app", interface=Interfaces.WSGI, **_listener(settings), **_options(settings))
    server.serve()


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "workers": settings.workers,
        "blocking_threads": 1,
        "backlog": BACKLOG,
        "backpressure": BACKPRESSURE,
        "http1_settings": HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS),
        "respawn_failed_workers": True,
        "websockets": False,
        "log_enabled": False,
        "working_dir": Path(__file__).resolve().parent.parent,
    }


def _listener(settings: Settings) -> dict[str, Any]:
    try:
        if settings.bind.startswith("unix:"):
            path = Path(settings.bind.removeprefix("unix:"))
            _try_path(path)
            return {"uds": path}
        listening = listening_address(settings.bind)
        assert listening is not None, "settings were checked"
        address, port = listening
        _try_port(AF_INET6 if address.version == IPV6 else AF_INET, str(address), port)
    except OSError as error:
        raise SettingsError(f"cannot listen on {settings.bind}: {error.strerror}") from None
    return {"address": str(address), "port": port}


def _try_port(family: AddressFamily, address: str, port: int) -> None:
    """Raise OSError when nobody could listen there.

    Workers share their port among themselves (SO_REUSEPORT), and would in silence share it with the workers of another
    `idp serve`: of an older version, perhaps, that nobody meant to keep.
    """
    with socket(family) as probe:
        probe.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        probe.bind((address, port))


def _try_path(path: Path) -> None:
    """Raise OSError when nobody could listen there. A socket that a killed server left behind is taken away."""
    with socket(AF_UNIX) as caller, suppress(FileNotFoundError):
        if caller.connect_ex(str(path)) == ECONNREFUSED and path.is_socket():
            path.unlink()
    with socket(AF_UNIX) as probe:
        probe.bind(str(path))
    path.unlink()


def _hand_on() -> None:
    """Give the worker processes the same settings file."""
    config = click.get_current_context().find_root().params.get("config")
    if config is not None:
        os.environ["IDP_CONFIG"] = str(Path(config).resolve())
