"""Who is told that a session has ended, by which channel. Pure.

OpenID Connect Back-Channel Logout 1.0 §2.4, OpenID Connect Front-Channel Logout 1.0 §3.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from idp.protocol.authorization_response import with_query
from idp.protocol.client import Client

MOST_FRAMES = 30  # more would not load in the time that a person waits


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """A client that knew a session which has ended."""

    client: Client
    person: UUID
    session: UUID

    @property
    def by_back_channel(self) -> bool:
        """Whether its server is called."""
        return self.client.enabled and self.client.backchannel_logout_uri is not None


def frames(
    told: Iterable[LoggedOut], *, issuer: str, session_of: Callable[[Client, UUID], str]
) -> tuple[tuple[Client, str], ...]:
    """What the frames of the logout page load: `iss` and `sid`, nothing else (Front-Channel Logout 1.0 §3)."""
    found = [
        (one.client, with_query(uri, {"iss": issuer, "sid": session_of(one.client, one.session)}))
        for one in told
        if one.client.enabled and (uri := one.client.frontchannel_logout_uri) is not None
    ]
    return tuple(found[:MOST_FRAMES])
