"""`idp registry import`: fills the embedded registry from the authority's list. The `ctx.obj` is a RegistryDesk."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import click

from idp.people.registry.contract import PASSPORT, RegistryAnswer, RegistryUnavailable, read_answer

BATCH = 500


class RegistryDesk(Protocol):
    """What this command works with."""

    def put(self, entries: Iterable[tuple[str, date, RegistryAnswer]]) -> int:
        """Keep entries, each in the place of the one with the same passport; returns how many people ended."""
        ...


@click.group()
def registry() -> None:
    """The embedded registry of nationals."""


@registry.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def import_(desk: RegistryDesk, file: Path) -> None:
    """Read FILE, one JSON document a line (idp/people/registry/README.md); all of it or, on a mistake, nothing.

    Whoever it says has died or renounced the nationality is signed out, and no route gives them a token any more.
    """
    entries = []
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                entries.append(_entry(json.loads(line.decode())))
            except (ValueError, RecursionError, KeyError, TypeError, RegistryUnavailable):
                click.echo(f"idp: {file}: line {number} is no entry of the registry", err=True)
                raise SystemExit(1) from None
    ended = sum(desk.put(entries[start : start + BATCH]) for start in range(0, len(entries), BATCH))
    click.echo(f"{len(entries)} entries" + (f"; {ended} people ended" if ended else ""))


def _entry(document: Any) -> tuple[str, date, RegistryAnswer]:
    passport = document["passport"]
    if not PASSPORT.fullmatch(passport):
        raise ValueError
    return passport, date.fromisoformat(document["birthdate"]), read_answer(document)
