"""The first proof: an assertion is verified, and with it the sign-in begins: one transaction.

Until the signature was verified nothing is written. The challenge is spent by the very row that the assertion
creates, so a repeated one leads back to its sign-in, or nowhere.
"""

from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.ceremony import CHALLENGE_SECONDS, CeremonyRefused
from idp.authenticators.passkey import CloneSuspected, Verified, read_assertion, verify_assertion
from idp.authenticators.phone_code import LIFETIME_SECONDS, CodePurpose, StoredCode, digest_of, new_code
from idp.claims.assurance import Fact
from idp.delivery.text_messages import CodeMessage
from idp.interaction.next_step import Ask, NextStep, Proof, Refuse, Step
from idp.interaction.sealed_request import SealedRequest
from idp.keys.handles import new_handle
from idp.keys.sealing import row_context
from idp.pages.browser import ensure_browser, start_session_cookie
from idp.pages.consent_view import open_record
from idp.pages.messages import queue_message
from idp.pages.refusals import PageRefused
from idp.pages.steps import decide
from idp.pages.times import readable_time
from idp.protocol.client import Client
from idp.provider import Provider
from idp.storage import AlreadyTaken
from idp.storage.passkeys import Holder, Passkeys
from idp.storage.session_ends import SessionEnds
from idp.storage.sessions import Sessions
from idp.storage.sign_ins import LIFETIME_SECONDS as LIFETIME_OF_SIGN_IN
from idp.storage.sign_ins import SignInRecord, SignIns


class NothingProven(Exception):
    """The assertion is no proof; the message is for the log."""


def begin_sign_in(wired: Provider, travelling: SealedRequest, client: Client, credential: str) -> SignInRecord:
    """The sign-in that an assertion begins.

    Raises NothingProven when the person may simply try again: nothing was written, whatever was sent (design
    law 1). Raises PageRefused when the passkey is good but its holder may not go on.
    """
    now = wired.clock()
    browser = ensure_browser(wired)
    try:
        assertion = read_assertion(credential)
    except CeremonyRefused as refused:
        raise NothingProven(str(refused)) from refused
    with wired.database.read() as reading:
        holder = Passkeys(reading).find(assertion.webauthn_id, now)
        owner = SignIns(reading).browser_of(travelling.sign_in)
    if owner is not None:  # a reload of the same form, or a replay; never a second sign-in
        return _again(wired, travelling.sign_in, owner, browser, now)
    if holder is None or now >= travelling.made_at + CHALLENGE_SECONDS:
        raise NothingProven("unknown passkey or old challenge")
    try:
        verified = verify_assertion(
            assertion,
            holder.passkey,
            challenge=travelling.challenge,
            rp_id=wired.settings.rp_id,
            origin=wired.issuer,
        )
    except CloneSuspected as clone:
        _suspend(wired, holder, clone, client, now)
        raise _inactive(client, travelling, "credential_inactive") from clone
    except CeremonyRefused as refused:
        raise NothingProven(str(refused)) from refused
    _refuse_inactive(holder, client, travelling)
    return _write(wired, travelling, client, holder, verified, browser, now)


def _write(
    wired: Provider,
    travelling: SealedRequest,
    client: Client,
    holder: Holder,
    verified: Verified,
    browser: bytes,
    now: int,
) -> SignInRecord:
    """The one transaction: counter, sign-in, code, message, audit."""
    facts = verified.facts | _record_facts(wired, holder)
    step = _next(wired, travelling, client, holder, facts, now)
    needs_code = isinstance(step, Ask) and step.step is Step.PHONE_CODE
    if needs_code:
        _refuse_unreachable(holder, client, travelling, now)
    person, row = holder.passkey.person_id, travelling.sign_in
    session = None if needs_code or isinstance(step, Refuse) else new_handle(wired.world.new_id(), wired.random_bytes)
    code, message = _code_for(wired, holder, client, row, now) if needs_code else (None, None)
    try:
        with wired.database.begin() as transaction:
            used = Passkeys(transaction).used(
                holder.passkey, sign_count=verified.sign_count, backed_up=verified.backed_up, now=now
            )
            if not used:
                raise NothingProven("another assertion of this passkey was faster")
            SignIns(transaction).add(
                row=row,
                browser=browser,
                person=person,
                passkey=holder.passkey.id,
                session=session.id if session else None,
                request=travelling.request,
                facts=facts,
                code=code,
                now=now,
            )
            sent_to = holder.region if needs_code else None  # the code's own event is for further messages
            detail = {"sign_in": row, "backed_up": verified.backed_up, "code_sent": sent_to}
            transaction.record(AuditRow(Event.PASSKEY_VERIFIED, now, person, client.id, detail))
            if message is not None:
                queue_message(transaction, wired, message, now)
            if session:  # a client that is content with the passkey alone
                Sessions(transaction).add(session, person, holder.passkey.id, facts, now)
                start_session_cookie(session.text)
    except AlreadyTaken as error:
        raise NothingProven("challenge was spent at the same moment") from error
    if session is not None:
        return _find(wired, row, browser, now)
    return SignInRecord(
        id=row,
        person_id=person,
        passkey_id=holder.passkey.id,
        session_id=None,
        session_ended=False,
        auth_time=None,
        request=travelling.request,
        facts=facts,
        proven_at=None,
        finished=False,
        expires_at=now + LIFETIME_OF_SIGN_IN,
        person_active=True,
        credential_active=True,
        record=holder.record,
        language=holder.language,
        phone_id=holder.phone_id,
        phone_number=holder.phone_number,
        region=holder.region,
        wrong_tries=0,
        phone_locked_until=holder.phone_locked_until,
        code=code,
        agreed=None,  # not needed before the proofs are complete
    )


