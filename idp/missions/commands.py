"""`idp mission`: the list of missions from its file, and which of them issue. The `ctx.obj` is a MissionDesk."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Protocol

import click

from idp.missions.mission import InvalidMission, Mission, Opening, Place, check_opening, read_places


class MissionDesk(Protocol):
    """What these commands work with."""

    def all(self) -> Sequence[Mission]:
        """Every mission, by country and code."""
        ...

    def apply(self, places: Sequence[Place]) -> list[str]:
        """Add new missions, closed, and correct known ones; returns the codes that changed."""
        ...

    def set_opening(self, codes: Sequence[str], opening: Opening, quota: int | None) -> list[str]:
        """Open or close missions; returns those that are not known, and then changes none."""
        ...


def _fail(line: str) -> NoReturn:
    click.echo(f"idp: {line}", err=True)
    raise SystemExit(1)


@click.group()
def mission() -> None:
    """Diplomatic missions, and which of them issue."""


@mission.command("apply")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def apply(desk: MissionDesk, file: Path) -> None:
    """Add and correct missions from FILE; a new one is closed, and none is removed."""
    try:
        changed = desk.apply(read_places(file))
    except InvalidMission as refusal:
        _fail(str(refusal))
    click.echo("\n".join(changed) if changed else "nothing changed")


@mission.command("list")
@click.pass_obj
def list_(desk: MissionDesk) -> None:
    """Show every mission: whether it issues, and how many credentials it has issued."""
    for one in desk.all():
        quota = f" of {one.quota}" if one.quota is not None else ""
        click.echo(f"{one.place.code:<20} {one.opening.value:<7} {one.issued}{quota} issued  {one.place.name_en}")


def _set(desk: MissionDesk, codes: Sequence[str], opening: Opening, quota: int | None = None) -> None:
    try:
        check_opening(opening, quota)
    except InvalidMission as refusal:
        _fail(str(refusal))
    unknown = desk.set_opening(codes, opening, quota)
    if unknown:
        _fail(f"no mission {unknown[0]!r}; `idp mission list` shows the known ones")
    click.echo(f"{opening.value}: {', '.join(codes)}")


def _chosen(desk: MissionDesk, codes: Sequence[str], *, everywhere: bool) -> list[str]:
    if everywhere == bool(codes):
        _fail("name missions, or all of them with --all")
    return [one.place.code for one in desk.all()] if everywhere else list(codes)


@mission.command("open")
@click.argument("codes", nargs=-1)
@click.option("--all", "everywhere", is_flag=True, help="Every mission.")
@click.pass_obj
def open_(desk: MissionDesk, codes: Sequence[str], *, everywhere: bool) -> None:
    """Let missions issue without a quota."""
    _set(desk, _chosen(desk, codes, everywhere=everywhere), Opening.OPEN)


@mission.command("pilot")
@click.argument("codes", nargs=-1)
@click.option("--all", "everywhere", is_flag=True, help="Every mission.")
@click.option("--quota", type=int, required=True, help="Credentials that each may issue.")
@click.pass_obj
def pilot(desk: MissionDesk, codes: Sequence[str], *, everywhere: bool, quota: int) -> None:
    """Let missions issue up to a quota."""
    _set(desk, _chosen(desk, codes, everywhere=everywhere), Opening.PILOT, quota)


@mission.command("close")
@click.argument("codes", nargs=-1)
@click.option("--all", "everywhere", is_flag=True, help="Every mission.")
@click.pass_obj
def close(desk: MissionDesk, codes: Sequence[str], *, everywhere: bool) -> None:
    """Let missions issue no more; cases under way end without a credential."""
    _set(desk, _chosen(desk, codes, everywhere=everywhere), Opening.CLOSED)
