"""Acts that one person asks for and a second one decides. Pure.

What takes something away is done at once by one person, because it may have to be fast: stopping a service, ending a
session, turning a feature off, beginning a removal. What gives something, or would break every service if it were
done by mistake or by a thief at one desk, takes two (OWASP ASVS 5.0 §2.3.5; abuse case V-05).
"""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from idp.staff.roles import Act

DECIDE_WITHIN_SECONDS = 7 * 86_400
SHORTEST_GROUND, LONGEST_GROUND = 10, 1_000


class Kind(Enum):
    """What is asked for; the value is how it is stored."""

    CLIENT_RESUME = "client_resume"  # somebody had a reason to stop it
    CLIENT_SECRET = "client_secret"  # noqa: S105 (a name): whoever sees the new one can be the service
    CLIENT_LOGO = "client_logo"  # people trust what they see on the page of sign-in
    KEYS_ROTATE = "keys_rotate"
    KEY_RETIRE = "key_retire"  # every token that it signed ends
    SWITCH_ON = "switch_on"
    STAFF_INVITE = "staff_invite"  # somebody who could be the second person of the one who asks
    STAFF_ROLE = "staff_role"


ASKS: dict[Kind, Act] = {
    Kind.CLIENT_RESUME: Act.CLIENT_WRITE,
    Kind.CLIENT_SECRET: Act.CLIENT_WRITE,
    Kind.CLIENT_LOGO: Act.CLIENT_WRITE,
    Kind.KEYS_ROTATE: Act.KEY_ROTATE,
    Kind.KEY_RETIRE: Act.KEY_ROTATE,
    Kind.SWITCH_ON: Act.SWITCH_CHANGE,
    Kind.STAFF_INVITE: Act.STAFF_APPOINT,
    Kind.STAFF_ROLE: Act.STAFF_APPOINT,
}
"""What asking takes."""

DECIDES: dict[Kind, Act] = {
    Kind.CLIENT_RESUME: Act.CLIENT_APPROVE,
    Kind.CLIENT_SECRET: Act.CLIENT_APPROVE,
    Kind.CLIENT_LOGO: Act.CLIENT_APPROVE,
    Kind.KEYS_ROTATE: Act.KEY_ROTATE,
    Kind.KEY_RETIRE: Act.KEY_ROTATE,
    Kind.SWITCH_ON: Act.SWITCH_CHANGE,
    Kind.STAFF_INVITE: Act.STAFF_APPROVE,
    Kind.STAFF_ROLE: Act.STAFF_APPROVE,
}
"""What deciding takes."""


class NoGround(ValueError):
    """An act is asked for without a reason that a second person could judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One act as it is stored."""

    id: UUID
    kind: Kind
    subject: str
    argument: str
    base_version: int | None
    ground: str
    proposer: UUID
    via: str | None
    created_at: int
    outcome: str | None
    decided_by: UUID | None
    decided_at: int | None

    def is_open(self, now: int) -> bool:
        """Whether somebody may still decide it."""
        return self.outcome is None and now < self.created_at + DECIDE_WITHIN_SECONDS


def check_ground(ground: str) -> str:
    """The reason without blanks around it. Raises NoGround."""
    clean = ground.strip()
    if not SHORTEST_GROUND <= len(clean) <= LONGEST_GROUND or "\0" in clean:
        raise NoGround(f"ground: must have {SHORTEST_GROUND} to {LONGEST_GROUND} characters")
    return clean
