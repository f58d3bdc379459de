"""`idp audit`: seal now, verify everything, export for somebody who asks."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import click

from idp.audit.export import FORMS, Wanted, readable
from idp.audit.heads import BadHeads
from idp.audit.ledger import Ledger
from idp.audit.seal import claims_of
from idp.audit.verify import Report

EVENT = re.compile(r"[a-z_]+(:[a-z_]+){0,2}:?")


@click.group()
def audit() -> None:
    """What happened, and the proof of it."""


@audit.command("seal")
@click.pass_obj
def seal_(ledger: Ledger) -> None:
    """Seal now what waits; the worker does this by itself every few seconds."""
    made = ledger.seal()
    for seal in made:
        click.echo(f"seal {seal.number}: {claims_of(seal.statement)['rows']} rows")
    if not made:
        click.echo("nothing waits")


@audit.command("verify")
@click.option(
    "--heads",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A copy of the statements that was kept elsewhere; else the file of the setting audit_heads_file.",
)
@click.pass_obj
def verify_(ledger: Ledger, heads: Path | None) -> None:
    """Check every statement, batch and row; name the first that is not as it was sealed."""
    try:
        report = ledger.verify(heads)
    except BadHeads as error:
        raise click.ClickException(str(error)) from None
    _tell(report, heads or ledger.heads)
    if report.finding is not None:
        click.echo(f"NOT INTACT: {report.finding}", err=True)
        sys.exit(1)


def _tell(report: Report, heads: Path | None) -> None:
    click.echo(
        f"{report.seals} seals, {report.rows} rows as sealed, {report.gone} let go after their time, "
        f"{report.waiting} waiting for their seal"
    )
    if report.head is not None:
        said = claims_of(report.head)
        click.echo(f"head: seal {said['seal']} of {readable(said['iat'])}, root {said['root']}")
    if heads is None:
        click.echo("not compared with a second place: audit_heads_file is not set and no --heads given")


def _moment(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("a date such as 2026-11-23, or a time such as 2026-11-23T09:00:00+09:00") from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def _event(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not EVENT.fullmatch(value):
        raise click.BadParameter("a tag such as person:session:started, or its beginning such as person:")
    return value


@audit.command("export")
@click.option("--person", type=click.UUID, help="Rows of this person.")
@click.option("--client", help="Rows of this service.")
@click.option("--since", callback=_moment, help="From this date or time on (UTC unless it says otherwise).")
@click.option("--until", callback=_moment, help="Before this date or time.")
@click.option("--event", callback=_event, help="Rows of this event, or of all that begin so.")
@click.option("--format", "form", type=click.Choice(sorted(FORMS)), default="jsonl", show_default=True)
@click.pass_obj
def export(
    ledger: Ledger,
    person: UUID | None,
    client: str | None,
    since: int | None,
    until: int | None,
    event: str | None,
    form: str,
) -> None:
    """Print rows, oldest first, for one person, service or period."""
    if person is None and client is None and since is None and until is None:
        raise click.UsageError("say whose rows: --person, --client, --since or --until")
    for line in FORMS[form](ledger.rows(Wanted(person, client, since, until, event))):
        click.echo(line, nl=False)
