"""When it takes two: the rule for the second person. Pure.

The second person is another member of staff, whose role carries the act, who sees the mission, who is neither the
person concerned nor of their family, and whose passkey was checked for this very decision moments ago (OWASP ASVS
5.0 §2.3.5, §7.5.3). The same rule serves the counter (idp/missions) and the administrators' console.
"""

from dataclasses import dataclass
from uuid import UUID

from idp.staff.member import Member
from idp.staff.roles import Act

FRESH_SECONDS = 300
"""How long a passkey check counts for a decision."""


class SecondPersonRefused(Exception):
    """This member may not be the second person; `reason` is a key of the words."""

    def __init__(self, reason: str) -> None:
        """`reason` names the rule."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What needs a second person."""

    act: Act
    first: UUID  # who began it
    mission: str | None = None  # where it happens; None concerns the whole house
    concerned: frozenset[UUID] = frozenset()  # members of staff whom it is about, themselves or their family


def refuse_second_person(decision: Decision, second: Member, *, proven_at: int | None, now: int) -> None:
    """Raise SecondPersonRefused unless `second` may decide. `proven_at`: when their passkey was checked for this."""
    if second.id == decision.first:
        raise SecondPersonRefused("four_eyes.same_person")
    if second.id in decision.concerned:
        raise SecondPersonRefused("four_eyes.own_case")
    if not second.may(decision.act):
        raise SecondPersonRefused("four_eyes.role")
    if decision.mission is not None and not second.sees(decision.mission):
        raise SecondPersonRefused("four_eyes.other_mission")
    if proven_at is None or not 0 <= now - proven_at < FRESH_SECONDS:
        raise SecondPersonRefused("four_eyes.not_fresh")
