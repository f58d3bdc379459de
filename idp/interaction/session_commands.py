"""`idp session`: sessions of people, found by person or service, and ended. The `ctx.obj` is a SessionDesk."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn, Protocol
from uuid import UUID

import click

ENDED = "ended by an operator"


class SeenSession(Protocol):
    """A session as staff see it."""

    @property
    def id(self) -> UUID:
        """Its key."""

    @property
    def person(self) -> UUID:
        """Whose it is."""

    @property
    def last_seen_at(self) -> int:
        """When it was last used, in seconds since the epoch."""

    @property
    def clients(self) -> tuple[str, ...]:
        """The services that were visited in it."""


class SessionDesk(Protocol):
    """What these commands work with."""

    def of_person(self, person: UUID) -> Sequence[SeenSession]:
        """Sessions of a person that nobody has ended."""

    def at_client(self, client_id: str) -> Sequence[SeenSession]:
        """Sessions in which a service was visited lately."""

    def end(self, session: UUID, why: str) -> bool:
        """End one. False when it had ended."""

    def end_all(self, person: UUID, why: str) -> bool:
        """End every session of a person. False when there was none."""


@click.group()
def session() -> None:
    """Sessions of people: find and end them."""


@session.command("list")
@click.option("--person", type=click.UUID, help="Of this person, by the key in the audit.")
@click.option("--client", "client_id", help="In which this service was visited lately.")
@click.pass_obj
def list_(desk: SessionDesk, person: UUID | None, client_id: str | None) -> None:
    """List sessions that nobody has ended, last used first."""
    if (person is None) == (client_id is None):
        _fail("give --person or --client")
    found = desk.of_person(person) if person is not None else desk.at_client(client_id or "")
    for one in found:
        seen = datetime.fromtimestamp(one.last_seen_at, UTC).isoformat(timespec="seconds")
        click.echo(f"{one.id}  {one.person}  {seen}  {', '.join(one.clients) or '-'}")


@session.command("end")
@click.argument("session_id", metavar="[SESSION]", type=click.UUID, required=False)
@click.option("--person", type=click.UUID, help="Every session of this person.")
@click.pass_obj
def end(desk: SessionDesk, session_id: UUID | None, person: UUID | None) -> None:
    """End one session, or every session of a person; services that take notices are told."""
    if (session_id is None) == (person is None):
        _fail("give a SESSION, or --person")
    done = desk.end(session_id, ENDED) if session_id is not None else desk.end_all(person or UUID(int=0), ENDED)
    if not done:
        _fail("no such session, or it had ended")
    click.echo("ended")


def _fail(line: str) -> NoReturn:
    click.echo(f"idp: {line}", err=True)
    raise SystemExit(1)
