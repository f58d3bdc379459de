"""Leave to register over the protocol: the initial access token of RFC 7591 §3, given by an administrator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

MOST_USES = 1000
MOST_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An initial access token as it is stored."""

    id: UUID
    note: str  # whom it was given to
    uses_left: int
    lab: bool  # for conformance suites: see by_protocol.new_metadata
    created_at: int  # seconds since the epoch
    expires_at: int


class Invitations(Protocol):
    """What an administrator does with invitations. Each act is one transaction with its audit row."""

    def invite(self, *, note: str, uses: int, lab: bool, now: int, expires_at: int) -> str:
        """A new initial access token; its text is shown once."""

    def list(self, now: int) -> Sequence[Invitation]:
        """Those that can still be used, oldest first."""

    def remove(self, invitation: UUID, now: int) -> bool:
        """Whether there was one to take back."""
