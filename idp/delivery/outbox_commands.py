"""`idp outbox`: what waits to leave and what was given up, trying again, letting go. The `ctx.obj` is an OutboxDesk."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn, Protocol
from uuid import UUID

import click


class StandingItem(Protocol):
    """A row that has not been delivered."""

    @property
    def id(self) -> UUID:
        """Its key."""

    @property
    def kind(self) -> str:
        """What it is."""

    @property
    def attempts(self) -> int:
        """How often it was tried."""

    @property
    def created_at(self) -> int:
        """When it was written, in seconds since the epoch."""

    @property
    def failed_at(self) -> int | None:
        """When it was given up."""

    @property
    def why(self) -> str | None:
        """What the last attempt said."""


class OutboxDesk(Protocol):
    """What these commands work with."""

    def page(self, before: UUID | None = None, *, given_up: bool = False, most: int = 100) -> Sequence[StandingItem]:
        """What has not been delivered, newest first."""

    def again(self, item: UUID) -> bool:
        """Try it at once. False when it cannot be any more."""

    def drop(self, item: UUID) -> bool:
        """Let it go. False when it is not there any more."""


@click.group()
def outbox() -> None:
    """Messages on their way: what waits, what was given up."""


@outbox.command("list")
@click.option("--given-up", is_flag=True, help="Only those that nobody tries any more.")
@click.option("--most", type=click.IntRange(1, 1000), default=100, show_default=True, help="So many at most.")
@click.pass_obj
def list_(desk: OutboxDesk, *, given_up: bool, most: int) -> None:
    """List what has not been delivered, newest first; never what it says."""
    for one in desk.page(given_up=given_up, most=most):
        state = "given up" if one.failed_at is not None else "waits"
        written = datetime.fromtimestamp(one.created_at, UTC).isoformat(timespec="seconds")
        click.echo(f"{one.id}  {written}  {one.kind:14} {state:8}  {one.attempts} attempts  {one.why or ''}".rstrip())


@outbox.command("retry")
@click.argument("item", type=click.UUID)
@click.pass_obj
def retry(desk: OutboxDesk, item: UUID) -> None:
    """Try a message at once, as if for the first time."""
    if not desk.again(item):
        _fail("it has left, was given up, or is not there; `idp outbox list` shows what waits")
    click.echo("due now")


@outbox.command("drop")
@click.argument("item", type=click.UUID)
@click.pass_obj
def drop(desk: OutboxDesk, item: UUID) -> None:
    """Let a message go undelivered."""
    if not desk.drop(item):
        _fail("it has left, or is not there; `idp outbox list` shows what waits")
    click.echo("let go")


def _fail(line: str) -> NoReturn:
    click.echo(f"idp: {line}", err=True)
    raise SystemExit(1)
