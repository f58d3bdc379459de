"""The roles of staff, and what each may do. One table: a page asks for an act, never for a role.

Roles do not contain one another. Who registers services cannot issue credentials, who issues credentials cannot
open missions, and who audits changes nothing at all (separation of duties, OWASP ASVS 5.0 §8.2).
"""

from enum import Enum


class Role(Enum):
    """What a member of staff is."""

    OFFICER = "officer"  # issues at the counter of one mission
    SUPERVISOR = "supervisor"  # the same, and answers for the officers of that mission
    REGISTRAR = "registrar"  # the central registrar: approves and confirms for every mission
    AUDITOR = "auditor"  # reads
    ADMINISTRATOR = "administrator"  # sees, decides and undoes everything but what happens at a counter
    OPERATOR = "operator"  # runs the provider: keys, outbox, what reaches which country
    CLIENT_ENGINEER = "client_engineer"  # of relying services: sees and prepares those of their own


class Act(Enum):
    """What a page or a form lets somebody do."""

    CASE_HANDLE = "case.handle"  # start and carry a case at the counter
    CASE_APPROVE = "case.approve"  # be the second person of a risky case
    CASE_CONFIRM = "case.confirm"  # confirm centrally what a mission prepared without its line
    CASE_READ = "case.read"
    COUNTER_FIGURES = "case_figures.read"  # how far cases come, at the own mission or everywhere
    PERSON_END = "person.end"
    STAFF_READ = "staff.read"
    STAFF_APPOINT = "staff.appoint"  # invite, change a role, remove: see INVITES for whom
    STAFF_APPROVE = "staff.approve"  # be the second person of an appointment that takes two
    MISSION_READ = "mission.read"
    MISSION_CHANGE = "mission.change"
    CLIENT_READ = "client.read"
    CLIENT_WRITE = "client.write"
    CLIENT_APPROVE = "client.approve"
    CLIENT_OWN = "client.own"  # the workbench: services that one is an engineer of
    KEY_READ = "key.read"
    KEY_ROTATE = "key.rotate"
    OUTBOX_READ = "outbox.read"
    OUTBOX_CHANGE = "outbox.change"  # try a message again, or let it go
    COUNTRY_READ = "country.read"  # what reaches which country, and how the gateways do
    COUNTRY_CHANGE = "country.change"
    SESSION_READ = "session.read"
    SESSION_END = "session.end"
    FIGURES_READ = "figures.read"
    SWITCH_READ = "switch.read"
    SWITCH_CHANGE = "switch.change"
    AUDIT_READ = "audit.read"


MAY: dict[Role, frozenset[Act]] = {
    Role.OFFICER: frozenset({Act.CASE_HANDLE, Act.CASE_APPROVE, Act.CASE_READ}),
    Role.SUPERVISOR: frozenset(
        {Act.CASE_HANDLE, Act.CASE_APPROVE, Act.CASE_READ, Act.COUNTER_FIGURES, Act.STAFF_READ, Act.STAFF_APPOINT},
    ),
    Role.REGISTRAR: frozenset({Act.CASE_APPROVE, Act.CASE_CONFIRM, Act.CASE_READ, Act.COUNTER_FIGURES, Act.PERSON_END}),
    Role.AUDITOR: frozenset(
        {Act.CASE_READ, Act.COUNTER_FIGURES, Act.STAFF_READ, Act.MISSION_READ, Act.CLIENT_READ, Act.KEY_READ}
        | {Act.OUTBOX_READ, Act.COUNTRY_READ, Act.SESSION_READ, Act.FIGURES_READ, Act.SWITCH_READ, Act.AUDIT_READ}
    ),
    Role.ADMINISTRATOR: frozenset(
        {Act.STAFF_READ, Act.STAFF_APPOINT, Act.STAFF_APPROVE, Act.MISSION_READ, Act.MISSION_CHANGE}
        | {Act.CLIENT_READ, Act.CLIENT_WRITE, Act.CLIENT_APPROVE, Act.KEY_READ, Act.KEY_ROTATE}
        | {Act.OUTBOX_READ, Act.OUTBOX_CHANGE, Act.COUNTRY_READ, Act.COUNTRY_CHANGE}
        | {Act.SESSION_READ, Act.SESSION_END, Act.FIGURES_READ, Act.SWITCH_READ, Act.SWITCH_CHANGE, Act.AUDIT_READ}
    ),
    Role.OPERATOR: frozenset(
        {Act.CLIENT_READ, Act.KEY_READ, Act.KEY_ROTATE, Act.OUTBOX_READ, Act.OUTBOX_CHANGE, Act.MISSION_READ}
        | {Act.COUNTRY_READ, Act.COUNTRY_CHANGE, Act.SESSION_READ, Act.FIGURES_READ, Act.SWITCH_READ}
    ),
    Role.CLIENT_ENGINEER: frozenset({Act.CLIENT_OWN}),
}
"""What each role may do; what does not stand here is refused."""

AT_A_MISSION = frozenset({Role.OFFICER, Role.SUPERVISOR})
"""Roles that belong to one mission and see nothing of any other."""

CENTRAL = frozenset({Role.REGISTRAR, Role.AUDITOR, Role.ADMINISTRATOR, Role.OPERATOR})
"""Roles of the whole house: only who has one may answer for a client that administers."""

INVITES: dict[Role, frozenset[Role]] = {
    Role.SUPERVISOR: frozenset({Role.OFFICER}),
    Role.ADMINISTRATOR: frozenset(Role),
}
"""Whom a role may appoint, change and remove; a supervisor only within the own mission."""


def may(role: Role, act: Act) -> bool:
    """Whether a role lets its holder do this."""
    return act in MAY[role]
