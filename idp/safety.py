"""What production refuses to start with (design law 12): each reason is one line for the operator."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_plus

from idp.settings import LOOPBACK_HOSTS, Settings, SettingsError
from idp.telephony.accounts_file import UNREAL, read_accounts
from idp.telephony.messages import LONGEST_HOST

VOLATILE = re.compile(r"synchronous_commit\s*=\s*(?:off|false|no|0)", re.IGNORECASE)
"""PostgreSQL's spellings of "a commit may be lost", as they can stand in the `options` of an address."""


def refuse_unsafe(settings: Settings) -> None:
    """Raise SettingsError with the first thing that production must not start with."""
    if settings.environment != "production":
        return
    for reason in unsafe(settings):
        raise SettingsError(f"production refuses to start: {reason}")


def unsafe(settings: Settings) -> Iterator[str]:
    """Everything about `settings` that production must not have."""
    if not settings.secure:
        yield "issuer must be https"
    if settings.rp_id in LOOPBACK_HOSTS:
        yield "issuer must be a public name, not this machine"
    if len(settings.rp_id) > LONGEST_HOST:
        yield f"the issuer's host has more than {LONGEST_HOST} characters, and code messages would need two segments"
    if settings.demo:
        yield "demo is on"
    if settings.debug:
        yield "debug is on"
    yield from _unsafe_gateways(settings)
    yield from _unsafe_registry(settings)
    yield from _unsafe_mail(settings)
    if VOLATILE.search(unquote_plus(settings.database_url)):
        yield "database_url switches durability off (synchronous_commit)"
    if settings.is_sqlite and settings.database_url in {"sqlite://", "sqlite:///:memory:"}:
        yield "the database lives in memory only"
    yield from _readable("secrets_file", settings.secrets_file)
    yield from exceptions_for_tests(settings)


def exceptions_for_tests(settings: Settings) -> Iterator[str]:
    """What test benches need to be called, and nobody else."""
    if settings.trusted_ca is not None:
        yield "trusted_ca replaces the system's roots"
    if settings.test_hosts:
        yield "outbound_test_hosts lets loopback be called"


def _unsafe_gateways(settings: Settings) -> Iterator[str]:
    if settings.gateways_file is None:
        yield "gateways_file is not set: messages would only be written to a file"
        return
    try:
        accounts = read_accounts(settings)
    except SettingsError as error:
        yield str(error)
        return
    for account in accounts:
        if account.kind in UNREAL:
            yield f"gateway [{account.name}] of kind {account.kind} sends nothing"
        if account.url.startswith(("http://", "smpp://")):
            yield f"gateway [{account.name}] must be reached over TLS"


def _unsafe_registry(settings: Settings) -> Iterator[str]:
    if settings.registry != "http":
        return
    if not settings.registry_url.startswith("https://"):
        yield "registry_url must be https"
    if settings.registry_ends_url and not settings.registry_ends_url.startswith("https://"):
        yield "registry_ends_url must be https"
    if settings.registry_token_file is not None:
        yield from _readable("registry_token_file", settings.registry_token_file)


def _unsafe_mail(settings: Settings) -> Iterator[str]:
    if settings.mail == "file":
        yield "mail is the demonstration's file"
    if settings.mail != "smtp":
        return
    if settings.smtp_security == "none" and settings.smtp_host not in LOOPBACK_HOSTS:
        yield "smtp_security is none, and the mail server is not this machine"
    if settings.smtp_password_file is not None:
        yield from _readable("smtp_password_file", settings.smtp_password_file)


def _readable(name: str, path: Path) -> Iterator[str]:
    """A secret that is missing, or that others may read."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        yield f"{name} {path}: {error.strerror}"
        return
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield f"{name} {path} may be read by others; chmod 600 it"
