"""`idp lab officer`: a member of staff of the demonstration, whose passkey the demo phone holds.

Marked in its row as the demonstration's: production refuses to start with such a member (abuse case V-08).
"""

from uuid import UUID

import click

from idp.audit.catalogue import AuditRow, Event
from idp.demo.enrolled import new_passkey
from idp.demo.passkey import Passkey
from idp.demo.phone_ceremonies import STAFF_ACCOUNTS
from idp.demo.phone_memory import PhoneMemory
from idp.missions.mission import Opening, read_places
from idp.pages.words import Words
from idp.provider import Provider
from idp.settings import ROOT
from idp.staff.member import Appointment, InvalidAppointment, appointment
from idp.staff.roles import Role
from idp.storage.staff_office import add_member


def appoint_at_once(wired: Provider, new: Appointment, passkey: Passkey) -> UUID:
    """The rows and the audit of somebody who took an invitation. Returns the member's id."""
    now, member, row = wired.clock(), wired.world.new_id(), wired.world.new_id()
    with wired.database.begin() as step:
        add_member(step, member, row, new, passkey.user_handle, new_passkey(passkey), now=now, demo=True)
        detail = {"member": member, "passkey": row, "role": new.role.value, "mission": new.mission}
        step.record(AuditRow(Event.STAFF_JOINED, now, detail=detail))
    return member


STAFF = (
    ("이창구", Role.OFFICER, "berlin"),
    ("박책임", Role.SUPERVISOR, "berlin"),
    ("최등록", Role.REGISTRAR, None),
    ("정관리", Role.ADMINISTRATOR, None),
    ("오관리", Role.ADMINISTRATOR, None),  # what one asks for, the other decides
    ("한연계", Role.CLIENT_ENGINEER, None),
)
"""Who works in the demonstration."""

PILOTS = ("berlin", "los-angeles", "tokyo")
QUOTA = 100


def appoint(wired: Provider, new: Appointment) -> UUID:
    """A member of staff whose passkey the demo phone holds."""
    passkey = Passkey.new(
        rp_id=wired.settings.rp_id,
        user_handle=wired.random_bytes(64),
        user_name=f"{STAFF_ACCOUNTS}{new.mission or 'central'}/{new.name}",
        display_name=f"{new.name} · {_role_in_words(new.role)}",
        random_bytes=wired.random_bytes,
    )
    member = appoint_at_once(wired, new, passkey)
    with PhoneMemory(wired.settings.var, wired.random_bytes).use() as held:
        held.add(passkey)
    return member


def _role_in_words(role: Role) -> str:
    """A role as people call it, in each language: a passkey keeps the name that it was made with."""
    words = Words.load(ROOT / "templates/words")
    return " / ".join(words.say(language, f"staff.roles.{role.value}") for language in words.languages)


@click.command()
@click.pass_obj
def counter(wired: Provider) -> None:
    """List the missions, let three of them issue, and appoint the staff of the demonstration."""
    wired.missions.apply(read_places(ROOT / "config/missions.toml"))
    wired.missions.set_opening(PILOTS, Opening.PILOT, QUOTA)
    for name, role, mission in STAFF:
        appoint(wired, appointment(name, role, mission))
    click.echo(f"{', '.join(PILOTS)}: {QUOTA} each; staff on the demo phone: {', '.join(one[0] for one in STAFF)}")


@click.command()
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--mission", help="Code of the mission, for officers and supervisors.")
@click.pass_obj
def officer(wired: Provider, name: str, role: str, mission: str | None) -> None:
    """Appoint a member of staff at once and put their passkey on the demo phone."""
    try:
        new = appointment(name, Role(role), mission)
    except InvalidAppointment as invalid:
        raise click.ClickException(str(invalid)) from invalid
    if mission is not None and wired.missions.find(mission) is None:
        raise click.ClickException(f"no mission {mission!r}; `idp mission list` shows them")
    click.echo(f"{new.name}, {role}, member {appoint(wired, new)}; the demo phone holds the passkey")
