"""Sign-ins under way and the codes sent to their phones."""

import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, literal_column, select, update
from sqlalchemy.engine import Row

from idp.authenticators.phone_code import LIFETIME_SECONDS as CODE_LIFETIME_SECONDS
from idp.authenticators.phone_code import MAX_ATTEMPTS, StoredCode
from idp.claims.assurance import Fact, facts_from_text, facts_to_text
from idp.credential.states import State
from idp.interaction.next_step import Agreed
from idp.interaction.sealed_request import request_from_dict, request_to_dict
from idp.people.status import PersonStatus
from idp.protocol.authorization_request import AuthorizationRequest
from idp.storage.clients import STANDING_OF_CLIENT, ClientStanding, client_standing
from idp.storage.database import Transaction
from idp.storage.models import ClientRow, Consent, Credential, Passkey, Person, Phone, SignIn
from idp.storage.models import Session as SessionRow
from idp.storage.models_second_proofs import OptOut
from idp.storage.passkeys import with_newest_phone
from idp.storage.phone_codes import stored_code
from idp.storage.sessions import AGREED, agreed_of

LIFETIME_SECONDS = 1800
_SHORT = {"redirect_uri": "u", "scopes": "s", "code_challenge": "c", "nonce": "n", "state": "t"}
"""Names of what stands in every request, as they are stored: each byte of this row is written to the log as well."""
_LONG = {short: name for name, short in _SHORT.items()}

