"""`idp officer`: the members of staff, and the first administrator. The `ctx.obj` is a StaffDesk."""

from collections.abc import Callable, Sequence
from typing import NoReturn, Protocol
from uuid import UUID

import click

from idp.staff.appointing import NotAllowed
from idp.staff.member import Appointment, InvalidAppointment, Member, appointment
from idp.staff.roles import Role

ROLE = click.Choice([role.value for role in Role])
LINES = {
    "staff.last_administrator": "the last administrator stays; appoint another one first",
    "staff.not_an_engineer": "only a client engineer has services; `idp officer list` shows roles",
    "staff.unknown_member": "no such member; `idp officer list` shows them",
}


class StaffDesk(Protocol):
    """What these commands work with."""

    def all(self, mission: str | None = None) -> Sequence[Member]:
        """Everybody, or everybody of one mission."""
        ...

    def invite(self, new: Appointment) -> str:
        """A one-time link. Raises InvalidAppointment."""
        ...

    def bind(self, member: UUID, client_id: str) -> None:
        """Make a client engineer one of this service too. Raises NotAllowed or InvalidAppointment."""
        ...

    def unbind(self, member: UUID, client_id: str) -> None:
        """Take that back. Raises NotAllowed."""
        ...

    def change(self, member: UUID, role: Role, mission: str | None) -> None:
        """Give somebody another role or mission. Raises NotAllowed or InvalidAppointment."""
        ...

    def remove(self, member: UUID) -> None:
        """Remove somebody. Raises NotAllowed."""
        ...


def _fail(line: str) -> NoReturn:
    click.echo(f"idp: {line}", err=True)
    raise SystemExit(1)


def _carry_out(act: Callable[[], None]) -> None:
    try:
        act()
    except InvalidAppointment as refusal:
        _fail(str(refusal))
    except NotAllowed as refusal:
        _fail(LINES.get(refusal.reason, refusal.reason))


@click.group()
def officer() -> None:
    """Members of staff: officers, supervisors, registrars, auditors, administrators, operators, client engineers."""


@officer.command("invite")
@click.option("--name", required=True, help="Their name, as colleagues and citizens will read it.")
@click.option("--role", required=True, type=ROLE)
@click.option("--mission", help="Code of the mission, for officers and supervisors.")
@click.option("--client", "clients", multiple=True, help="Service whose engineer they will be; for client engineers.")
@click.pass_obj
def invite(desk: StaffDesk, name: str, role: str, mission: str | None, clients: tuple[str, ...]) -> None:
    """Print a one-time link (a day, one use, one browser) with which somebody makes their staff passkey."""
    _carry_out(lambda: click.echo(desk.invite(appointment(name, Role(role), mission, clients))))


@officer.command("list")
@click.option("--mission", help="Only those of this mission.")
@click.pass_obj
def list_(desk: StaffDesk, mission: str | None) -> None:
    """List the members of staff."""
    for one in desk.all(mission):
        click.echo(f"{one.id}  {one.role.value:<15} {one.mission or '-':<20} {one.name}")


@officer.command("role")
@click.argument("member", type=click.UUID)
@click.argument("role", type=ROLE)
@click.option("--mission", help="Code of the mission, for officers and supervisors.")
@click.pass_obj
def role_(desk: StaffDesk, member: UUID, role: str, mission: str | None) -> None:
    """Give a member another role; it holds at their next request."""

    def act() -> None:
        to = appointment("-", Role(role), mission)
        desk.change(member, to.role, to.mission)
        click.echo("done")

    _carry_out(act)


@officer.command("bind")
@click.argument("member", type=click.UUID)
@click.argument("client")
@click.pass_obj
def bind(desk: StaffDesk, member: UUID, client: str) -> None:
    """Make a client engineer one of this service too."""

    def act() -> None:
        desk.bind(member, client)
        click.echo("done")

    _carry_out(act)


@officer.command("unbind")
@click.argument("member", type=click.UUID)
@click.argument("client")
@click.pass_obj
def unbind(desk: StaffDesk, member: UUID, client: str) -> None:
    """Take that back; it holds at their next request."""

    def act() -> None:
        desk.unbind(member, client)
        click.echo("done")

    _carry_out(act)


@officer.command("remove")
@click.argument("member", type=click.UUID)
@click.pass_obj
def remove(desk: StaffDesk, member: UUID) -> None:
    """Remove a member; their sessions end with their next request."""

    def act() -> None:
        desk.remove(member)
        click.echo("done")

    _carry_out(act)
