"""Printed configurations whose software takes long to get or to start: only `./test --long` runs them.

What is not on this machine is skipped; README.md says what was run, with which versions, and how to get it.
"""

import html
import json
import os
import re
import secrets
import shutil
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from requests.cookies import RequestsCookieJar

from idp.settings import ROOT
from tests.browser.installation import Installation
from tests.ground import CHALLENGE
from tests.peers.conftest import absent
from tests.peers.http_visitor import HttpVisitor
from tests.peers.printed import printed, started

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

# PHP. The pages around the printed login.php: what is put into the session there is all that they know.

PHP_HOME = """<?php
session_start();
header('Content-Type: application/json');
echo json_encode($_SESSION);
"""


@pytest.fixture
def php_site(there: Installation, tmp_path: Path) -> Iterator[str]:
    """The address of a folder with the printed login.php, a page that shows the session, and the library."""
    library = ROOT / "var" / "php" / "vendor"
    if not shutil.which("php"):
        absent("php is missing (apt-get install php-cli php-curl php-mbstring)")
    if not (library / "autoload.php").exists():
        absent("the library is missing (composer require -d var/php jumbojett/openid-connect-php)")
    port = there.place.port + 5
    address = f"http://localhost:{port}"
    more = {"id_token_signed_response_alg": "RS256"}  # as the text says
    text, secret = printed(there, tmp_path, "php", f"{address}/login.php", **more)
    folder = tmp_path / "php"
    folder.mkdir()
    (folder / "vendor").symlink_to(library)
    (folder / "login.php").write_text(text, "utf-8")
    (folder / "index.php").write_text(PHP_HOME, "utf-8")
    command = ["php", "-d", "display_errors=1", "-S", f"127.0.0.1:{port}", "-t", str(folder)]
    with started(command, port, {"CLIENT_SECRET": secret}):
        yield address


def test_php_as_printed(there, php_site):
    citizen = there.enrol()
    visitor = arrived(there, citizen, f"{php_site}/login.php")
    known = visitor.page.json()
    assert known["name"] == citizen.record.latin.full
    assert len(known["subject"]) > 20


def test_php_as_printed_tells_who_is_refused(there, php_site):
    stolen = requests.get(answer_of_another(there, f"{php_site}/login.php", php_site), timeout=30)
    assert stolen.status_code == 400
    assert stolen.text.startswith("Sign-in did not succeed: ")
    unwilling = HttpVisitor(there, there.enrol())
    unwilling.get(f"{php_site}/login.php")
    unwilling.follow()
    unwilling.submit("/sign-in/cancel")
    unwilling.follow()
    assert unwilling.page.status_code == 400
    assert "access_denied" in unwilling.page.text


# oauth2-proxy, one file and two secrets beside it.


@pytest.fixture
def proxy(there: Installation, tmp_path: Path) -> Iterator[str]:
    """The address of an oauth2-proxy with the printed file; the folder of its secrets is another."""
    program = shutil.which("oauth2-proxy", path=f"{ROOT / 'var' / 'go' / 'bin'}:{os.environ['PATH']}")
    if program is None:
        absent("oauth2-proxy is missing (README.md here tells how to build it into var/go)")
    port = there.place.port + 6
    address = f"http://localhost:{port}"
    text, secret = printed(there, tmp_path, "oauth2-proxy", f"{address}/oauth2/callback")
    (tmp_path / "mobile-id-secret").write_text(secret, "ascii")
    (tmp_path / "cookie-secret").write_text(urlsafe_b64encode(secrets.token_bytes(32)).decode(), "ascii")
    file = tmp_path / "oauth2-proxy.cfg"
    file.write_text(text.replace("/etc/oauth2-proxy", str(tmp_path)), "utf-8")
    command = [program, "--config", str(file), "--http-address", f"127.0.0.1:{port}"]
    with started(command, port, {}):
        yield address


def test_oauth2_proxy_as_printed(there, proxy):
    visitor = HttpVisitor(there, there.enrol())
    assert visitor.get(f"{proxy}/oauth2/auth").status_code == 401
    visitor.get(f"{proxy}/oauth2/start?rd=/")
    visitor.follow()
    visitor.prove_and_agree()
    visitor.follow()  # to the application behind it, which is not there
    known = visitor.get(f"{proxy}/oauth2/userinfo").json()
    assert len(known["user"]) > 20
    assert visitor.get(f"{proxy}/oauth2/auth").headers["X-Auth-Request-User"] == known["user"]


def test_oauth2_proxy_as_printed_takes_no_answer_of_another_browser(there, proxy):
    stolen = requests.get(answer_of_another(there, f"{proxy}/oauth2/start?rd=/", proxy), timeout=30)
    assert stolen.status_code == 403


# Spring Boot. What an engineer's own project brings: the build file, the application, a page of their own.

SPRING = Path(__file__).parent / "spring"


