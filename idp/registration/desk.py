"""What an administrator's commands are given to work with."""

from typing import Protocol

from idp.registration.changes import ClientStore
from idp.registration.documents import Fetcher
from idp.registration.fields import Offer
from idp.registration.invitation import Invitations
from idp.registration.register import Random


class Desk(Protocol):
    """What an administrator's commands work with: the store, what is offered, the clock and randomness."""

    @property
    def clients(self) -> ClientStore:
        """All registrations."""

    @property
    def offer(self) -> Offer:
        """What metadata may choose from."""

    @property
    def issuer(self) -> str:
        """This provider's issuer identifier."""

    @property
    def outbound(self) -> Fetcher:
        """What fetches the documents that metadata points to."""

    @property
    def invitations(self) -> Invitations:
        """Initial access tokens."""

    @property
    def random_bytes(self) -> Random:
        """A source of unpredictable bytes."""

    def clock(self) -> int:
        """Seconds since the epoch."""
