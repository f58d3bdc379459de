"""Who may see a page of a person's own: its gates, the same on every one of them.

Looking takes the session of both proofs that any service would be content with. What can take the mobile ID away, or
put another key to it, takes both proofs anew, given within the last minutes (OWASP ASVS 5.0 §7.5.1). A page that lacks
one shows the passkey page in its own place, and comes back by itself.
"""

from dataclasses import dataclass
from uuid import UUID

from flask import abort, request

from idp.interaction.next_step import Reason
from idp.pages.browser import presented_session
from idp.pages.consent_view import open_record
from idp.pages.first_party import OWN_PAGES, own_client, own_request
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import provider
from idp.pages.steps import show_passkey
from idp.people.record import Record
from idp.protocol.client import MOBILE_ID_ACR, Client
from idp.provider import Provider
from idp.storage.sessions import LiveSession, Sessions

FRESH_SECONDS = 300
SEEN_EVERY_SECONDS = 300  # how often looking around is noted, so that who is here is not signed out


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at their own pages."""

    wired: Provider
    session: LiveSession
    now: int

    @property
    def person(self) -> UUID:
        """Whose pages these are."""
        return self.session.person_id

    @property
    def own(self) -> Client:
        """What refusals lead back to: these pages."""
        return own_pages(self.wired)

    @property
    def record(self) -> Record:
        """What is known of them."""
        return open_record(self.wired, self.session.record, self.person)


def look(*, fresh: bool = False) -> Visit:
    """Who opens this page; `fresh` asks for new proofs. Otherwise the answer is the page that asks for them."""
    wired = provider()
    now = wired.clock()
    session = _session(wired, now)
    if session is None:
        _ask(Reason.NONE, again=False)
    elif not _strong(wired, session):
        _ask(Reason.STEP_UP, again=False)
    elif fresh and not is_fresh(session, now):
        _ask(Reason.STEP_UP, again=True)
    assert session is not None
    if now - session.last_seen_at >= SEEN_EVERY_SECONDS:
        with wired.database.begin() as transaction:
            Sessions(transaction).seen(session.id, now)
    return Visit(wired, session, now)


def act(*, fresh: bool = False) -> tuple[Visit, dict[str, str]]:
    """Who sent the form of such a page, and its fields. Raises PageRefused."""
    form = read_form()
    wired = provider()
    now = wired.clock()
    session = _session(wired, now)
    if session is None or not _strong(wired, session) or (fresh and not is_fresh(session, now)):
        raise PageRefused("account_signed_out", 403, "no session, or not good enough", client=own_pages(wired))
    return Visit(wired, session, now), form


def is_fresh(session: LiveSession, now: int) -> bool:
    """Whether both proofs were given just now."""
    return now - session.auth_time <= FRESH_SECONDS


def own_pages(wired: Provider) -> Client:
    """The client that stands for these pages where a refusal leads back."""
    return own_client(f"{wired.issuer}{OWN_PAGES}")


def _session(wired: Provider, now: int) -> LiveSession | None:
    cookie = presented_session(wired)
    if cookie is None:
        return None
    with wired.database.read() as reading:
        found = Sessions(reading).find(cookie, now)
    return found if found is not None and found.sandbox_of is None else None  # a test citizen has no such pages


def _strong(wired: Provider, session: LiveSession) -> bool:
    return wired.assurance.satisfies(wired.assurance.reached(session.facts), MOBILE_ID_ACR)


def _ask(reason: Reason, *, again: bool) -> None:
    asked = own_request(request.path, again=again)
    abort(show_passkey(asked, own_client(asked.redirect_uri), notice=reason.value or None))
