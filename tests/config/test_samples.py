"""The sample configurations are loaded by what they are for."""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from idp import MAX_BODY
from idp.command import main
from idp.registration.hosts import LOOPBACK_HOSTS
from idp.safety import exceptions_for_tests, refuse_unsafe
from idp.settings import SettingsError, load_settings
from idp.telephony.accounts_file import read_accounts
from idp.telephony.channel import Channel
from idp.telephony.coverage import load_coverage
from idp.telephony.gateways import make_lines
from tests.programs import needs

CONFIG = Path(__file__).parents[2] / "config"
UNITS = ["idp.service", "idp-worker.service", "idp-metrics.service"]


def private(path: Path, text: str = "x") -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def gateways(folder: Path) -> str:
    """The sample of the gateways file, with secrets that exist."""
    text = (CONFIG / "gateways.toml.sample").read_text("utf-8")
    names = set(re.findall(r'"/etc/overseas-id/([a-z-]+)"', text))
    for name in names:
        private(folder / name)
    return str(private(folder / "gateways.toml", text.replace("/etc/overseas-id", str(folder))))


def test_the_sample_of_the_gateways_file_describes_gateways_that_can_be_made(tmp_path):
    settings = load_settings(None, {"IDP_GATEWAYS_FILE": gateways(tmp_path)})
    accounts = read_accounts(settings)
    lines = make_lines(accounts, settings, lambda: 0)
    assert list(lines) == ["infobip", "twilio", "vonage", "sns", "solapi"]
    assert {name for name, line in lines.items() if Channel.VOICE in line.carrier.carries} == {"infobip", "twilio"}
    assert all(line.carrier.carries == line.gateway.carries for line in lines.values())
    known = {account.name for account in accounts}
    assert load_coverage(CONFIG / "countries.toml", known).of("KR").gateways[0] == "solapi"


def test_the_development_configuration_loads():
    settings = load_settings(CONFIG / "development.toml", {})
    assert settings.environment == "development"
    assert settings.demo


def test_the_production_example_loads():
    settings = load_settings(CONFIG / "production.toml", {})
    assert settings.environment == "production"
    assert settings.secure
    assert settings.behind_proxy
    assert not settings.demo
    assert not settings.debug
    assert settings.gateways_file is not None


def test_where_a_service_may_be_registered_in_development_it_may_be_told_of_logouts():
    assert load_settings(CONFIG / "development.toml", {}).test_hosts == LOOPBACK_HOSTS


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("TRUSTED_CA", "config/production.toml", "trusted_ca replaces the system's roots"),
        ("OUTBOUND_TEST_HOSTS", "localhost", "outbound_test_hosts lets loopback be called"),
    ],
)
def test_G_02_what_only_test_benches_need_is_refused_in_production_and_shown_elsewhere(tmp_path, name, value, why):
    environ = {
        "IDP_SECRETS_FILE": str(private(tmp_path / "secrets")),
        "IDP_GATEWAYS_FILE": gateways(tmp_path),
        "IDP_COUNTRIES_FILE": "config/countries.toml",
        f"IDP_{name}": value,
    }
    production = load_settings(CONFIG / "production.toml", environ)
    with pytest.raises(SettingsError, match=why):
        refuse_unsafe(production)
    development = load_settings(CONFIG / "development.toml", environ)
    refuse_unsafe(development)
    assert why in list(exceptions_for_tests(development))


def test_the_production_example_is_safe_once_its_secrets_exist(tmp_path):
    environ = {
        "IDP_SECRETS_FILE": str(private(tmp_path / "secrets")),
        "IDP_GATEWAYS_FILE": gateways(tmp_path),
        "IDP_COUNTRIES_FILE": "config/countries.toml",
    }
    refuse_unsafe(load_settings(CONFIG / "production.toml", environ))


def test_the_production_example_is_refused_without_its_secrets():
    with pytest.raises(SettingsError, match=r"production refuses to start: .* No such file"):
        refuse_unsafe(load_settings(CONFIG / "production.toml", {}))


def self_signed(folder: Path) -> None:
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=id.overseas.example"
    output = ["-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"]
    subprocess.run([*command.split(), *output], check=True, capture_output=True)
    shutil.copyfile(folder / "fullchain.pem", folder / "client-authorities.pem")


