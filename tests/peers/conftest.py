"""What the peers' tests share: the marker, the registration, and how to say that a peer is not here."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from click.testing import CliRunner

from idp.command import main
from idp.settings import ROOT
from tests.browser.installation import Installation, free_place, installation

HERE = "tests/peers/"
LOCK = Path(__file__).parent / "package-lock.json"
DJANGO = Path(__file__).parent / "django-requirements.txt"
PIP = (sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--require-hashes")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here talks to other makers' software."""
    for item in items:
        if item.nodeid.startswith(HERE):
            item.add_marker(pytest.mark.peer)


def absent(what: str) -> NoReturn:
    """Skip, and say loudly what was not run."""
    pytest.skip(f"NOT RUN: {what}")


def register(there: Installation, folder: Path, metadata: dict[str, Any]) -> dict[str, Any]:
    """Register a service by the command that an administrator uses."""
    file = folder / "registration.json"
    file.write_text(json.dumps(metadata), "utf-8")
    registered: dict[str, Any] = json.loads(idp(there, "client", "add", "--file", str(file)))
    return registered


def idp(there: Installation, *words: str) -> str:
    """What an `idp` command of that installation writes; a process of its own would import for seconds."""
    done = CliRunner().invoke(main, words, env=there.surroundings)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="session")
def node_folder() -> Path:
    """A folder, kept between runs, with the libraries of the committed lock."""
    if not (shutil.which("node") and shutil.which("npm")):
        absent("node and npm are missing (apt-get install nodejs npm)")
    folder = ROOT / "var" / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    installed = folder / "node_modules" / ".installed"
    if not installed.exists() or installed.read_bytes() != LOCK.read_bytes():
        for name in ("package.json", LOCK.name):
            shutil.copy(LOCK.with_name(name), folder / name)
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            absent(f"npm could not install the libraries: {done.stderr.strip().splitlines()[-1:]}")
        installed.write_bytes(LOCK.read_bytes())
    return folder


@pytest.fixture(scope="session")
def django_folder() -> Path:
    """A folder, kept between runs, with Django alone; Authlib and requests are this project's own."""
    folder = ROOT / "var" / "django"
    installed = folder / ".installed"
    if not installed.exists() or installed.read_bytes() != DJANGO.read_bytes():
        shutil.rmtree(folder, ignore_errors=True)
        wheels = ("--only-binary", ":all:", "--target", str(folder), "-r", str(DJANGO))
        done = subprocess.run([*PIP, *wheels], capture_output=True, text=True, check=False)
        if done.returncode:
            absent(f"pip could not install Django: {done.stderr.strip().splitlines()[-1:]}")
        installed.write_bytes(DJANGO.read_bytes())
    return folder


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The provider and its worker, without sample services."""
    with free_place(tmp_path_factory.mktemp("peers")) as place, installation(place, services=()) as running:
        yield running
