"""`idp enrol`, `idp credential`, `idp person`: beginning an enrolment, and stopping what must be stopped."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, Protocol
from uuid import UUID

import click

from idp.credential.states import IllegalMove, State
from idp.people.record import InvalidRecord, Record, read_record
from idp.people.status import ENDED, PersonStatus


class Refusal(Exception):
    """The command cannot do what was asked; the message is one line."""


class CredentialDesk(Protocol):
    """What these commands work with."""

    def begin_enrolment(self, record: Record) -> str:
        """Start an enrolment; returns its one-time link."""
        ...

    def change_person(self, person: UUID, to: PersonStatus, why: str) -> None:
        """Change a person's status. Raises Refusal."""
        ...

    def change_credential(self, person: UUID, to: State, why: str) -> None:
        """Move a person's credential. Raises Refusal or IllegalMove."""
        ...


def _fail(line: str) -> NoReturn:
    click.echo(f"idp: {line}", err=True)
    raise SystemExit(1)


@click.command()
@click.option(
    "--record",
    "path",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The confirmed record, JSON or TOML (fields: idp/people/record.py).",
)
@click.pass_obj
def enrol(desk: CredentialDesk, path: Path) -> None:
    """Print a one-time link (15 minutes, one use, one device) with which a national makes their credential."""
    try:
        text = path.read_text("utf-8")
        document: Any = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        if not isinstance(document, dict):
            raise InvalidRecord("the record must be one object")
        record = read_record(document)
    except (ValueError, RecursionError) as error:
        _fail(f"{path}: {error}")
    click.echo(desk.begin_enrolment(record))


@click.group()
def person() -> None:
    """The status of a national."""


@person.command("status")
@click.argument("person_id", type=click.UUID)
@click.argument("status", type=click.Choice([s.value for s in PersonStatus]))
@click.option("--why", required=True, help="Goes to the audit.")
@click.pass_obj
def person_status(desk: CredentialDesk, person_id: UUID, status: str, why: str) -> None:
    """Set a person's status; anything but active stops every route to a token at once."""
    _carry_out(lambda: desk.change_person(person_id, PersonStatus(status), why))


@person.command("end")
@click.argument("person_id", type=click.UUID)
@click.option("--because", type=click.Choice([s.value for s in PersonStatus if s in ENDED]), required=True)
@click.option("--why", required=True, help="The document that says so; goes to the audit.")
@click.pass_obj
def person_end(desk: CredentialDesk, person_id: UUID, because: str, why: str) -> None:
    """Record a death or a renunciation: every route to a token stops with it, and every session ends."""
    _carry_out(lambda: desk.change_person(person_id, PersonStatus(because), why))


@click.group()
def credential() -> None:
    """The mobile credential."""


@credential.command("state")
@click.argument("person_id", type=click.UUID)
@click.argument("state", type=click.Choice([s.value for s in State]))
@click.option("--why", required=True, help="Goes to the audit.")
@click.pass_obj
def credential_state(desk: CredentialDesk, person_id: UUID, state: str, why: str) -> None:
    """Suspend, resume or revoke the newest credential of a person."""
    _carry_out(lambda: desk.change_credential(person_id, State(state), why))


def _carry_out(change: Callable[[], None]) -> None:
    try:
        change()
    except (Refusal, IllegalMove) as refusal:
        _fail(str(refusal))
    click.echo("done")
