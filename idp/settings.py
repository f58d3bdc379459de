"""Every setting of the provider: its type, its default and the reason it exists.

A setting comes from the TOML file named by `--config` or `IDP_CONFIG`, and `IDP_<NAME>` in the environment
overrides it. A key that is not listed here stops the start: a misspelt security setting must not be
silently ignored. A relative path is taken from the project's own folder, so that a command means the same
wherever it is started. Rules of security (code lifetimes, PKCE, exact redirect URIs) are code, not settings.
"""

import logging
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

Environment = Literal["development", "production"]
RegistryKind = Literal["none", "embedded", "http"]
Mail = Literal["none", "file", "smtp"]
SmtpSecurity = Literal["starttls", "tls", "none"]

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
USUAL_PORTS = {"http": 80, "https": 443}
HOST = re.compile(r"[a-z0-9.:-]+")
LONGEST_SOCKET = 107  # bytes of a path (unix(7), sun_path)


class SettingsError(Exception):
    """A setting that the provider cannot start with. The message is one clear line for the operator."""


def setting(default: Any, why: str) -> Any:
    """A setting with its default and the reason it exists; the reason is what `idp settings` prints."""
    return field(default=default, metadata={"why": why})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may decide. Frozen: a running provider never changes its mind."""

    environment: Environment = setting("development", "`production` turns every refusal of unsafe settings on.")
    issuer: str = setting("http://localhost:9000", "The one public address: `iss`, WebAuthn origin and every link.")
    bind: str = setting("127.0.0.1:9000", "Where `idp serve` listens: `host:port`, or `unix:/path` behind nginx.")
    workers: int = setting(1, "Worker processes of `idp serve`; one per core is right.")
    var: Path = setting(ROOT / "var", "Directory of everything the demonstration writes.")
    database_url: str = setting(f"sqlite:///{ROOT}/var/idp.sqlite3", "An SQLite file or postgresql+psycopg.")
    database_pool: int = setting(5, "Connections each worker keeps to PostgreSQL.")
    secrets_file: Path = setting(ROOT / "var/secrets", "Master secrets; made by `idp secrets new`; mode 0600.")
    gateways_file: Path | None = setting(
        None, "TOML of the accounts at vendors that carry messages; none: a file that the demo phone shows."
    )
    messages_file: Path = setting(ROOT / "var/messages.jsonl", "Where the demonstration's gateway writes.")
    countries_file: Path = setting(ROOT / "config/countries.toml", "What reaches the phones of which country.")
    registry: RegistryKind = setting(
        "none", "Who says a national's registration: nobody, our own table, or an address."
    )
    registry_url: str = setting("", "Where the registry is asked over HTTP (idp/people/registry/README.md).")
    registry_ends_url: str = setting("", "Where it is asked, every 20 seconds, whose status has ended.")
    registry_token_file: Path | None = setting(None, "File with the bearer token for it; mode 0600.")
    send_number_hour: int = setting(8, "Messages and calls an hour to one number: a person signs in a few times.")
    send_number_day: int = setting(24, "The same a day; beyond it an authenticator app or a printed code serves.")
    send_person_hour: int = setting(6, "Messages an hour to new numbers that one person or enrolment asks for.")
    send_person_day: int = setting(10, "The same a day: nobody has ten new numbers.")
    send_address_hour: int = setting(
        120,
        "Messages an hour asked for from one address (IPv6: one /64): a mobile operator hides thousands behind one.",
    )
    send_address_day: int = setting(800, "The same a day.")
    send_range_hour: int = setting(20, "Messages an hour to new numbers of one range (all but the last four digits).")
    send_range_day: int = setting(60, "The same a day: pumped numbers follow one another, people's do not.")
    spend_country_day: int = setting(5_000_000, "Most money a day for one country, in hundredths of a US cent.")
    spend_day: int = setting(20_000_000, "Most money a day for all countries, in hundredths of a US cent.")
    spend_new_percent: int = setting(40, "Share of either that new numbers may use: the rest is for enrolled people.")
    breaker_least: int = setting(20, "Codes sent to new numbers of a range or country before it is judged.")
    breaker_percent: int = setting(20, "Below this share of them typed, it is closed to new numbers for the day.")
    alarm_percent: int = setting(80, "Share of a budget at which an alarm is logged and recorded.")
    mail: Mail = setting("none", "Who carries letters: `none`, `file` for the demonstration, `smtp`.")
    mails_file: Path = setting(ROOT / "var/mails.jsonl", "Where `mail = file` writes.")
    mail_sender: str = setting("", "Address that letters come from.")
    smtp_host: str = setting("", "Mail server that takes letters.")
    smtp_port: int = setting(587, "Port of that mail server.")
    smtp_security: SmtpSecurity = setting("starttls", "`starttls`, `tls`, or `none` for a server on this machine.")
    smtp_user: str = setting("", "Account at that server; empty: none is needed.")
    smtp_password_file: Path | None = setting(None, "File with the password of that account; mode 0600.")
    trusted_ca: Path | None = setting(None, "PEM bundle for outbound TLS instead of the system's roots.")
    outbound_test_hosts: str = setting(
        "", "Hosts, separated by commas, that may be called on loopback. Refused in production."
    )
    software_statement_issuers: Path | None = setting(
        None, "JSON object: issuer of software statements -> its JWK Set (RFC 7591 §2.3)."
    )
    assurance_file: Path = setting(ROOT / "config/assurance.toml", "Which facts make which assurance level.")
    authenticators_file: Path = setting(
        ROOT / "config/authenticators.toml", "Which models of authenticators may hold a passkey."
    )
    attestation_metadata: Path | None = setting(
        None, "Metadata file of FIDO (MDS3): with it passkeys are attested, and the highest level is offered."
    )
    attestation_metadata_root: Path | None = setting(None, "PEM certificate of who signed that file.")
    behind_proxy: bool = setting(False, "True when nginx in front sets X-Forwarded-For on a trusted socket.")
    mtls_origin: str = setting("", "Origin at which nginx asks services for certificates; empty: it never does.")
    audit_heads_file: Path | None = setting(
        None, "Second place for the statements that seal the audit; on a disk that the database's owner cannot change."
    )
    audit_sign_in_days: int = setting(730, "Days that the audit keeps what every sign-in leaves; then only its seal.")
    audit_record_days: int = setting(3650, "Days that the audit keeps everything else.")
    metrics_bind: str = setting("", "Internal `host:port` of `idp metrics`, not public; empty: nothing is counted.")
    otlp_endpoint: str = setting(
        "", "Collector that traces go to (OTLP over HTTP), such as http://127.0.0.1:4318; empty: nothing is traced."
    )
    sandbox: bool = setting(True, "Sandbox clients and their test citizens; false: such clients count as disabled.")
    demo: bool = setting(False, "The demo phone, `idp lab` and demo data. Refused in production.")
    debug: bool = setting(False, "Verbose logs for developers. Refused in production.")
    log_level: str = setting("INFO", "Threshold of the JSON log on standard error.")

    def __post_init__(self) -> None:
        """Refuse values that no environment could work with."""
        _check(self)

    @property
    def rp_id(self) -> str:
        """The WebAuthn relying party id: the issuer's host (WebAuthn Level 3 §5.1.2)."""
        return _host(self.issuer)

    @property
    def secure(self) -> bool:
        """Whether the issuer is https, and with it every cookie `Secure` and `__Host-`."""
        return self.issuer.startswith("https://")

    @property
    def test_hosts(self) -> frozenset[str]:
        """The hosts of `outbound_test_hosts`."""
        return frozenset(host.strip() for host in self.outbound_test_hosts.split(",") if host.strip())

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is in use."""
        return self.database_url.startswith("sqlite")


@cache
def _host(issuer: str) -> str:
    return urlsplit(issuer).hostname or ""


def load_settings(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `path` (or `IDP_CONFIG`), overridden by `IDP_*`. Raises SettingsError with one line."""
    chosen = path or (Path(environ["IDP_CONFIG"]) if environ.get("IDP_CONFIG") else None)
    given: dict[str, Any] = _read_file(chosen) if chosen else {}
    known = {f.name for f in fields(Settings)}
    for name, value in environ.items():
        if name.startswith("IDP_") and name != "IDP_CONFIG":
            given[name.removeprefix("IDP_").lower()] = value
    unknown = sorted(given.keys() - known)
    if unknown:
        raise SettingsError(f"unknown setting {unknown[0]!r}; `idp settings` lists the known ones")
    return Settings(**{name: _convert(name, value) for name, value in given.items()})


