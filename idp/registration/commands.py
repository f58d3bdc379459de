"""`idp client`: an administrator registers, changes and removes relying services.

The group's `ctx.obj` is a Desk. Every change is stored with its audit row. A secret is printed once, when
it is made.
"""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from idp.registration.apply import Refused, Request, Step, carry_out, leaving, make_plan
from idp.registration.changes import Change, Conflict, added, secret_rotated, status_set
from idp.registration.desk import Desk
from idp.registration.documents import confirm_documents
from idp.registration.errors import BrokenRule, RegistrationRefused
from idp.registration.folders import Unreadable, read_json, read_text
from idp.registration.integration import EXAMPLES, configuration, values_of
from idp.registration.invitation_commands import disinvite, invitations, invite
from idp.registration.metadata import check_metadata
from idp.registration.names import look_alike
from idp.registration.register import information, register, rotate_secret
from idp.registration.registration import Registration, Status
from idp.registration.removal_commands import keep, logo, remove
from idp.registration.waivers import waivers


@click.group()
def client() -> None:
    """Register relying services."""


@client.command()
@click.option("--file", "path", required=True, type=click.Path(path_type=Path, allow_dash=True), help="RFC 7591 JSON.")
@click.pass_obj
def add(desk: Desk, path: Path) -> None:
    """Register a service from RFC 7591 metadata; prints its client_id and, once, its client_secret."""
    try:
        text = sys.stdin.read() if str(path) == "-" else read_text(path)
        metadata = check_metadata(read_json(text), desk.offer)
        confirm_documents(metadata, desk.outbound)
    except Unreadable as problem:
        _fail([str(problem)])
    except RegistrationRefused as refused:
        _fail(refused.problems)
    now = desk.clock()
    outcome = register(metadata, now=now, random_bytes=desk.random_bytes)
    _warn_of_look_alikes(desk.clients.list(), [outcome.registration])
    _save(desk, added(outcome, now=now))
    _print_json(information(outcome.registration, outcome.secret))


