"""The sample nginx in front of a served provider: whose certificate it was is what the provider hears (RFC 8705)."""

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import pytest
from OpenSSL import SSL

from idp.settings import ROOT
from tests.certificates import Certified, certify
from tests.ground import Template, copy_ground
from tests.programs import needs

pytestmark = needs("nginx")
MACHINE = {"grant_types": ["client_credentials"], "machine_scope": "read", "scope": None, "redirect_uris": None}
MACHINE |= {"post_logout_redirect_uris": None, "token_endpoint_auth_method": "tls_client_auth"}
DN = "CN=service,O=Ministry,C=KR"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def running(command: list[Any], **options: Any) -> Iterator[None]:
    process = subprocess.Popen([str(part) for part in command], **options)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(ready: Any) -> None:
    until = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < until, "did not start"
        time.sleep(0.1)


def answers(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def sample(folder: Path, plain: int, mtls: int, provider: Path) -> Path:
    """The sample with this machine's paths and ports, as a whole configuration."""
    site = (ROOT / "config/nginx.conf.sample").read_text("utf-8")
    changes = {
        "/etc/overseas-id/tls": folder,
        "/var/log/nginx": folder,
        "/run/overseas-id/idp.sock": provider,
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen [::]:80;": "",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{plain} ssl http2;",
        "listen [::]:443 ssl http2;": "",
        "listen 8443 ssl http2;": f"listen 127.0.0.1:{mtls} ssl http2;",
        "listen [::]:8443 ssl http2;": "",
        "id.overseas.example": "localhost",
    }
    for before, after in changes.items():
        assert before in site
        site = site.replace(before, str(after))
    user = "" if os.getuid() else "user root; "  # else its workers may not enter the folder
    whole = f"{user}pid {folder}/nginx.pid; daemon off; error_log {folder}/error.log; events {{}} http {{ {site} }}\n"
    (folder / "nginx.conf").write_text(whole)
    return folder / "nginx.conf"


class Front:
    """nginx with the provider behind it."""

    def __init__(self, folder: Path, authority: Certified, plain: int, mtls: int) -> None:
        self.folder, self.authority, self.plain, self.mtls = folder, authority, plain, mtls

    def post(
        self, port: int, form: dict[str, str], by: Certified | None = None, headers: Any = (), path: str = "/token"
    ) -> tuple[int, Any]:
        """A form, sent over a connection with or without a certificate."""
        context = ssl.create_default_context(cafile=str(self.folder / "fullchain.pem"))
        context.check_hostname = False
        if by is not None:
            (self.folder / "client.pem").write_text(by.pem + by.private_pem)
            context.load_cert_chain(self.folder / "client.pem")
        connection = HTTPSConnection("127.0.0.1", port, context=context, timeout=30)
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Host": f"localhost:{port}"} | dict(headers)
        connection.request("POST", path, urlencode(form), sent)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, json.loads(body) if body.startswith(b"{") else body


@contextmanager
def shaken(port: int, ciphers: bytes | None = None) -> Iterator[SSL.Connection]:
    """A connection after its handshake; with `ciphers`, one of TLS 1.2 that offers no others."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if ciphers:
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        context.set_cipher_list(ciphers)
    with socket.create_connection(("127.0.0.1", port), 30) as plain:
        plain.setblocking(True)
        connection = SSL.Connection(context, plain)
        connection.set_connect_state()
        connection.do_handshake()
        yield connection


def named_authorities(port: int) -> list[Any]:
    """The authorities whose certificates the server says it wants (RFC 8446 §4.2.4)."""
    with shaken(port) as connection:
        return list(connection.get_client_ca_list())


def cipher(port: int, offered: bytes) -> str | None:
    """What the server takes of the offered ciphers of TLS 1.2; None: no handshake."""
    try:
        with shaken(port, offered) as connection:
            return connection.get_cipher_name()
    except SSL.Error:
        return None


@pytest.fixture
def front(template: Template, tmp_path: Path) -> Iterator[tuple[Front, dict[str, str]]]:
    with TemporaryDirectory(prefix="nginx-") as name:  # a short path: that of a socket is limited
        folder, plain, mtls, now = Path(name), free_port(), free_port(), int(time.time())
        server, authority = certify("CN=localhost", now=now), certify("CN=authority", now=now, authority=True)
        (folder / "fullchain.pem").write_text(server.pem)
        (folder / "privkey.pem").write_text(server.private_pem)
        (folder / "client-authorities.pem").write_text(authority.pem)
        settings = {
            "issuer": f"https://localhost:{plain}",
            "mtls_origin": f"https://localhost:{mtls}",
            "behind_proxy": True,
            "bind": f"unix:{folder}/idp.sock",
        }
        ground = copy_ground(template, tmp_path, **settings)
        service = ground.register(
            **MACHINE, tls_client_auth_subject_dn=DN, tls_client_certificate_bound_access_tokens=True
        )
        ground.provider.database.engine.dispose()
        environment = {
            **{f"IDP_{key.upper()}": str(value) for key, value in settings.items()},
            "IDP_DATABASE_URL": ground.provider.settings.database_url,
            "IDP_SECRETS_FILE": str(ground.provider.settings.secrets_file),
            "IDP_VAR": str(tmp_path),
            "PATH": os.environ["PATH"],
        }
        serve = [sys.executable, "-m", "idp", "serve"]
        nginx = ["nginx", "-p", folder, "-c", sample(folder, plain, mtls, folder / "idp.sock")]
        with running(serve, cwd=ROOT, env=environment), running(nginx):
            wait_for(lambda: (folder / "idp.sock").exists() and answers(mtls))
            wait_for(lambda: Front(folder, authority, plain, mtls).post(plain, {})[0] == 401)
            yield Front(folder, authority, plain, mtls), {"grant_type": "client_credentials", "client_id": service.id}


def test_S_08_the_provider_hears_from_nginx_whose_certificate_it_was(front):
    house, form = front
    now = int(time.time())
    own = certify(DN, now=now, by=house.authority)
    assert house.post(house.mtls, form, own)[1]["token_type"] == "Bearer"
    refusals = {
        "no certificate": house.post(house.mtls, form),
        "self-signed": house.post(house.mtls, form, certify(DN, now=now)),
        "another subject": house.post(house.mtls, form, certify("CN=x", now=now, by=house.authority)),
        "another address": house.post(house.plain, form, own),
    }
    forged = {"X-Client-Cert": own.escaped, "X-Client-Verify": "SUCCESS"}
    refusals |= {
        "forged": house.post(house.mtls, form, None, forged),
        "forged at the plain address": house.post(house.plain, form, None, forged),
        "forged with underscores": house.post(
            house.plain, form, None, {k.replace("-", "_"): v for k, v in forged.items()}
        ),
        "forged verdict": house.post(house.mtls, form, certify(DN, now=now), {"X-Client-Verify": "SUCCESS"}),
    }
    for why, (status, body) in refusals.items():
        assert (status, body["error"]) == (401, "invalid_client"), why
    assert named_authorities(house.mtls) == [], "a client with another certificate would show none"
    for port in (house.plain, house.mtls):  # RFC 9325 §4.2
        assert cipher(port, b"ALL") in {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"}
        assert cipher(port, b"ALL:!AESGCM") is None
    expired = certify(DN, now=now - 40 * 86_400, by=house.authority)
    assert house.post(house.mtls, form, expired)[0] == 400  # refused by nginx itself
    assert house.post(house.mtls, {}, path="/sign-in/passkey")[0] == 404
