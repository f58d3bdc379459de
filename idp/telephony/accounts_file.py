"""The gateways file: one TOML table for each account at a vendor, in the order in which they are tried by default.

    [infobip]                                    # the name, as countries.toml lists it
    kind = "infobip"
    secret_file = "/etc/overseas-id/infobip-key"
    sender = "OverseasID"
    caller = "+8225550100"                       # where calls come from; without it this account makes none
    receipts_secret_file = "/etc/overseas-id/infobip-receipts"

Secrets stand in files of their own, which nobody else may read. Every mistake is one line for the operator.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from idp.settings import ROOT, Settings, SettingsError
from idp.telephony.gateways.account import Account

#: What an account of a kind must say, besides its name.
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "file": (),
    "simulator": (),
    "twilio": ("account", "secret_file", "sender"),
    "vonage": ("account", "secret_file", "sender"),
    "infobip": ("secret_file", "sender"),
    "solapi": ("account", "secret_file", "sender"),
    "sns": ("account", "secret_file", "zone"),
    "relay": ("url", "secret_file"),
    "smpp": ("url", "account", "secret_file", "sender"),
}
#: Kinds that send nothing: for demonstrations and tests.
UNREAL: Final = frozenset({"file", "simulator"})

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9_.:@-]{1,128}")
_ZONE: Final = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}")
_CALLER: Final = re.compile(r"\+[1-9]\d{6,14}")
_REGION: Final = re.compile(r"[A-Z]{2}")
_TEXTS: Final = ("kind", "url", "account", "sender", "caller", "application", "zone")
_FILES: Final = {"secret_file": "secret", "key_file": "key", "receipts_secret_file": "receipts_secret"}
_KNOWN: Final = frozenset({*_TEXTS, *_FILES, "regions", "lookup"})
#: Kinds that can tell whether a number has moved to another SIM.
LOOKUPS: Final = frozenset({"twilio", "relay"})
#: Where vendors report what became of a message: below the issuer, then the account's name and the message's id.
RECEIPTS_PATH: Final = "/receipts"


def read_accounts(settings: Settings) -> tuple[Account, ...]:
    """The accounts of the gateways file; without one, the demonstration's. Raises SettingsError with one line."""
    path = settings.gateways_file
    if path is None:
        return (Account(name="file", kind="file"),)
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    if not tables:
        raise SettingsError(f"{path} names no gateway")
    return tuple(_account(path, name, table, settings) for name, table in tables.items())


def _account(path: Path, name: str, table: Any, settings: Settings) -> Account:
    where = f"{path}: [{name}]"
    if not _NAME.fullmatch(name) or not isinstance(table, dict):
        raise SettingsError(f"{where} is not a table with a plain name in lower case")
    _check_members(where, table)
    kind = table["kind"]
    missing = next((member for member in KINDS[kind] if not table.get(member)), None)
    if missing:
        raise SettingsError(f"{where} of kind {kind} needs {missing}")
    texts = {member: table.get(member, "") for member in _TEXTS if member != "kind"}
    secrets = {field: _secret(where, table[member]) for member, field in _FILES.items() if member in table}
    receipts = f"{settings.issuer}{RECEIPTS_PATH}/{name}" if "receipts_secret" in secrets else ""
    account = Account(
        name=name,
        kind=kind,
        regions=frozenset(table.get("regions", ())),
        receipts_url=receipts,
        lookup=table.get("lookup", False),
        trusted_ca=settings.trusted_ca,
        **texts,
        **secrets,
    )
    _check_values(where, account)
    return account


def _check_members(where: str, table: Mapping[str, Any]) -> None:
    unknown = sorted(table.keys() - _KNOWN)
    if unknown:
        raise SettingsError(f"{where} has an unknown member {unknown[0]!r}")
    if table.get("kind") not in KINDS:
        raise SettingsError(f"{where} needs a kind: one of {', '.join(KINDS)}")
    for member in (*_TEXTS, *_FILES):
        if not isinstance(table.get(member, ""), str):
            raise SettingsError(f"{where}: {member} is a text")
    if not isinstance(table.get("lookup", False), bool) or (table.get("lookup") and table["kind"] not in LOOKUPS):
        raise SettingsError(f"{where}: lookup is true or false, and true for {' or '.join(sorted(LOOKUPS))} only")
    regions = table.get("regions", [])
    if not isinstance(regions, list) or not all(isinstance(one, str) and _REGION.fullmatch(one) for one in regions):
        raise SettingsError(f"{where}: regions are two capital letters each")


def _check_values(where: str, account: Account) -> None:
    if account.account and not _ACCOUNT.fullmatch(account.account):
        raise SettingsError(f"{where}: account has characters that no account has")
    if account.zone and not _ZONE.fullmatch(account.zone):
        raise SettingsError(f"{where}: zone is a data centre such as eu-central-1")
    if account.caller and not _CALLER.fullmatch(account.caller):
        raise SettingsError(f"{where}: caller is a number beginning with +")
    wrong = _wrong_address(account)
    if wrong:
        raise SettingsError(f"{where}: url {wrong}")


def _wrong_address(account: Account) -> str | None:
    if not account.url:
        return None
    if account.kind == "smpp":
        return None if re.fullmatch(r"(?:smpps|smpp)://[^/:\s]+:\d{1,5}", account.url) else "must be smpps://host:port"
    local = re.fullmatch(r"http://(?:127\.0\.0\.1|\[::1\]|localhost)(?::\d+)?(?:/\S*)?", account.url)
    return None if local or re.fullmatch(r"https://[^/\s]+(?:/\S*)?", account.url) else "must be an https address"


def _secret(where: str, file: str) -> str:
    """A secret, read from a file that nobody else may read (design law 12)."""
    path = ROOT / file
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{where}: {path} is readable by others; chmod 600 it")
        secret = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{where}: cannot read {path}") from error
    if not secret:
        raise SettingsError(f"{where}: {path} is empty")
    return secret
