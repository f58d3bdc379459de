"""The configurations that `idp client configuration` prints, run exactly as they are printed."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.peers.conftest import idp, register
from tests.peers.http_visitor import HttpVisitor
from tests.peers.test_mod_auth_openidc import running_server
from tests.peers.test_openid_client import node_major


@contextmanager
def application(there, folder: Path, name: str, port: int, command: list[str]):
    """An application made of nothing but the printed text, its secret from the environment; its address."""
    address = f"http://localhost:{port}"
    metadata = {"client_name": name, "redirect_uris": [f"{address}/signed/in"], "scope": "openid profile"}
    service = register(there, folder, metadata)
    printed = idp(there, "client", "configuration", service["client_id"], name)
    Path(command[-1]).write_text(printed, "utf-8")
    environment = os.environ | {"CLIENT_SECRET": service["client_secret"], "FLASK_APP": command[-1]}
    start = command if name != "authlib-flask" else [*command[:-1], "--port", str(port)]
    with started(start, port, environment):
        yield address


@contextmanager
def started(command, port, environment):
    with pytest.MonkeyPatch.context() as patch:
        for key, value in environment.items():
            patch.setenv(key, value)
        with running_server(command, port):
            yield


def flask(folder: Path) -> list[str]:
    return [sys.executable, "-m", "flask", "run", str(folder / "app.py")]


def signed_in(there, address) -> requests.Response:
    """What a person sees at the application once they came back."""
    citizen = there.enrol()
    visitor = HttpVisitor(there, citizen)
    visitor.get(f"{address}/")
    assert "/login" in visitor.page.text
    visitor.get(f"{address}/login")
    visitor.follow()
    visitor.prove_and_agree()
    visitor.follow()
    assert visitor.page.status_code == 200, visitor.page.text
    known = visitor.page.json()
    assert known["name"] == citizen.record.latin.full
    assert len(known["subject"]) > 20
    return visitor


def refusals(there, address) -> None:
    """An answer of another browser, and a person who says no."""
    visitor = HttpVisitor(there, there.enrol())
    visitor.get(f"{address}/login")
    visitor.follow()
    visitor.prove_and_agree()
    stolen = requests.get(visitor.follow(address), timeout=10)
    assert stolen.status_code == 400
    visitor = HttpVisitor(there, there.enrol())
    visitor.get(f"{address}/login")
    visitor.follow()
    visitor.submit("/sign-in/cancel")
    visitor.follow()
    assert visitor.page.status_code == 400
    assert "access_denied" in visitor.page.text


def test_authlib_flask_as_printed(there, tmp_path):
    port = there.place.port + 5
    with application(there, tmp_path, "authlib-flask", port, flask(tmp_path)) as address:
        signed_in(there, address)
        refusals(there, address)


def test_openid_client_as_printed(there, tmp_path, node_folder):
    port = there.place.port + 6
    flags = ["--experimental-global-webcrypto"] if node_major() < 20 else []
    command = ["node", *flags, str(node_folder / "printed.mjs")]
    with application(there, tmp_path, "openid-client", port, command) as address:
        signed_in(there, address)
        refusals(there, address)
