"""Sessions of signed-in browsers, and what people agreed to."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.engine import Row

from idp.claims.assurance import Fact, facts_from_text, facts_to_text
from idp.credential.states import State
from idp.interaction.next_step import Agreed
from idp.keys.handles import Presented
from idp.people.status import PersonStatus
from idp.storage.database import Transaction
from idp.storage.grants import Grants
from idp.storage.models import Consent, Credential, Passkey, Person, Phone
from idp.storage.models import Session as SessionRow

IDLE_SECONDS = 900  # NIST SP 800-63B-4 §2.2.3 allows an hour; services hold sessions of their own
ABSOLUTE_SECONDS = 43_200
CONSENT_SECONDS = 365 * 86_400

# Only a session that may act is found: its person, credential and passkey are looked at every time.
_FIND = (
    select(
        SessionRow.id,
        SessionRow.person_id,
        SessionRow.passkey_id,
        SessionRow.facts,
        SessionRow.auth_time,
        SessionRow.last_seen_at,
        Person.record,
        Person.sandbox_of,
    )
    .join(Person, and_(Person.id == SessionRow.person_id, Person.status == PersonStatus.ACTIVE.value))
    .join(Passkey, and_(Passkey.id == SessionRow.passkey_id, Passkey.state == "active"))
    .join(Credential, and_(Credential.id == Passkey.credential_id, Credential.state == State.ACTIVE.value))
    .where(
        SessionRow.id == bindparam("row"),
        SessionRow.digest == bindparam("session"),
        SessionRow.ended_at.is_(None),
        SessionRow.expires_at > bindparam("now"),
        SessionRow.last_seen_at > bindparam("idle_since"),
        Credential.expires_at > bindparam("now"),
    )
)
AGREED = (
    Consent.scopes.label("consented_scopes"),
    Consent.declined,
    Consent.withdrawn_at,
    Consent.expires_at.label("consented_until"),
)
"""What a look-up for something else may ask along, with the consent found by its key; `agreed_of` reads it."""
_FIND_AGREED = _FIND.add_columns(*AGREED).outerjoin(
    Consent, and_(Consent.person_id == SessionRow.person_id, Consent.client_id == bindparam("client"))
)
_SEEN = (
    update(SessionRow)
    .where(SessionRow.id == bindparam("row"), SessionRow.ended_at.is_(None))
    .values(last_seen_at=bindparam("now"))
)
_RENEW = (
    update(SessionRow)
    .where(SessionRow.id == bindparam("row"), SessionRow.ended_at.is_(None))
    .values(
        digest=bindparam("secret"),
        passkey_id=bindparam("passkey"),
        facts=bindparam("proven"),
        auth_time=bindparam("now"),
        last_seen_at=bindparam("now"),
        expires_at=bindparam("until"),
    )
)
_WITHDRAW = (
    update(Consent)
    .where(
        Consent.person_id == bindparam("person"),
        Consent.client_id == bindparam("client"),
        Consent.withdrawn_at.is_(None),
    )
    .values(withdrawn_at=bindparam("now"))
)
_PHONE = (
    select(Phone.id, Phone.number)
    .where(Phone.person_id == bindparam("person"))
    .order_by(Phone.verified_at.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSession:
    """A session that may act now."""

    id: UUID
    person_id: UUID
    passkey_id: UUID
    facts: frozenset[Fact]
    auth_time: int
    last_seen_at: int
    record: bytes  # sealed
    sandbox_of: str | None = None  # whose test citizen the person is


class Sessions:
    """Verbs on sessions and consent within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def find(self, session: Presented, now: int) -> LiveSession | None:
        """The session of a cookie, unless it ended, idled out, or its person or credential is no longer active."""
        row = self._transaction.one(_FIND, **_asked(session, now))
        return _live(row) if row else None

    def find_agreed(self, session: Presented, client_id: str, now: int) -> tuple[LiveSession | None, Agreed | None]:
        """The same, and what its person agreed to give the client, if that still holds."""
        row = self._transaction.one(_FIND_AGREED, client=client_id, **_asked(session, now))
        if row is None:
            return None, None
        return _live(row), agreed_of(row, now)

    def add(self, session: Presented, person: UUID, passkey: UUID, facts: frozenset[Fact], now: int) -> None:
        """Queue a session whose both proofs were given now."""
        self._transaction.add(
            SessionRow,
            id=session.id,
            digest=session.digest,
            person_id=person,
            passkey_id=passkey,
            facts=facts_to_text(facts),
            auth_time=now,
            last_seen_at=now,
            expires_at=now + ABSOLUTE_SECONDS,
        )

    def renew(self, session: UUID, secret: Presented, passkey: UUID, facts: frozenset[Fact], now: int) -> bool:
        """The same session after a new proof: the old cookie is dead, `sid` and the tokens stay.

        False when the session has ended meanwhile.
        """
        return (
            self._transaction.run(
                _RENEW,
                row=session,
                secret=secret.digest,
                passkey=passkey,
                proven=facts_to_text(facts),
                now=now,
                until=now + ABSOLUTE_SECONDS,
            )
            == 1
        )

    def seen(self, session: UUID, now: int) -> bool:
        """Push the idle limit ahead. False when the session has ended meanwhile."""
        return self._transaction.run(_SEEN, row=session, now=now) == 1

    def seen_with(self, session: UUID, now: int) -> None:
        """The same by the statement that writes what is queued, or the step is Outdated."""
        self._transaction.only_if(_SEEN, row=session, now=now)

    def agree(self, person: UUID, client_id: str, agreed: Agreed, now: int, *, before: bool = True) -> None:
        """Queue what the person agreed to, in place of what they said before, if they did.

        Without `before` the row is a new one: AlreadyTaken comes with its end if there is one all the same.
        """
        queue = self._transaction.put if before else self._transaction.add  # to make sure costs the log 48 bytes
        queue(
            Consent,
            person_id=person,
            client_id=client_id,
            scopes=" ".join(sorted(agreed.scopes)),
            declined=" ".join(sorted(agreed.declined)),
            granted_at=now,
            expires_at=now + CONSENT_SECONDS,
            withdrawn_at=None,
        )

    def withdraw(self, person: UUID, client_id: str, now: int) -> bool:
        """Take consent back, and with it every grant: agreeing anew must not bring old tokens back to life.

        False when there was none.
        """
        Grants(self._transaction).revoke_for(person, client_id, now)
        return self._transaction.run(_WITHDRAW, person=person, client=client_id, now=now) == 1

    def phone_of(self, person: UUID) -> tuple[UUID, bytes] | None:
        """The person's phone: its row and its sealed number."""
        row = self._transaction.one(_PHONE, person=person)
        return (row.id, row.number) if row else None


def _asked(session: Presented, now: int) -> dict[str, Any]:
    return {"row": session.id, "session": session.digest, "now": now, "idle_since": now - IDLE_SECONDS}


def _live(row: Row[Any]) -> LiveSession:
    return LiveSession(
        id=row.id,
        person_id=row.person_id,
        passkey_id=row.passkey_id,
        facts=facts_from_text(row.facts),
        auth_time=row.auth_time,
        last_seen_at=row.last_seen_at,
        record=row.record,
        sandbox_of=row.sandbox_of,
    )


def agreed_of(row: Row[Any], now: int) -> Agreed | None:
    """What the joined consent says, if it still holds."""
    if row.consented_scopes is None or row.withdrawn_at is not None or row.consented_until <= now:
        return None
    return Agreed(frozenset(row.consented_scopes.split()), frozenset(row.declined.split()))