_FIND = (
    select(
        SignIn.id,
        SignIn.person_id,
        SignIn.passkey_id,
        SignIn.session_id,
        SignIn.client_id,
        SignIn.request,
        SignIn.facts,
        SignIn.proven_at,
        SignIn.finished_at,
        SignIn.expires_at,
        Person.record,
        func.coalesce(Person.message_language, Person.language).label("language"),
        Person.status,
        Person.sandbox_of,
        Passkey.state.label("passkey_state"),
        Credential.state.label("credential_state"),
        Credential.expires_at.label("credential_expires_at"),
        Phone.id.label("phone_id"),
        Phone.number,
        Phone.region,
        Phone.wrong_tries,
        Phone.locked_until,
        Phone.verified_at,
        Phone.moved_at,
        OptOut.since.label("opted_out_at"),
        SignIn.code_digest,
        SignIn.code_sent_at,
        SignIn.code_sends,
        SignIn.code_attempts,
        SignIn.code_spoken,
        SessionRow.auth_time,
        SessionRow.ended_at.label("session_ended_at"),
        SessionRow.facts.label("session_facts"),
        *AGREED,
        *STANDING_OF_CLIENT,
    )
    .join(Person, Person.id == SignIn.person_id)
    .join(Passkey, Passkey.id == SignIn.passkey_id)
    .join(Credential, Credential.id == Passkey.credential_id)
    .outerjoin(Phone, Phone.person_id == SignIn.person_id)
    .outerjoin(OptOut, and_(OptOut.fingerprint == Phone.fingerprint, OptOut.lifted_at.is_(None)))
    .outerjoin(SessionRow, SessionRow.id == SignIn.session_id)
    .outerjoin(Consent, and_(Consent.person_id == SignIn.person_id, Consent.client_id == SignIn.client_id))
    .outerjoin(ClientRow, ClientRow.id == SignIn.client_id)
    .where(SignIn.id == bindparam("row"), SignIn.browser == bindparam("browser"))
)
_BROWSER_OF = select(SignIn.browser).where(SignIn.id == bindparam("row"))
_SENDS = select(SignIn.code_sends).where(SignIn.id == bindparam("row"), SignIn.browser == bindparam("device"))
_FINISH = (
    update(SignIn)
    .where(SignIn.id == bindparam("row"), SignIn.finished_at.is_(None), SignIn.expires_at > bindparam("now"))
    .values(finished_at=bindparam("now"))
)
_PROVEN = (
    update(SignIn)
    .where(SignIn.id == bindparam("row"), SignIn.session_id.is_(None), SignIn.finished_at.is_(None))
    .values(session_id=bindparam("session"), proven_at=bindparam("now"))
)
_PROVEN_BY_CODE = _PROVEN.where(
    SignIn.code_digest == bindparam("typed"),
    SignIn.code_attempts < bindparam("most"),
    SignIn.code_sent_at > bindparam("sent_after"),
).values(code_attempts=SignIn.code_attempts + literal_column("1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRecord:
    """A sign-in under way, with what its pages show and its steps need."""

    id: UUID
    person_id: UUID
    passkey_id: UUID
    session_id: UUID | None
    session_ended: bool
    auth_time: int | None
    request: AuthorizationRequest
    facts: frozenset[Fact]
    proven_at: int | None
    finished: bool
    expires_at: int
    person_active: bool
    credential_active: bool
    record: bytes  # sealed
    language: str  # of codes
    phone_id: UUID | None
    phone_number: bytes | None  # sealed
    region: str | None
    wrong_tries: int
    phone_locked_until: int
    phone_verified_at: int
    phone_moved_at: int
    opted_out: bool
    code: StoredCode | None
    agreed: Agreed | None  # what the person agreed to give this client before
    agreed_before: bool = True  # whether there is a consent, if only one that is over
    sandbox_of: str | None = None  # whose test citizen the person is
    client_row: ClientStanding | None = None  # how the client stands, from the same look-up

    @property
    def is_new_proof(self) -> bool:
        """Whether the proofs were given for this very request, not taken over from an earlier session."""
        return self.proven_at is not None or self.session_id is None


class SignIns:
    """Verbs on sign-ins within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def add(
        self,
        *,
        row: UUID,
        browser: bytes,
        person: UUID,
        passkey: UUID,
        session: UUID | None,
        request: AuthorizationRequest,
        facts: frozenset[Fact],
        code: StoredCode | None,
        now: int,
    ) -> None:
        """Queue a sign-in. A challenge that was spent before violates the primary key at the flush."""
        kept = replace(request, login_hint=None)  # somebody's number or address, and of no more use
        self._transaction.add(
            SignIn,
            id=row,
            browser=browser,
            person_id=person,
            passkey_id=passkey,
            session_id=session,
            client_id=request.client_id,
            request=_to_text(kept),
            facts=facts_to_text(facts),
            expires_at=now + LIFETIME_SECONDS,
            code_digest=code.digest if code else None,
            code_sent_at=code.sent_at if code else None,
            code_sends=code.sends if code else None,
            code_attempts=code.attempts if code else None,
        )

    def find(self, row: UUID, browser: bytes, now: int) -> SignInRecord | None:
        """The sign-in of this browser; another browser's does not exist for it."""
        found = with_newest_phone(self._transaction.all(_FIND, row=row, browser=browser))
        return _record(found, now) if found else None

    def browser_of(self, row: UUID) -> bytes | None:
        """The browser of a sign-in that exists, whosever it is: its challenge is spent."""
        found = self._transaction.one(_BROWSER_OF, row=row)
        return found.browser if found else None

    def sends_of(self, row: UUID, browser: bytes) -> int | None:
        """How many messages a sign-in of this browser has caused; None for another browser's, or none."""
        found = self._transaction.one(_SENDS, row=row, device=browser)
        return found.code_sends if found else None

    def finish(self, row: UUID, now: int) -> bool:
        """Take the sign-in's one end: return, refusal or cancel. False when somebody was faster."""
        return self._transaction.run(_FINISH, row=row, now=now) == 1

    def finish_with(self, row: UUID, now: int) -> None:
        """The same by the statement that writes what is queued: whoever was slower finds the step Outdated."""
        self._transaction.only_if(_FINISH, row=row, now=now)

    def proven_with(self, row: UUID, session: UUID, now: int) -> None:
        """`proven` by the statement that writes what is queued, or the step is Outdated."""
        self._transaction.only_if(_PROVEN, row=row, session=session, now=now)

    def proven_by_code_with(self, row: UUID, session: UUID, typed: bytes, now: int) -> None:
        """The same only by a code that fits at that very moment; the statement counts it as a try and compares it."""
        since = now - CODE_LIFETIME_SECONDS
        values = {"typed": typed, "most": MAX_ATTEMPTS, "sent_after": since}
        self._transaction.only_if(_PROVEN_BY_CODE, row=row, session=session, now=now, **values)

    def proven(self, row: UUID, session: UUID, now: int) -> bool:
        """Note the session that the second proof opened. False when it was opened before."""
        return self._transaction.run(_PROVEN, row=row, session=session, now=now) == 1


def _to_text(request: AuthorizationRequest) -> str:
    """The request as it is stored; the client stands in a column of its own."""
    values = request_to_dict(request)
    del values["client_id"]
    short = {_SHORT.get(name, name): value for name, value in values.items()}
    return json.dumps(short, ensure_ascii=False, separators=(",", ":"))


def _from_text(text: str, client_id: str) -> AuthorizationRequest:
    values = {_LONG.get(name, name): value for name, value in json.loads(text).items()}
    return request_from_dict({**values, "client_id": client_id})


def _record(row: Row[Any], now: int) -> SignInRecord:
    return SignInRecord(
        id=row.id,
        person_id=row.person_id,
        passkey_id=row.passkey_id,
        session_id=row.session_id,
        session_ended=row.session_ended_at is not None,
        auth_time=row.auth_time,
        request=_from_text(row.request, row.client_id),
        facts=facts_from_text(row.session_facts or row.facts),
        proven_at=row.proven_at,
        finished=row.finished_at is not None,
        expires_at=row.expires_at,
        person_active=row.status == PersonStatus.ACTIVE.value,
        credential_active=row.passkey_state == "active"
        and row.credential_state == State.ACTIVE.value
        and now < row.credential_expires_at,
        record=row.record,
        language=row.language,
        phone_id=row.phone_id,
        phone_number=row.number,
        region=row.region,
        wrong_tries=row.wrong_tries or 0,
        phone_locked_until=row.locked_until or 0,
        phone_verified_at=row.verified_at or 0,
        phone_moved_at=row.moved_at or 0,
        opted_out=row.opted_out_at is not None,
        code=stored_code(row),
        agreed=agreed_of(row, now),
        agreed_before=row.consented_scopes is not None,
        sandbox_of=row.sandbox_of,
        client_row=client_standing(row, row.client_id),
    )
