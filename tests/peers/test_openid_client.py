"""npm openid-client signs a person in, with every check it knows switched on."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from idp.settings import ROOT
from tests.browser.installation import free_place, installation
from tests.peers.conftest import absent, register
from tests.peers.http_visitor import HttpVisitor

HERE = Path(__file__).parent
FILES = ("package.json", "package-lock.json", "openid_client.mjs")
CALLBACK = "http://localhost:1/callback"  # nobody listens: the test reads the address that the person is sent to


@pytest.fixture(scope="module")
def node_folder():
    """A folder, kept between runs, with the library of the committed lock."""
    if not (shutil.which("node") and shutil.which("npm")):
        absent("node and npm are missing (apt-get install nodejs npm)")
    folder = ROOT / "var" / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    fresh = (HERE / "package-lock.json").read_bytes()
    installed = folder / "node_modules" / ".installed"
    if not installed.exists() or installed.read_bytes() != fresh:
        for name in FILES[:2]:
            shutil.copy(HERE / name, folder / name)
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            absent(f"npm could not install openid-client: {done.stderr.strip().splitlines()[-1:]}")
        installed.write_bytes(fresh)
    shutil.copy(HERE / FILES[2], folder / FILES[2])
    return folder


@pytest.fixture
def there(tmp_path):
    with free_place(tmp_path) as place, installation(place, services=False) as running:
        yield running


def test_openid_client_signs_a_person_in(there, node_folder, tmp_path):
    service = register(
        there,
        tmp_path,
        {
            "client_name": "Peer",
            "redirect_uris": [CALLBACK],
            "scope": "openid profile phone offline_access",
            "grant_types": ["authorization_code", "refresh_token"],
        },
    )
    citizen = there.enrol()
    old = node_major() < 20  # from there on the library finds WebCrypto without being told
    flags = ["--experimental-global-webcrypto"] if old else []
    arguments = [there.issuer, service["client_id"], service["client_secret"], CALLBACK]
    command = ["node", *flags, "openid_client.mjs", *arguments]
    with subprocess.Popen(
        command, cwd=node_folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as peer:
        first = peer.stdout.readline()
        assert first, peer.stderr.read()
        visitor = HttpVisitor(there, citizen)
        visitor.get(json.loads(first)["go"])
        visitor.prove_and_agree()
        learnt, complained = peer.communicate(visitor.follow(CALLBACK) + "\n", timeout=30)
    assert peer.returncode == 0, complained
    known = json.loads(learnt)
    assert known["claims"]["acr"] == "urn:kr:overseas-id:acr:2"
    assert known["person"]["phone_number"] == citizen.number
    assert known["person"]["name#ko-Hang"] == citizen.record.korean.full
    assert known["active"] is False  # the grant was revoked with its refresh token


def node_major() -> int:
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.removeprefix("v").split(".")[0])
