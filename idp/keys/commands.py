"""`idp keys` and `idp secrets`: rotation of the signing keys, and a new master secret."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from errno import ENOSPC
from pathlib import Path
from typing import Protocol

import click

from idp.keys.retiring import NotInTheRing
from idp.keys.secrets import SecretsError, new_secret_line, parse_secrets
from idp.keys.signing import PUBLISH_AHEAD_SECONDS, KeyPeriod


@click.group()
def secrets() -> None:
    """Master secrets."""


@secrets.command("new")
@click.argument("file", type=click.Path(path_type=Path))
def new(file: Path) -> None:
    """Write FILE with a fresh master secret (mode 0600); to an existing FILE a new version is added."""
    try:
        old = file.read_text("ascii") if file.exists() else ""
    except UnicodeDecodeError:
        raise SecretsError(f"the secrets file {file} is damaged") from None
    version = parse_secrets(old).newest + 1 if old else 1
    line = new_secret_line(version, os.urandom)
    added = line if not old or old.endswith("\n") else f"\n{line}"
    parse_secrets(old + added)  # a 256th version would be none
    file.parent.mkdir(parents=True, exist_ok=True)
    _append(file, added)
    click.echo(f"{file}: version {version}")


def _append(file: Path, text: str) -> None:
    """Add `text` for good, or leave the file as it was: a half line would keep the provider from starting.

    Rows are sealed with a secret as soon as a process reads it: it must not be lost with the machine's power.
    """
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    before = os.fstat(descriptor).st_size
    try:
        written = os.write(descriptor, text.encode("ascii"))
        os.fsync(descriptor)
    except OSError as error:
        os.ftruncate(descriptor, before)
        raise OSError(error.errno, error.strerror, str(file)) from None
    else:
        if written != len(text):
            os.ftruncate(descriptor, before)
            raise OSError(ENOSPC, os.strerror(ENOSPC), str(file))
    finally:
        os.close(descriptor)


class KeyDesk(Protocol):
    """What the commands of the ring work with."""

    def key_periods(self) -> Sequence[KeyPeriod]:
        """Every key of the ring."""
        ...

    def rotate(self, ahead: int) -> list[str]:
        """Rotate in one transaction; returns the new kids."""
        ...

    def retire(self, kid: str) -> list[str]:
        """Take a key out at once; the kids in its place. Raises NotInTheRing."""
        ...

    def clock(self) -> int:
        """Seconds since the epoch."""
        ...


@click.group()
def keys() -> None:
    """Signing keys."""


@keys.command("list")
@click.pass_obj
def list_(desk: KeyDesk) -> None:
    """Show every key: what it is for, and when it signs and is published."""
    now = desk.clock()
    for period in desk.key_periods():
        state = "signs" if period.signs(now) else "published" if period.is_published(now) else "gone"
        until = f", gone {_readable(period.gone_at)}" if period.gone_at is not None else ""
        click.echo(f"{period.kid}  {period.alg:8} {state:10} signs from {_readable(period.signs_from)}{until}")


@keys.command("rotate")
@click.option(
    "--after",
    default=PUBLISH_AHEAD_SECONDS,
    show_default=True,
    type=click.IntRange(0, 30 * 86_400),
    help="Seconds until the new keys sign, at least 4; they are published at once, so that services know them in time.",
)
@click.pass_obj
def rotate(desk: KeyDesk, after: int) -> None:
    """Publish new keys now, sign with them later, and keep the old ones until their last token has expired."""
    for kid in desk.rotate(after):
        click.echo(kid)


@keys.command("retire")
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def retire(desk: KeyDesk, kid: str, *, yes: bool) -> None:
    """Take a key out at once, because somebody else may know it: nothing that it signed is good any more."""
    if not yes:
        click.confirm(f"Retire {kid}? Every token that it signed ends within seconds", abort=True)
    try:
        kids = desk.retire(kid)
    except NotInTheRing as missing:
        click.echo(f"idp: {missing}", err=True)
        raise SystemExit(1) from missing
    click.echo(f"{kid}: retired" + (f", {kids[0]} in its place" if kids else ""))


def _readable(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
