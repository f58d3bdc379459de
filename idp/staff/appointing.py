"""Who may appoint, change and remove whom, and when it takes two. Pure; one rule before every page and command.

Nobody changes or removes themself (abuse case V-04), so nobody raises themself either. That the last administrator
stays is decided by the database in the moment of the change: a count made here would be old by then.
"""

from idp.staff.member import Appointment, Member
from idp.staff.roles import INVITES, MAY, Act, Role

INVITATION_SECONDS = 86_400  # from being made to the passkey; shorter than a day does not reach another time zone
OPEN_SECONDS = 1_800  # from the first opening to the passkey
FOR_THE_WHOLE_HOUSE = frozenset(
    {Act.CLIENT_APPROVE, Act.KEY_ROTATE, Act.SWITCH_CHANGE, Act.STAFF_APPROVE, Act.CASE_CONFIRM}
)
"""Acts by which somebody is the second person of a decision that concerns more than one mission."""


class NotAllowed(Exception):
    """This member may not do that; the message is for the log, `reason` a key of the words."""

    def __init__(self, reason: str) -> None:
        """`reason` names the rule."""
        super().__init__(reason)
        self.reason = reason


def takes_two(before: Role | None, after: Role) -> bool:
    """Whether giving the role `after` to somebody in the role `before` is decided by two people.

    Else one person could appoint their own second person (abuse case V-04). It does not depend on how many
    administrators there are: one alone could remove the others first.
    """
    held = MAY[before] if before is not None else frozenset()
    return bool(FOR_THE_WHOLE_HOUSE & (MAY[after] - held))


def refuse_appointment(by: Member, new: Appointment) -> None:
    """Raise NotAllowed unless `by` may invite somebody to be `new`."""
    _refuse_reach(by, new.role, new.mission)


def refuse_change(by: Member, of: Member, to: Appointment) -> None:
    """Raise NotAllowed unless `by` may turn `of` into `to`."""
    _refuse_self(by, of)
    _refuse_reach(by, of.role, of.mission)
    _refuse_reach(by, to.role, to.mission)


def refuse_removal(by: Member, of: Member) -> None:
    """Raise NotAllowed unless `by` may remove `of`."""
    _refuse_self(by, of)
    _refuse_reach(by, of.role, of.mission)


def _refuse_self(by: Member, of: Member) -> None:
    if by.id == of.id:
        raise NotAllowed("staff.not_oneself")


def _refuse_reach(by: Member, role: Role, mission: str | None) -> None:
    if role not in INVITES.get(by.role, frozenset()):
        raise NotAllowed("staff.role_out_of_reach")
    if by.mission is not None and mission != by.mission:
        raise NotAllowed("staff.other_mission")
