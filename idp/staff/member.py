"""A member of staff as the rules see them."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from idp.staff.roles import AT_A_MISSION, Act, Role, may

LONGEST_NAME = 60
MOST_CLIENTS = 20
UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


class InvalidAppointment(ValueError):
    """An appointment that cannot be made; the message is one line, its `reason` a key of the words."""

    def __init__(self, reason: str, line: str) -> None:
        """`reason` is shown to people in their language, `line` to an operator."""
        super().__init__(line)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """Who somebody is to be: a name, a role, and the mission of those who work at one."""

    name: str
    role: Role
    mission: str | None = None  # missions.mission code
    clients: tuple[str, ...] = ()  # relying services whose engineer somebody is to be


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who was appointed, made a passkey and has not been removed."""

    id: UUID
    name: str
    role: Role
    mission: str | None

    def may(self, act: Act) -> bool:
        """Whether their role lets them do this."""
        return may(self.role, act)

    def sees(self, mission: str) -> bool:
        """Whether a case of this mission exists for them (abuse case V-02)."""
        return self.mission is None or self.mission == mission


def appointment(name: str, role: Role, mission: str | None, clients: Iterable[str] = ()) -> Appointment:
    """A checked appointment. Raises InvalidAppointment."""
    clean = " ".join(unicodedata.normalize("NFC", name).split())
    if not clean or len(clean) > LONGEST_NAME:
        raise InvalidAppointment("staff.name_length", f"a name has 1 to {LONGEST_NAME} characters")
    if any(unicodedata.category(character) in UNPRINTABLE for character in clean):
        raise InvalidAppointment("staff.name_length", "a name has no control or direction characters")
    if (role in AT_A_MISSION) != (mission is not None):
        wanted = "needs a mission" if role in AT_A_MISSION else "belongs to no mission"
        raise InvalidAppointment("staff.mission_wrong", f"a member in the role {role.value} {wanted}")
    chosen = tuple(dict.fromkeys(clients))
    if chosen and role is not Role.CLIENT_ENGINEER:
        raise InvalidAppointment("staff.clients_wrong", f"a member in the role {role.value} has no services")
    if len(chosen) > MOST_CLIENTS:
        raise InvalidAppointment("staff.clients_wrong", f"at most {MOST_CLIENTS} services at once")
    return Appointment(name=clean, role=role, mission=mission, clients=chosen)
