"""The gate before every page of a relying service's engineers: their own services, and no other.

A service of somebody else is answered like one that does not exist (abuse case V-02).
"""

from dataclasses import dataclass

from idp.pages.refusals import PageRefused
from idp.pages.rendering import page_language, provider
from idp.pages.staff_gate import Seat, seated
from idp.registration.registration import Registration
from idp.staff.roles import Act
from idp.storage.engineers import ClientEngineers

WORKBENCH = "/workbench"


@dataclass(frozen=True, slots=True)
class Bench:
    """An engineer at the pages of one service of theirs."""

    seat: Seat
    registration: Registration

    @property
    def client_id(self) -> str:
        """The service's id."""
        return self.registration.client_id

    @property
    def here(self) -> str:
        """The address of its page."""
        return f"{WORKBENCH}/clients/{self.client_id}"

    @property
    def name(self) -> str:
        """The service's name in the language of this answer."""
        return name_of(self.registration)


def name_of(registration: Registration) -> str:
    """A service's name in the language of this answer."""
    metadata = registration.metadata
    tagged = metadata.get(f"client_name#{page_language()}")
    return str(tagged or metadata.get("client_name") or registration.client_id)


def bench_of(client_id: str, *, sandbox: bool = False) -> Bench:
    """The engineer and their service. Raises PageRefused: 401, 403, or 404 for a service that is not theirs.

    With `sandbox`, only a sandbox client is there.
    """
    seat = seated(Act.CLIENT_OWN)
    wired = provider()
    with wired.database.read() as reading:
        mine = ClientEngineers(reading).is_of(seat.member.id, client_id)
    found = wired.clients.get(client_id) if mine else None
    if found is None or (sandbox and not (found.is_sandbox and wired.settings.sandbox)):
        raise PageRefused("not_found", 404, "no such client of this engineer")
    return Bench(seat, found)