@pytest.fixture
def spring(there: Installation, tmp_path: Path) -> Iterator[str]:
    """The address of a Spring Boot application with the two printed files."""
    for program in ("mvn", "javac"):
        if not shutil.which(program):
            absent(f"{program} is missing (apt-get install maven default-jdk-headless)")
    port = there.place.port + 7
    address = f"http://localhost:{port}"
    text, secret = printed(there, tmp_path, "spring-security", f"{address}/signed/in")
    yml, java = text.split("// MobileIdSecurity.java, ")
    folder = shutil.copytree(SPRING, tmp_path / "spring")
    sources = folder / "src" / "main"
    (sources / "resources").mkdir()
    (sources / "resources" / "application.yml").write_text(yml, "utf-8")
    (sources / "java/kr/example/service/MobileIdSecurity.java").write_text("// " + java, "utf-8")
    built = subprocess.run(["mvn", "-q", "-B", "package"], cwd=folder, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout[-3000:]
    command = ["java", "-jar", str(folder / "target" / "service.jar"), f"--server.port={port}"]
    with started(command, port, {"CLIENT_SECRET": secret}):
        yield address


def test_spring_security_as_printed(there, spring):
    citizen = there.enrol()
    visitor = arrived(there, citizen, f"{spring}/")
    known = visitor.page.json()
    assert known["name"] == citizen.record.latin.full
    assert len(known["subject"]) > 20
    stolen = requests.get(answer_of_another(there, f"{spring}/", spring), timeout=30)
    assert "subject" not in stolen.text


# Keycloak, whose realm sends people on to the provider and makes them accounts of its own.

KEYCLOAK = ROOT / "var" / "keycloak" / "bin"
ADMINISTRATOR = {"KC_BOOTSTRAP_ADMIN_USERNAME": "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD": "of-this-test"}


@dataclass(frozen=True)
class Broker:
    """A realm of a running Keycloak, and its administrator's tool."""

    address: str
    folder: Path

    def tool(self, *arguments: str) -> str:
        """What kcadm.sh says."""
        command = [str(KEYCLOAK / "kcadm.sh"), *arguments, "--config", str(self.folder / "kcadm")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def keycloak(there: Installation, tmp_path: Path) -> Iterator[Broker]:
    """Keycloak with a realm in which the printed script was run."""
    if not (KEYCLOAK / "kc.sh").exists():
        absent("Keycloak is missing (README.md here tells where it comes from)")
    port = there.place.port + 5
    broker = Broker(f"http://localhost:{port}", tmp_path)
    text, secret = printed(there, tmp_path, "keycloak", f"{broker.address}/realms/house/broker/mobile-id/endpoint")
    (tmp_path / "mobile-id.sh").write_text(text, "utf-8")
    (tmp_path / "kcadm.sh").write_text(f'exec {KEYCLOAK}/kcadm.sh "$@" --config {tmp_path}/kcadm\n', "ascii")
    (tmp_path / "kcadm.sh").chmod(0o755)
    command = [str(KEYCLOAK / "kc.sh"), "start-dev", "--db=dev-mem", f"--http-port={port}"]
    with started(command, port, ADMINISTRATOR):
        user, password = ADMINISTRATOR.values()
        sign_in = ("--realm", "master", "--user", user, "--password", password)
        broker.tool("config", "credentials", "--server", broker.address, *sign_in)
        broker.tool("create", "realms", "-s", "realm=house", "-s", "enabled=true")
        surroundings = os.environ | {
            "REALM": "house",
            "CLIENT_SECRET": secret,
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
        }
        script = ["sh", str(tmp_path / "mobile-id.sh")]
        done = subprocess.run(script, env=surroundings, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        yield broker


def test_keycloak_as_printed(there, keycloak):
    house = f"{keycloak.address}/realms/house"
    asked = {
        "client_id": "account-console",
        "redirect_uri": f"{house}/account/",
        "response_type": "code",
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "kc_idp_hint": "mobile-id",
    }
    citizen = there.enrol()
    visitor = arrived(there, citizen, f"{house}/protocol/openid-connect/auth?{urlencode(asked)}")
    assert 'id="kc-idp-review-profile-form"' in visitor.page.text, "its own page for somebody new"
    action = html.unescape(re.search(r'id="kc-idp-review-profile-form"[^>]*action="([^"]+)"', visitor.page.text)[1])
    visitor.post(action, {"username": "gildong", "email": "g@example.kr", "firstName": "G", "lastName": "H"})
    assert "code=" in visitor.follow(f"{house}/account/")
    [person] = json.loads(keycloak.tool("get", "users", "-r", "house", "-q", "username=gildong"))
    [link] = json.loads(keycloak.tool("get", f"users/{person['id']}/federated-identity", "-r", "house"))
    assert link["identityProvider"] == "mobile-id"
    assert len(link["userId"]) > 20


# Somebody at a browser.


class CookiesOfABrowser(RequestsCookieJar):
    """To localhost browsers send Secure cookies too, without TLS."""

    def set_cookie(self, cookie, *more, **named):
        cookie.secure = False
        return super().set_cookie(cookie, *more, **named)


def arrived(there, citizen, at: str) -> HttpVisitor:
    """Who went there, signed in, and is where the application leads on to."""
    visitor = HttpVisitor(there, citizen)
    visitor.session.cookies = CookiesOfABrowser()
    visitor.get(at)
    visitor.follow()
    assert "/sign-in/passkey" in visitor.page.text, visitor.page.text[:3000]
    visitor.prove_and_agree()
    visitor.follow()
    assert visitor.page.status_code == 200, visitor.page.text[:3000]
    return visitor


def answer_of_another(there, at: str, address: str) -> str:
    """The address with the answer to somebody who began in another browser."""
    visitor = HttpVisitor(there, there.enrol())
    visitor.get(at)
    visitor.follow()
    visitor.prove_and_agree()
    return visitor.follow(address)
