"""`idp serve`: the application under granian, one blocking thread a worker, workers as configured."""

import os
from pathlib import Path
from typing import Any

import click
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from idp import create_app
from idp.journal import write_json_log
from idp.settings import Settings, SettingsError

BACKLOG = 128
"""Connections that wait in the kernel: more are turned away at once, which nginx tells as 502."""
BACKPRESSURE = 64
"""Connections that one worker holds, idle ones of nginx too. With BACKLOG it bounds how long anybody waits in a queue:
an answer that comes when nobody waits for it any more is work for nothing."""
HEADER_MILLISECONDS = 10_000
RESPAWN_SECONDS = 3.5


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
    if settings.bind.startswith("unix:"):
        return {"uds": Path(settings.bind.removeprefix("unix:"))}
    host, _, port = settings.bind.rpartition(":")
    if not host or not port.isdigit():
        raise SettingsError(f"bind is host:port or unix:/path, not {settings.bind!r}")
    return {"address": host.strip("[]"), "port": int(port)}


def _hand_on() -> None:
    """Give the worker processes the same settings file."""
    config = click.get_current_context().find_root().params.get("config")
    if config is not None:
        os.environ["IDP_CONFIG"] = str(Path(config).resolve())
