"""What `idp client configuration` prints, run exactly as it is printed, and somebody who signs in there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.browser.installation import Installation
from tests.peers.conftest import idp, register
from tests.peers.http_visitor import HttpVisitor
from tests.peers.test_mod_auth_openidc import running_server


def printed(there: Installation, folder: Path, name: str, redirect_uri: str, **more: Any) -> tuple[str, str]:
    """The text that a newly registered service gets, and its secret, which the text never holds."""
    metadata = {"client_name": name, "redirect_uris": [redirect_uri], "scope": "openid profile"} | more
    service = register(there, folder, metadata)
    return idp(there, "client", "configuration", service["client_id"], name), service["client_secret"]


@contextmanager
def application(
    there: Installation, folder: Path, name: str, port: int, file: Path, command: list[str], **surroundings: str
) -> Iterator[str]:
    """An application made of nothing but the printed text in `file`, its secret from the environment; its address."""
    address = f"http://localhost:{port}"
    text, secret = printed(there, folder, name, f"{address}/signed/in")
    file.write_text(text, "utf-8")
    with started(command, port, surroundings | {"CLIENT_SECRET": secret}):
        yield address


@contextmanager
def started(command: list[str], port: int, surroundings: dict[str, str]) -> Iterator[None]:
    """The command, with more in its environment, from when it listens."""
    with pytest.MonkeyPatch.context() as patch:
        for key, value in (os.environ | surroundings).items():
            patch.setenv(key, value)
        with running_server(command, port):
            yield


def signed_in(there: Installation, address: str) -> None:
    """Somebody signs in, and the application shows who came back."""
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


def refusals(there: Installation, address: str) -> None:
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
