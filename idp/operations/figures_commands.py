"""`idp figures`: what the worker counted, by hour. The `ctx.obj` is a FiguresDesk."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

import click

HOUR = 3_600


class FiguresDesk(Protocol):
    """What this command works with."""

    def hours(self, client: str, hours: int) -> Mapping[tuple[int, str], int]:
        """(hour since the epoch, tag of the event) to how often, of the last hours; no client: the whole house."""


@click.command()
@click.option("--client", default="", help="Of this service alone.")
@click.option("--hours", type=click.IntRange(1, 9_600), default=48, show_default=True, help="The last so many hours.")
@click.pass_obj
def figures(desk: FiguresDesk, client: str, hours: int) -> None:
    """Sign-ins, refusals and tokens by hour, as the worker counted them; sandbox clients only under their own name."""
    for (hour, what), count in sorted(desk.hours(client, hours).items()):
        click.echo(f"{datetime.fromtimestamp(hour * HOUR, UTC).strftime('%Y-%m-%dT%H:00Z')}  {what:<42} {count}")
