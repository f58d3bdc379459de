"""What the peers' tests share: the marker, the registration, and how to say that a peer is not here."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from idp.demo.up import IDP
from tests.browser.installation import Installation, free_place, installation

HERE = "tests/peers/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here talks to other makers' software."""
    for item in items:
        if item.nodeid.startswith(HERE):
            item.add_marker(pytest.mark.peer)
            item.add_marker(pytest.mark.xdist_group("peers"))


@pytest.fixture(scope="session")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The running provider and its worker, for all peers that want nothing special of it."""
    with free_place(tmp_path_factory.mktemp("peers")) as place, installation(place, services=()) as running:
        yield running


def absent(what: str) -> NoReturn:
    """Skip, and say loudly what was not run."""
    pytest.skip(f"NOT RUN: {what}")


def register(there: Installation, folder: Path, metadata: dict[str, Any]) -> dict[str, Any]:
    """Register a service by the command that an administrator uses."""
    file = folder / "registration.json"
    file.write_text(json.dumps(metadata), "utf-8")
    done = subprocess.run(
        [*IDP, "client", "add", "--file", file], env=there.surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
