"""Who acts, whichever way the act comes: at a desk, through an administration client, or at the command line."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from idp.staff.member import Member


@dataclass(frozen=True, slots=True)
class Actor:
    """A member of staff; with `via`, an administration client on their behalf. Nobody: an operator of the machine."""

    member: Member | None = None
    via: str | None = None

    @property
    def id(self) -> UUID | None:
        """The member's key."""
        return None if self.member is None else self.member.id

    @property
    def detail(self) -> dict[str, Any]:
        """What every audit row of an act says of who did it."""
        return {"by": self.id} | ({} if self.via is None else {"via": self.via})


OPERATOR = Actor()
"""Whoever may run `idp` on this machine."""
