"""Whose pages these are: somebody who gave both proofs a moment ago, or was enrolled in this browser just now.

A stolen browser session must not be enough to bind something to a person that proves them next time (NIST SP
800-63B-4 §4.1.2), so proofs older than twenty minutes are given anew.
"""

from dataclasses import dataclass
from uuid import UUID

from idp.claims.assurance import Fact
from idp.pages.browser import browser_digest, presented_session
from idp.provider import Provider
from idp.storage.people import Enrolments
from idp.storage.sessions import Sessions

FRESH_SECONDS = 1_200
AFTER_ENROLMENT_SECONDS = 1_800


@dataclass(frozen=True, slots=True)
class Owner:
    """The person, and what their word rests on."""

    person_id: UUID
    passkey_id: UUID | None  # the one they came with; None right after an enrolment

    @property
    def by(self) -> str:
        """What the audit calls it."""
        return "session" if self.passkey_id else "enrolment"


def find_owner(wired: Provider, *, signed_in: bool = False) -> Owner | None:
    """The person of this browser; with `signed_in` an enrolment that just ended is not enough."""
    now = wired.clock()
    cookie, browser = presented_session(wired), browser_digest(wired)
    with wired.database.read() as reading:
        session = Sessions(reading).find(cookie, now) if cookie else None
        if session is not None and session.sandbox_of is None:
            is_full = {Fact.PASSKEY, Fact.SECOND_PROOF} <= session.facts
            if is_full and now - session.auth_time <= FRESH_SECONDS:
                return Owner(session.person_id, session.passkey_id)
        if browser is None or signed_in:
            return None
        person = Enrolments(reading).just_finished(browser, now - AFTER_ENROLMENT_SECONDS)
    return Owner(person, None) if person else None