@client.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def list_(desk: Desk, *, as_json: bool) -> None:
    """List registered services."""
    registrations = desk.clients.list()
    if as_json:
        _print_json([_overview(one) for one in registrations])
        return
    rows = [("ID", "ENVIRONMENT", "STATUS", "AUTHENTICATION", "WAIVERS", "NAME")]
    rows += [
        (
            one.client_id,
            one.environment,
            one.status,
            one.metadata["token_endpoint_auth_method"],
            ",".join(waivers(one.metadata)) or "-",
            one.metadata.get("client_name", "-"),
        )
        for one in registrations
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for row in rows:
        click.echo("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]]))


@client.command()
@click.argument("client_id", metavar="ID")
@click.pass_obj
def show(desk: Desk, client_id: str) -> None:
    """Print one registration as JSON, without its secret."""
    registration = _get(desk, client_id)
    _print_json(_overview(registration) | information(registration))


@client.command("configuration")
@click.argument("client_id", metavar="ID")
@click.argument("name", type=click.Choice(list(EXAMPLES)))
@click.pass_obj
def configuration_(desk: Desk, client_id: str, name: str) -> None:
    """Print the configuration of a service's software, filled in with what is registered."""
    metadata = _get(desk, client_id).metadata
    redirect_uri = next(iter(metadata.get("redirect_uris", [])), "")
    values = values_of(
        metadata,
        issuer=desk.issuer,
        client_id=client_id,
        redirect_uri=redirect_uri,
        acr_values=desk.offer.acr_values,
    )
    click.echo(configuration(name, values), nl=False)


@client.command()
@click.argument("client_id", metavar="ID")
@click.pass_obj
def disable(desk: Desk, client_id: str) -> None:
    """Stop a service: from its next request on, everywhere."""
    _set_status(desk, client_id, "disabled")


@client.command()
@click.argument("client_id", metavar="ID")
@click.pass_obj
def enable(desk: Desk, client_id: str) -> None:
    """Let a disabled service work again."""
    _set_status(desk, client_id, "enabled")


@client.command("rotate-secret")
@click.argument("client_id", metavar="ID")
@click.option("--overlap-days", type=click.IntRange(0, 30), default=0, help="Days that the old secret stays good.")
@click.pass_obj
def rotate_secret_(desk: Desk, client_id: str, overlap_days: int) -> None:
    """Give a service another secret, printed once; the old one ends at once, or after some days."""
    registration = _get(desk, client_id)
    now = desk.clock()
    try:
        overlap = overlap_days * 86_400
        outcome = rotate_secret(registration, now=now, random_bytes=desk.random_bytes, overlap=overlap)
    except BrokenRule as broken:
        _fail([f"{client_id}: {broken.rule}"])
    _save(desk, secret_rotated(registration, outcome, now=now))
    _print_json({"client_id": client_id, "client_secret": outcome.secret, "client_secret_expires_at": 0})


@client.command("apply")
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--set", "settings", metavar="[NAME.]KEY=VALUE", multiple=True, help="A value for ${KEY}.")
@click.option("--credentials", type=click.Path(path_type=Path, file_okay=False), help="Where NAME.json is written.")
@click.option("--replace-lost-secrets", is_flag=True, help="Make a new secret when NAME.json does not hold it.")
@click.option("--remove-others", is_flag=True, help="Begin the removal (30 days) of every service that no DIR names.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.pass_obj
def apply_(
    desk: Desk,
    folders: tuple[Path, ...],
    settings: tuple[str, ...],
    credentials: Path | None,
    *,
    replace_lost_secrets: bool,
    remove_others: bool,
    dry_run: bool,
) -> None:
    """Make registrations equal to DIR/registration.toml; the folder's name is the client id."""
    request = Request(_substitutions(settings), credentials, replace_lost_secrets)
    try:
        plan = make_plan(folders, request, desk)
        _warn_of_look_alikes(desk.clients.list(), [step.outcome.registration for step in plan])
        also = leaving(plan, desk) if remove_others else []
        if not dry_run:
            carry_out(plan, request, desk, also)
    except (Refused, RegistrationRefused) as refused:
        _fail(refused.problems)
    except Conflict:
        _fail(["another change came in between; nothing was stored; try again"])
    except OSError as error:
        _fail([f"cannot write {error.filename}: {error.strerror}"])
    for step in plan:
        _report(step, dry_run=dry_run)
    for change in also:
        assert change.before is not None
        click.echo(f"{change.before.client_id}: {'would be ' if dry_run else ''}removed in 30 days, stopped until then")


for each in (remove, keep, logo, invite, invitations, disinvite):
    client.add_command(each)


def _report(step: Step, *, dry_run: bool) -> None:
    click.echo(f"{step.client_id}: {'would be ' if dry_run and step.changes else ''}{step.summary}")
    if dry_run or step.summary == "changed":
        for name, (before, after) in step.outcome.diff.items():
            click.echo(f"  {name}: {_shown(before)} -> {_shown(after)}")


def _shown(value: Any) -> str:
    return "(absent)" if value is None else json.dumps(value, ensure_ascii=False)


def _substitutions(settings: Iterable[str]) -> dict[str, str]:
    pairs = [setting.partition("=") for setting in settings]
    if not all(key and equals for key, equals, _ in pairs):
        raise click.BadParameter("takes KEY=VALUE", param_hint="--set")
    return {key: value for key, _, value in pairs}


def _get(desk: Desk, client_id: str) -> Registration:
    registration = desk.clients.get(client_id)
    if registration is None:
        _fail(["no client has this id; `idp client list` shows all"])
    return registration


def _set_status(desk: Desk, client_id: str, status: Status) -> None:
    registration = _get(desk, client_id)
    if registration.status == status:
        click.echo(f"{client_id}: already {status}")
        return
    _save(desk, status_set(registration, status, now=desk.clock()))
    click.echo(f"{client_id}: {status}")


def _save(desk: Desk, change: Change) -> None:
    try:
        desk.clients.save([change])
    except RegistrationRefused as refused:
        _fail(refused.problems)
    except Conflict:
        _fail(["another change came in between; nothing was stored; try again"])


def _overview(registration: Registration) -> dict[str, Any]:
    return {
        "client_id": registration.client_id,
        "client_name": registration.metadata.get("client_name"),
        "environment": registration.environment,
        "status": registration.status,
        "waivers": waivers(registration.metadata),
        "version": registration.version,
        "updated_at": datetime.fromtimestamp(registration.updated_at, UTC).isoformat(),
    }


def _warn_of_look_alikes(existing: Iterable[Registration], new: Iterable[Registration]) -> None:
    """A name that reads like another service's is the administrator's to judge (abuse case G-07)."""
    for one in new:
        for other in existing:
            if one.client_id != other.client_id and look_alike(one.metadata, other.metadata):
                click.echo(f"warning: {one.client_id} has a name that reads like that of {other.client_id}", err=True)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _fail(problems: Iterable[str]) -> NoReturn:
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    raise click.exceptions.Exit(1)
