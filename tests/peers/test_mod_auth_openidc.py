"""Debian's Apache with mod_auth_openidc lets in whom the provider has identified, over TLS, and nobody else."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from time import sleep

import pytest
import requests

from tests.browser.installation import Installation, free_place, installation
from tests.peers.conftest import absent, register
from tests.peers.http_visitor import HttpVisitor

HERE = Path(__file__).parent
MODULES = Path("/usr/lib/apache2/modules")
MADE_CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    " -addext subjectAltName=DNS:localhost -keyout ca.key -out ca.pem"
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that Apache's own user can read; pytest's folders are closed to it."""
    for program in ("apache2", "nginx", "openssl"):
        if not shutil.which(program):
            absent(f"{program} is missing (apt-get install apache2 nginx-light openssl)")
    if not (MODULES / "mod_auth_openidc.so").exists():
        absent("mod_auth_openidc is missing (apt-get install libapache2-mod-auth-openidc)")
    with tempfile.TemporaryDirectory() as name:
        made = Path(name)
        made.chmod(0o755)
        (made / "site" / "private").mkdir(parents=True)
        (made / "site" / "private" / "index.html").write_text("only for the identified", "ascii")
        subprocess.run(MADE_CERTIFICATE.split(), cwd=made, check=True, capture_output=True)
        yield made


@pytest.fixture(scope="module")
def there(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A provider whose issuer is https."""
    with free_place(tmp_path_factory.mktemp("https")) as place:
        outside = place.port + 5
        text = filled("nginx.conf", FOLDER=folder, PORT=outside, BEHIND=place.port)
        (folder / "nginx.conf").write_text(text, "utf-8")
        nginx = ["nginx", "-p", folder, "-e", folder / "nginx.log", "-c", folder / "nginx.conf"]
        environ = {"IDP_ISSUER": f"https://localhost:{outside}"}
        with installation(place, environ, services=()) as running, running_server(nginx, outside):
            yield running


@pytest.fixture(scope="module")
def site(folder: Path, there: Installation) -> Iterator[str]:
    """The address of the protected site."""
    port = there.place.port + 6
    address = f"http://localhost:{port}"
    service = register(
        there,
        folder,
        {
            "client_name": "Apache",
            "redirect_uris": [f"{address}/private/callback"],
            "scope": "openid profile",
            "application_type": "native",
            "sector": "apache.example",
        },
    )
    text = filled(
        "apache.conf",
        FOLDER=folder,
        PORT=port,
        MODULES=MODULES,
        ISSUER=there.issuer,
        CLIENT_ID=service["client_id"],
        CLIENT_SECRET=service["client_secret"],
        PASSPHRASE=secrets.token_hex(16),
    )
    (folder / "apache.conf").write_text(text, "utf-8")
    root = [] if os.getuid() else ["-DROOT"]
    with running_server(["apache2", *root, "-DFOREGROUND", "-f", folder / "apache.conf"], port):
        yield address


def filled(name: str, **values: object) -> str:
    return Template((HERE / name).read_text("utf-8")).safe_substitute({k: str(v) for k, v in values.items()})


@contextmanager
def running_server(command: list[str | Path], port: int) -> Iterator[None]:
    """A server in the foreground, from when it listens until it is told to stop."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            while not listens(port):
                assert process.poll() is None, process.stdout.read()
                sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(20)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_mod_auth_openidc_lets_in_whom_the_provider_identified(there, site, folder):
    citizen = there.enrol()
    visitor = HttpVisitor(there, citizen, str(folder / "ca.pem"))
    visitor.get(f"{site}/private/index.html")
    assert visitor.page.status_code == 302, log_of(folder)
    assert visitor.page.headers["Location"].startswith(f"{there.issuer}/authorize?")
    visitor.follow()
    visitor.prove_and_agree()
    visitor.follow()
    assert visitor.page.status_code == 200, log_of(folder)
    assert visitor.page.url == f"{site}/private/index.html"
    assert visitor.page.text == "only for the identified"
    assert visitor.page.headers["X-Name"] == citizen.record.latin.full
    assert visitor.page.headers["X-Issuer"] == there.issuer


def test_mod_auth_openidc_lets_nobody_in_with_another_browsers_answer(there, site, folder):
    visitor = HttpVisitor(there, there.enrol(), str(folder / "ca.pem"))
    visitor.get(f"{site}/private/index.html")
    visitor.follow()
    visitor.prove_and_agree()
    answer = visitor.follow(site)
    stolen = requests.get(answer, allow_redirects=False, timeout=10)
    assert stolen.status_code != 200 or "only for the identified" not in stolen.text


def log_of(folder: Path) -> str:
    return (folder / "apache.log").read_text("utf-8", errors="replace")[-3000:]