def describe() -> list[tuple[str, str, str]]:
    """Each setting as (name, default, reason), in the order of the class."""
    return [(f.name, str(f.default), f.metadata["why"]) for f in fields(Settings)]


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error


SQLITE = "sqlite:///"
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _convert(name: str, value: Any) -> Any:
    """One raw value as the type that the class declares for it."""
    kind = str(Settings.__annotations__[name])
    if "Path" in kind:
        return ROOT / str(value) if str(value) else None
    if name == "database_url" and str(value).startswith(SQLITE):
        return f"{SQLITE}{ROOT / str(value).removeprefix(SQLITE)}"
    if kind in {"<class 'bool'>", "bool"}:
        return _boolean(name, value)
    if kind in {"<class 'int'>", "int"}:
        return _integer(name, value)
    if not isinstance(value, str):
        raise SettingsError(f"setting {name!r} takes a text, not {value!r}")
    return value


def _boolean(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    answer = _BOOLEANS.get(str(value).lower())
    if answer is None:
        raise SettingsError(f"setting {name!r} takes true or false, not {value!r}")
    return answer


def _integer(name: str, value: Any) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise SettingsError(f"setting {name!r} takes a whole number, not {value!r}") from None


def _check(settings: Settings) -> None:
    _check_issuer(settings.issuer)
    _check_bind(settings.bind)
    _check_mtls(settings)
    _check_metrics(settings)
    if settings.log_level.upper() not in logging.getLevelNamesMapping():
        raise SettingsError(f"log_level is one of DEBUG, INFO, WARNING, ERROR, CRITICAL, not {settings.log_level!r}")
    if settings.environment not in get_args(Environment):
        raise SettingsError(f"environment is development or production, not {settings.environment!r}")
    _check_sending(settings)
    _check_registry(settings)
    _check_mail(settings)
    if not 1 <= settings.workers <= 64:
        raise SettingsError("workers must be between 1 and 64")
    if not 1 <= settings.database_pool <= 50:
        raise SettingsError("database_pool must be between 1 and 50")
    if not 30 <= settings.audit_sign_in_days <= settings.audit_record_days <= 36_500:
        raise SettingsError("audit_sign_in_days must be at least 30, and audit_record_days not less")
    if not settings.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingsError("database_url must begin with sqlite:/// or postgresql+psycopg://")


def _check_issuer(issuer: str) -> None:
    """Passkeys are bound to this origin: it must be written as every browser writes it (RFC 6454 §6.2)."""
    try:
        address = urlsplit(issuer)
        host, port = address.hostname or "", address.port
    except ValueError:
        host, port = "", None
    if not host or address.scheme not in USUAL_PORTS:
        raise SettingsError(f"issuer must be an http(s) address, not {issuer!r}")
    if address.path or address.query or address.fragment:
        raise SettingsError("issuer must have no path, query or fragment, and no trailing slash")
    if address.scheme == "http" and host not in LOOPBACK_HOSTS:
        raise SettingsError("an http issuer is possible on loopback only")
    shown = f"[{host}]" if ":" in host else host
    named = "" if port in {None, USUAL_PORTS[address.scheme]} else f":{port}"
    if not HOST.fullmatch(host) or issuer != f"{address.scheme}://{shown}{named}":
        raise SettingsError(f"issuer must be written as browsers write it (lower case, no usual port), not {issuer!r}")


def _check_bind(bind: str) -> None:
    if bind.startswith("unix:"):
        if not 0 < len(os.fsencode(bind.removeprefix("unix:"))) <= LONGEST_SOCKET:
            raise SettingsError(f"bind = unix:/path takes a path of at most {LONGEST_SOCKET} bytes")
    elif listening_address(bind) is None:
        raise SettingsError(f"bind is an IP address and a port, or unix:/path, not {bind!r}")


def listening_address(text: str) -> tuple[IPv4Address | IPv6Address, int] | None:
    """The IP address and the port of `host:port`, or None when it is no such thing."""
    host, _, port = text.rpartition(":")
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return (address, int(port)) if re.fullmatch("[0-9]{1,5}", port) and 0 < int(port) < 65_536 else None


def _check_sending(settings: Settings) -> None:
    """Limits are counted in small columns, and shares are shares."""
    for name in (f.name for f in fields(Settings) if f.name.startswith(("send_", "spend_", "breaker_", "alarm_"))):
        value = getattr(settings, name)
        if name.endswith("_percent") and not 0 <= value <= 100:
            raise SettingsError(f"{name} is a share between 0 and 100, not {value}")
        most = 2_000_000_000 if name.startswith("spend_") else 30_000
        if not 0 <= value <= most:
            raise SettingsError(f"{name} is between 0 and {most}, not {value}")


def _check_metrics(settings: Settings) -> None:
    """What operators see is no public page (abuse case H-08)."""
    if not settings.metrics_bind:
        return
    listening = listening_address(settings.metrics_bind)
    if listening is None:
        raise SettingsError("metrics_bind is an IP address and a port")
    address = listening[0]
    if not (address.is_loopback or address.is_private) or address.is_unspecified:
        raise SettingsError("metrics_bind must be host:port with a loopback or private address")
    if settings.metrics_bind == settings.bind:
        raise SettingsError("metrics_bind must not be the public address")


def _check_registry(settings: Settings) -> None:
    if settings.registry not in get_args(RegistryKind):
        raise SettingsError(f"registry is one of {', '.join(get_args(RegistryKind))}, not {settings.registry!r}")
    if settings.registry == "http" and (not settings.registry_url or settings.registry_token_file is None):
        raise SettingsError("registry = http needs registry_url and registry_token_file")
    if settings.registry_ends_url and settings.registry != "http":
        raise SettingsError("registry_ends_url is for registry = http")


def _check_mail(settings: Settings) -> None:
    if settings.mail not in get_args(Mail):
        raise SettingsError(f"mail is one of {', '.join(get_args(Mail))}, not {settings.mail!r}")
    if settings.smtp_security not in get_args(SmtpSecurity):
        raise SettingsError(f"smtp_security is one of {', '.join(get_args(SmtpSecurity))}")
    if not 1 <= settings.smtp_port <= 65_535:
        raise SettingsError("smtp_port must be between 1 and 65535")


def _check_mtls(settings: Settings) -> None:
    """Certificates exist in TLS alone, and only a proxy sees them."""
    if not settings.mtls_origin:
        return
    try:
        address = urlsplit(settings.mtls_origin)
    except ValueError:
        address = urlsplit("")
    if address.scheme != "https" or not address.hostname or address.path or address.query or address.fragment:
        raise SettingsError("mtls_origin must be https://host or https://host:port, without a trailing slash")
    if not settings.behind_proxy:
        raise SettingsError("mtls_origin needs behind_proxy: client certificates come from nginx")