def _next(
    wired: Provider, travelling: SealedRequest, client: Client, holder: Holder, facts: frozenset[Fact], now: int
) -> NextStep:
    """What the hub will say once this is written: it decides whether a message is sent at all."""
    proof = Proof(
        facts=facts,
        auth_time=now,
        subject=wired.subject(client, holder.passkey.person_id),
        complete=False,
        made_for_this_request=True,
    )
    return decide(wired, travelling.request, client, proof, None, now)


def _code_for(wired: Provider, holder: Holder, client: Client, row: UUID, now: int) -> tuple[StoredCode, CodeMessage]:
    """A fresh code as it is stored, and the message that carries it."""
    code = new_code(wired.random_bytes)
    digest = digest_of(code, CodePurpose.SIGN_IN, row, wired.keyed.phone_code)
    assert holder.phone_number is not None
    number = wired.sealers.phone.open(holder.phone_number, row_context("phones", "number", holder.phone_id)).decode()
    message = CodeMessage(
        to=number,
        region=holder.region or "",
        language=holder.language,
        code=code,
        service=client.name(holder.language),
        about=row,
    )
    stored = StoredCode(digest=digest, sent_at=now, expires_at=now + LIFETIME_SECONDS, attempts=0, sends=1)
    return stored, message


def _record_facts(wired: Provider, holder: Holder) -> frozenset[Fact]:
    """Facts of the record: proofed at a mission (every issued credential is), registration current."""
    facts = {Fact.PROOFED}
    record = open_record(wired, holder.record, holder.passkey.person_id)
    if record.registration.status == "current":
        facts.add(Fact.REGISTERED_ABROAD)
    return frozenset(facts)


def _refuse_inactive(holder: Holder, client: Client, travelling: SealedRequest) -> None:
    if not holder.person_active:
        raise _inactive(client, travelling, "person_inactive")
    if not (holder.credential_active and holder.passkey_active):
        raise _inactive(client, travelling, "credential_inactive")


def _refuse_unreachable(holder: Holder, client: Client, travelling: SealedRequest, now: int) -> None:
    if holder.phone_number is None:
        raise _inactive(client, travelling, "no_phone")
    if now < holder.phone_locked_until:
        raise PageRefused(
            "phone_locked",
            403,
            "phone is locked",
            client=client,
            address=travelling.request.return_address,
            values={"until": readable_time(holder.phone_locked_until)},
        )


def _inactive(client: Client, travelling: SealedRequest, name: str) -> PageRefused:
    return PageRefused(name, 403, name, client=client, address=travelling.request.return_address)


def _suspend(wired: Provider, holder: Holder, clone: CloneSuspected, client: Client, now: int) -> None:
    """Two copies of one key are in use: stop it, whoever holds it (abuse case W-08)."""
    with wired.database.begin() as transaction:
        if Passkeys(transaction).suspend(holder.passkey.id):
            detail = {"passkey": holder.passkey.id, "stored": clone.stored, "presented": clone.presented}
            person = holder.passkey.person_id
            transaction.record(AuditRow(Event.PASSKEY_CLONE_SUSPECTED, now, person, client.id, detail))
            ended = SessionEnds(transaction).of_passkey(person, holder.passkey.id, now)
            wired.tell_ended(
                transaction, ended, why="clone suspected", now=now, by=client.id, event=Event.SESSION_STOPPED
            )


def _again(wired: Provider, row: UUID, owner: bytes, browser: bytes, now: int) -> SignInRecord:
    if owner != browser:
        raise NothingProven("challenge was spent in another browser")
    found = _find(wired, row, browser, now)
    if found.finished:
        raise NothingProven("challenge was spent on a sign-in that is over")
    return found


def _find(wired: Provider, row: UUID, browser: bytes, now: int) -> SignInRecord:
    with wired.database.read() as reading:
        found = SignIns(reading).find(row, browser, now)
    if found is None:
        raise NothingProven("sign-in vanished")
    return found
