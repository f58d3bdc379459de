"""`idp client remove`, `keep` and `logo`: the end of a service, and the picture that people see of it."""

from pathlib import Path
from typing import NoReturn, Protocol

import click

from idp.registration.changes import Change, Conflict, logo_set, removal_begun, removal_taken_back, removed
from idp.registration.desk import Desk
from idp.registration.errors import BrokenRule
from idp.registration.logos import Logo, read_logo
from idp.registration.register import GRACE_SECONDS
from idp.registration.registration import Registration

DAYS = GRACE_SECONDS // 86_400


class LogoDesk(Desk, Protocol):
    """A desk that also keeps pictures."""

    def keep_logo(self, logo: Logo) -> None:
        """Store a picture under its name."""


@click.command()
@click.argument("client_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--now", is_flag=True, help="Without the grace: it is gone at once and for good.")
@click.pass_obj
def remove(desk: Desk, client_id: str, *, yes: bool, now: bool) -> None:
    """Stop a service and remove its registration 30 days later; its audit rows stay."""
    registration = _get(desk, client_id)
    if not yes:
        click.confirm(f"Remove {client_id}? People can no longer sign in to it", abort=True)
    if now:
        _save(desk, removed(registration, now=desk.clock()))
        click.echo(f"{client_id}: removed")
        return
    try:
        _save(desk, removal_begun(registration, now=desk.clock()))
    except BrokenRule as broken:
        _fail(f"{client_id}: {broken.rule}")
    click.echo(f"{client_id}: stopped, removed in {DAYS} days; `idp client keep {client_id}` takes that back")


@click.command()
@click.argument("client_id", metavar="ID")
@click.pass_obj
def keep(desk: Desk, client_id: str) -> None:
    """Take the removal of a service back; it stays disabled until it is enabled."""
    registration = _get(desk, client_id)
    try:
        _save(desk, removal_taken_back(registration, now=desk.clock()))
    except BrokenRule as broken:
        _fail(f"{client_id}: {broken.rule}")
    click.echo(f"{client_id}: kept, disabled; `idp client enable {client_id}` lets it work again")


@click.command()
@click.argument("client_id", metavar="ID")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--none", "drop", is_flag=True, help="Take the picture away.")
@click.pass_obj
def logo(desk: LogoDesk, client_id: str, file: Path | None, *, drop: bool) -> None:
    """Set the picture of a service from FILE (PNG, JPEG or SVG), or take it away."""
    registration = _get(desk, client_id)
    if drop == (file is not None):
        _fail("give a FILE, or --none")
    name = None
    if file is not None:
        try:
            made = read_logo(file.read_bytes())
        except BrokenRule as broken:
            _fail(f"{file}: {broken.rule}")
        desk.keep_logo(made)
        name = made.name
    _save(desk, logo_set(registration, name, now=desk.clock()))
    click.echo(f"{client_id}: {name or 'no picture'}")


def _get(desk: Desk, client_id: str) -> Registration:
    registration = desk.clients.get(client_id)
    if registration is None:
        _fail("no client has this id; `idp client list` shows all")
    return registration


def _save(desk: Desk, change: Change) -> None:
    try:
        desk.clients.save([change])
    except Conflict:
        _fail("another change came in between; nothing was stored; try again")


def _fail(line: str) -> NoReturn:
    click.echo(f"error: {line}", err=True)
    raise click.exceptions.Exit(1)