@needs("nginx", "openssl")
def test_nginx_accepts_its_sample(tmp_path):
    self_signed(tmp_path)
    site = (CONFIG / "nginx.conf.sample").read_text("utf-8").replace("/etc/overseas-id/tls", str(tmp_path))
    site = site.replace("/var/log/nginx", str(tmp_path))
    if os.getuid():  # only root may listen below 1024
        site = (
            site.replace("listen 80;", "listen 8080;")
            .replace(":80;", ":8080;")
            .replace("listen 443", "listen 9443")
            .replace("]:443", "]:9443")
        )
    (tmp_path / "site.conf").write_text(site)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/nginx.pid; error_log stderr; events {{}} http {{ include site.conf; }}\n"
    )
    done = subprocess.run(
        ["nginx", "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_nginx_reaches_the_socket_on_which_the_provider_listens():
    socket = load_settings(CONFIG / "production.toml", {}).bind
    assert f"server {socket};" in (CONFIG / "nginx.conf.sample").read_text("utf-8")


def test_nginx_lets_through_what_the_provider_takes():
    site = (CONFIG / "nginx.conf.sample").read_text("utf-8")
    assert f"client_max_body_size {MAX_BODY // 1024}k;" in site


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        ("/static/0123456789ab/page.css", False),
        ("/jwks", False),
        ("/.well-known/openid-configuration", False),
        ("/token", False),
        ("/userinfo", False),
        ("/introspect", False),
        ("/revoke", False),
        ("/par", False),
        ("/device_authorization", False),
        ("/authorize", True),
        ("/sign-in/code", True),
        ("/lost", True),
        ("/token/x", True),
        ("/x/token", True),
    ],
)
def test_nginx_counts_what_people_do_and_neither_files_nor_services(path, counted):
    """An address is a waiting room, or a portal's server: neither its tenth person nor its tenth sign-in fails."""
    site = (CONFIG / "nginx.conf.sample").read_text("utf-8")
    exempt = re.search(r'map \$uri \$overseas_id_person {\s+"~([^"]+)" "";', site)[1]
    assert (re.search(exempt, path) is None) == counted
    assert "limit_req_zone $overseas_id_person " in site
    assert site.count("limit_req_status 429;") == 2, "whoever is too fast is told so, and not that we are broken"


def test_D_10_nginx_waits_for_slow_callers_so_that_no_worker_does():
    site = (CONFIG / "nginx.conf.sample").read_text("utf-8")
    servers = [part for part in site.split("\nserver {")[1:] if "proxy_pass" in part]
    assert len(servers) == 2
    for server in servers:
        for name in ("client_header_timeout", "client_body_timeout"):
            assert int(re.search(rf"{name} (\d+)s;", server)[1]) <= 20
    assert "proxy_request_buffering off" not in site


def test_nginx_logs_no_query_and_lets_no_caller_choose_their_address():
    site = (CONFIG / "nginx.conf.sample").read_text("utf-8")
    logged = re.search(r"log_format \w+ '(.*)'", site)[1]
    assert {"$request", "$request_uri", "$args", "$http_referer"} & set(logged.split()) == set()
    assert "X-Forwarded-For $remote_addr;" in site
    assert "$proxy_add_x_forwarded_for" not in site


def test_S_08_nginx_alone_says_who_showed_a_certificate():
    """Each place that hands requests on overwrites both headers; they are empty where no certificate is asked for."""
    site = (CONFIG / "nginx.conf.sample").read_text("utf-8")
    places = [place for place in re.findall(r"location [^{]*{(.*?)\n    }", site, re.DOTALL) if "proxy_pass" in place]
    values = [dict(re.findall(r'proxy_set_header (X-Client-\w+) "?([^";]*)"?;', place)) for place in places]
    assert values == [
        {"X-Client-Cert": "", "X-Client-Verify": ""},
        {"X-Client-Cert": "$ssl_client_escaped_cert", "X-Client-Verify": "$ssl_client_verify"},
    ]
    assert "underscores_in_headers" not in site  # X_Client_Cert would be the same header to the provider


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(CONFIG / name, "utf-8")
    return parser


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_runs_the_command_hardened(name):
    service = unit(name)["Service"]
    program, command = service["ExecStart"].split()
    assert program == "/opt/overseas-id/.venv/bin/idp"
    assert command in main.commands
    assert service["User"] not in {"", "root"}
    for key, value in {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "CapabilityBoundingSet": "",
    }.items():
        assert service[key] == value


@pytest.mark.parametrize("name", UNITS)
@needs("systemd-analyze")
def test_systemd_accepts_its_sample(tmp_path, name):
    text = (CONFIG / name).read_text("utf-8")
    text = re.sub(r"/opt/overseas-id/\.venv/bin/idp", "/bin/true", text)
    text = re.sub(r"(?m)^(User|Group)=.*\n", "", text)  # the account is made by who installs it
    (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / name],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if name in line]
    assert complaints == []
