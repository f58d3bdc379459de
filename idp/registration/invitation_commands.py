"""`idp client invite`: leave for a service to register itself over the protocol (RFC 7591 §3).

The `ctx.obj` is a Desk. The token is printed once and only its digest is kept.
"""

import sys
from datetime import UTC, datetime
from uuid import UUID

import click

from idp.registration.desk import Desk
from idp.registration.invitation import MOST_DAYS, MOST_USES

DAY = 86_400
LONGEST_NOTE = 200


@click.command()
@click.option("--uses", type=click.IntRange(1, MOST_USES), default=1, show_default=True, help="Registrations.")
@click.option("--days", type=click.IntRange(1, MOST_DAYS), default=7, show_default=True, help="Until it ends.")
@click.option("--note", default="", help="Whom it is for; kept and shown in the list.")
@click.option("--lab", is_flag=True, help="For conformance suites, which send no PKCE; in development only.")
@click.pass_obj
def invite(desk: Desk, *, uses: int, days: int, note: str, lab: bool) -> None:
    """Print an initial access token with which a service registers itself at /register."""
    if lab and not desk.offer.development:
        raise click.ClickException("--lab works in development only")
    if len(note) > LONGEST_NOTE:
        raise click.ClickException(f"--note takes at most {LONGEST_NOTE} characters")
    now = desk.clock()
    click.echo(desk.invitations.invite(note=note, uses=uses, lab=lab, now=now, expires_at=now + days * DAY))


@click.command()
@click.pass_obj
def invitations(desk: Desk) -> None:
    """List the initial access tokens that can still be used, without the tokens themselves."""
    for one in desk.invitations.list(desk.clock()):
        until = datetime.fromtimestamp(one.expires_at, UTC).isoformat()
        click.echo(f"{one.id}  {one.uses_left} left until {until}{'  lab' if one.lab else ''}  {one.note or '-'}")


@click.command()
@click.argument("invitation", metavar="ID", type=click.UUID)
@click.pass_obj
def disinvite(desk: Desk, invitation: UUID) -> None:
    """Take an initial access token back; services that it registered stay."""
    if not desk.invitations.remove(invitation, desk.clock()):
        click.echo("error: no such token; `idp client invitations` lists those that can still be used", err=True)
        sys.exit(1)
    click.echo(f"{invitation}: taken back")
