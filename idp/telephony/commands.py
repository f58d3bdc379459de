"""`idp phones`: what reaches which country, changing it at run time, and how the gateways do.

The command's `ctx.obj` is a Desk: the database stands behind it, so that nothing here knows SQL.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import click

from idp.telephony.breaker import Breaker
from idp.telephony.channel import Channel
from idp.telephony.coverage import MEMBERS, Country, Coverage, CoverageError
from idp.telephony.figures import Cell, Figure, Figures, render
from idp.telephony.limits import Budget
from idp.telephony.members import read_member

HALF, MOST = 0.5, 0.95


class Desk(Protocol):
    """What these commands need of the installation."""

    def coverage(self) -> Coverage:
        """The table as it is now."""
        ...

    def override(self, region: str, members: Mapping[str, Any]) -> None:
        """Change members of one country, with an audit row. Raises CoverageError."""
        ...

    def reset(self, region: str) -> bool:
        """Back to what the file says. False when nothing was changed."""
        ...

    def figures(self, days: int) -> Mapping[Cell, Figures]:
        """What became of the messages of the last days."""
        ...

    def breakers(self) -> Mapping[tuple[str, Channel], Breaker]:
        """How the gateways do."""
        ...

    def budgets(self) -> Sequence[Budget]:
        """How much of today's shared budgets is used."""
        ...

    def estimated(self, region: str) -> bool:
        """Whether the prices of a country are those of the file, and nobody has put their contract's in."""
        ...

    def waiting(self) -> int:
        """How many messages are due."""
        ...

    def clock(self) -> int:
        """Seconds since the epoch."""
        ...


@click.group()
def phones() -> None:
    """Foreign phones: countries, gateways, figures."""


@phones.command("status")
@click.option("--country", help="Only this region (two letters).")
@click.option("--days", type=click.IntRange(1, 400), default=7, show_default=True, help="Figures of so many days.")
@click.option("--prometheus", is_flag=True, help="Everything that is stored, as metrics.")
@click.pass_obj
def status(desk: Desk, country: str | None, days: int, prometheus: bool) -> None:
    """Per country and gateway: sent, delivered, verified, delays, cost; and gateways that are left alone."""
    now = desk.clock()
    if prometheus:
        click.echo(render(desk.figures(400), desk.breakers(), desk.budgets(), desk.waiting(), now), nl=False)
        return
    heads = ("country", "channel", "gateway", "sent", "deliv", "verif", "failed", "median", "p95", "cost $")
    _row(heads)
    cells = sorted(desk.figures(days).items(), key=lambda one: (one[0].region, one[0].channel.value, one[0].gateway))
    for cell, figures in cells:
        if country in {None, cell.region}:
            _row(_line(cell, figures))
    if any(desk.estimated(cell.region) for cell, figures in cells if figures.of(Figure.COST)):
        click.echo("cost: by prices of which some are estimates (idp phones show COUNTRY)")
    click.echo(f"waiting: {desk.waiting()}")
    for budget in desk.budgets():
        if country in {None, budget.region}:
            click.echo(_budget(budget))
    for (gateway, channel), breaker in sorted(desk.breakers().items()):
        if breaker.is_open(now):
            click.echo(f"left alone: {gateway} ({channel.value}) for {breaker.open_until - now} s more")


@phones.command("show")
@click.argument("country")
@click.pass_obj
def show(desk: Desk, country: str) -> None:
    """Every member of one country, as it is now."""
    found = _country(desk, country)
    for name in MEMBERS:
        line = f"{name} = {json.dumps(getattr(found, name), ensure_ascii=False)}"
        click.echo(f"{line}  # {_UNSURE[name]}" if name in _UNSURE and desk.estimated(country) else line)


@phones.command("set")
@click.argument("country")
@click.argument("changes", nargs=-1, required=True, metavar="MEMBER=VALUE...")
@click.pass_obj
def set_(desk: Desk, country: str, changes: tuple[str, ...]) -> None:
    """Change a country at once and for all workers: `idp phones set VN sms=false gateways=infobip,vonage`."""
    before = _country(desk, country)
    members = dict(_member(before, change) for change in changes)
    try:
        desk.override(country, members)
    except CoverageError as error:
        raise click.ClickException(str(error)) from error
    for name, value in members.items():
        click.echo(f"{country}: {name} {getattr(before, name)!r} -> {value!r}")


@phones.command("reset")
@click.argument("country")
@click.pass_obj
def reset(desk: Desk, country: str) -> None:
    """Back to what the table of countries says."""
    if not desk.reset(country):
        raise click.ClickException(f"{country}: nothing was changed")
    click.echo(f"{country}: as in the file")


_UNSURE = {
    "price": "an estimate for budgets, not a vendor's price; put your contract's in with `idp phones set`",
    "note": "from public data, not checked with the country's operators",
}
"""Members whose value in the file nobody has confirmed."""


def _budget(budget: Budget) -> str:
    closed = ", closed to new numbers: hardly any code is typed" if budget.broken else ""
    return f"budget {budget.kind.value} {budget.region or 'house'}: {budget.share:.0%} used today{closed}"


def _country(desk: Desk, region: str) -> Country:
    found = desk.coverage().countries.get(region)
    if found is None:
        raise click.ClickException(f"{region}: no such region in the table of countries")
    return found


def _member(country: Country, change: str) -> tuple[str, Any]:
    """`member=value` as the type that the member has."""
    name, equals, text = change.partition("=")
    if not equals or name not in MEMBERS:
        raise click.ClickException(f"{change!r} is not MEMBER=VALUE with one of {', '.join(MEMBERS)}")
    return name, read_member(getattr(country, name), text)


def _line(cell: Cell, figures: Figures) -> tuple[str, ...]:
    counts = (figures.of(figure) for figure in (Figure.SENT, Figure.DELIVERED, Figure.VERIFIED, Figure.FAILED))
    delays = (f"{delay} s" if delay else "-" for delay in (figures.delay(HALF), figures.delay(MOST)))
    cost = f"{figures.of(Figure.COST) / 10_000:.2f}"
    return (cell.region, cell.channel.value, cell.gateway, *map(str, counts), *delays, cost)


def _row(cells: tuple[str, ...]) -> None:
    widths = (8, 8, 14, 7, 7, 7, 7, 7, 7, 9)
    click.echo(" ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
