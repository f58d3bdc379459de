"""Starting a relying service from the command line: `python -m clients.gov24.app --credentials FILE`.

One process with threads, for a developer's machine. In production an engineer serves the application that
`create_app` returns with the WSGI server of their house, behind TLS.
"""

import argparse
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from types import FrameType
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler

from clients.relying_party.client_key import make_key
from clients.relying_party.credentials import (
    Credentials,
    StartError,
    environment_credentials,
    read_credentials,
)
from clients.relying_party.service import Service

DEFAULT_PORT = 80


class DiscreetRequestHandler(WSGIRequestHandler):
    """Logs requests without their query: the callback's holds an authorization code."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """One line of method, path, status and size."""
        self.log("info", "%s %s %s %s", self.command, urlsplit(self.path).path, str(code), str(size))


def run(service: Service, create_app: Callable[[Credentials], Flask]) -> None:
    """Do what the command line says, and leave with one clear line when that is impossible."""
    options = _options(service)
    logging.basicConfig(level=logging.INFO, format=f"{service.slug}: %(message)s")
    try:
        if options.make_key:
            print(make_key(options.make_key))  # noqa: T201 - the answer of the command
            return
        credentials = _credentials(options.credentials)
        port = options.port or urlsplit(credentials.base).port or DEFAULT_PORT
        serve(create_app(credentials), options.host, port)
    except StartError as error:
        sys.exit(f"{service.slug}: {error}")


def _options(service: Service) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"{service.name_en} ({service.name_ko}), a relying service")
    parser.add_argument("--credentials", type=Path, help="JSON file; without it the RP_… variables are read")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, help="port to listen on (default: the one of base)")
    if service.token_endpoint_auth_method == "private_key_jwt":  # noqa: S105 - a method's name
        parser.add_argument("--make-key", type=Path, metavar="NAME.key.json", help="make the signing key and leave")
    else:
        parser.set_defaults(make_key=None)
    return parser.parse_args()


def _credentials(path: Path | None) -> Credentials:
    return read_credentials(path, os.urandom) if path else environment_credentials(os.environ)


def serve(app: Flask, host: str, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C, then leave cleanly. Raises StartError when the port is taken."""
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise StartError(f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}") from error
    with (
        listening,
        ThreadedWSGIServer(host, port, app, handler=DiscreetRequestHandler, fd=listening.fileno()) as server,
    ):
        signal.signal(signal.SIGTERM, lambda number, frame: _stop(server, number, frame))
        signal.signal(signal.SIGINT, lambda number, frame: _stop(server, number, frame))
        logging.getLogger(__name__).info("listening on http://%s:%s", host, port)
        server.serve_forever()


def _stop(server: BaseWSGIServer, _number: int, _frame: FrameType | None) -> None:
    """`shutdown` waits for the loop that this handler interrupts, so another thread calls it."""
    Thread(target=server.shutdown, daemon=True).start()
