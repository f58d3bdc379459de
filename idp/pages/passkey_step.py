"""The first proof: an assertion is verified, and with it the sign-in begins: one transaction.

Until the signature was verified nothing is written. The challenge is spent by the very row that the assertion
creates, so a repeated one leads back to its sign-in, or nowhere.
"""

import logging
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.ceremony import CHALLENGE_SECONDS, CeremonyRefused
from idp.authenticators.passkey import CloneSuspected, Verified, verify_assertion
from idp.authenticators.phone_code import LIFETIME_SECONDS, CodePurpose, StoredCode, digest_of, new_code
from idp.claims.assurance import Fact
from idp.delivery.mail import MailKind
from idp.delivery.text_messages import CodeMessage
from idp.interaction.next_step import Ask, NextStep, Proof, Refuse, Step
from idp.interaction.sealed_request import SealedRequest
from idp.interaction.second_proof import Silence
from idp.keys.handles import new_handle
from idp.keys.sealing import row_context
from idp.pages.browser import ensure_browser, start_session_cookie
from idp.pages.consent_view import open_record
from idp.pages.messages import queue_message
from idp.pages.presented import NothingProven, Seen
from idp.pages.refusals import PageRefused
from idp.pages.second_view import Told, told_key
from idp.pages.sending import (
    LimitMet,
    count_for_enrolled,
    count_within_limits,
    line_of,
    one_more_was_sent,
)
from idp.pages.steps import decide, seen_subject
from idp.protocol.client import Client
from idp.provider import Provider
from idp.storage import AlreadyTaken, Outdated, Transaction
from idp.storage.outbox import Fate
from idp.storage.passkeys import Holder, Passkeys
from idp.storage.session_ends import SessionEnds
from idp.storage.sessions import Sessions
from idp.storage.sign_ins import LIFETIME_SECONDS as LIFETIME_OF_SIGN_IN
from idp.storage.sign_ins import SignInRecord, SignIns

log = logging.getLogger(__name__)


def begin_sign_in(
    wired: Provider, travelling: SealedRequest, client: Client, seen: Seen | NothingProven
) -> SignInRecord:
    """The sign-in that an assertion begins.

    Raises NothingProven when the person may simply try again: nothing was written, whatever was sent (design
    law 1). Raises PageRefused when the passkey is good but its holder may not go on.
    """
    now = wired.clock()
    browser = ensure_browser(wired)
    if isinstance(seen, NothingProven):
        raise seen
    holder = seen.holder
    if seen.spent_by is not None:  # a reload of the same form, or a replay; never a second sign-in
        return _again(wired, travelling.sign_in, seen.spent_by, browser, now)
    if holder is not None and holder.sandbox_of != client.tenant:
        raise NothingProven("passkey of another environment")  # for this client there is no such person
    if holder is None or now >= travelling.made_at + CHALLENGE_SECONDS:
        raise NothingProven("unknown passkey or old challenge")
    try:
        verified = verify_assertion(
            seen.assertion,
            holder.passkey,
            challenge=travelling.challenge,
            rp_id=wired.settings.rp_id,
            origin=wired.issuer,
        )
    except CloneSuspected as clone:
        suspend_clone(wired, holder, clone, client, now)
        raise _inactive(client, travelling, "credential_inactive") from clone
    except CeremonyRefused as refused:
        raise NothingProven(str(refused)) from refused
    _refuse_inactive(holder, client, travelling)
    begun = _write(wired, travelling, client, holder, verified, browser, now)
    if seen.holdings is not None:
        told = Told(seen.holdings, Fate.WAITING if begun.code is not None else Fate.NONE)
        wired.database.once(told_key(begun.id), lambda: told)
    return begun


def _write(
    wired: Provider,
    travelling: SealedRequest,
    client: Client,
    holder: Holder,
    verified: Verified,
    browser: bytes,
    now: int,
) -> SignInRecord:
    """The one transaction: counter, sign-in, code, message, audit.

    When something stands in the way of a message the sign-in begins all the same, and its page offers other ways.
    """
    facts = verified.facts | _record_facts(wired, holder, now)
    step = _next(wired, travelling, client, holder, facts, now)
    silence, reaches = None, True
    if isinstance(step, Ask) and step.step is Step.PHONE_CODE:
        with wired.database.read() as reading:
            line = line_of(reading, wired, holder, now)
        silence, reaches = line.silence, line.text
    begun = Begun(travelling, client, holder, verified, browser, facts, step, silence, reaches)
    if begun.sends and holder.sandbox_of is None:
        try:
            return _write_begun(wired, begun, now, at_once=True)
        except Outdated:  # a limit, or somebody who was faster, or the first message from this address: see which
            pass
    try:
        return _write_begun(wired, begun, now)
    except LimitMet:  # between looking and counting, others were faster
        return _write_begun(wired, replace(begun, silence=Silence.LIMIT), now)


@dataclass(frozen=True, slots=True)
class Begun:
    """A verified assertion, and what the hub says about it."""

    travelling: SealedRequest
    client: Client
    holder: Holder
    verified: Verified
    browser: bytes
    facts: frozenset[Fact]
    step: NextStep
    silence: Silence | None  # why no message may be sent
    reaches: bool = True  # whether text messages reach the country; where they do not, the page offers a call

    @property
    def needs_proof(self) -> bool:
        """Whether a second proof is asked for."""
        return isinstance(self.step, Ask) and self.step.step is Step.PHONE_CODE

    @property
    def sends(self) -> bool:
        """Whether a message leaves."""
        return self.needs_proof and self.silence is None and self.reaches


def _write_begun(wired: Provider, begun: Begun, now: int, *, at_once: bool = False) -> SignInRecord:
    """`at_once`: by one statement that writes all of it, or nothing. Raises Outdated when it wrote nothing."""
    travelling, client, holder = begun.travelling, begun.client, begun.holder
    person, row = holder.passkey.person_id, travelling.sign_in
    sends = begun.sends
    alone = not begun.needs_proof and not isinstance(begun.step, Refuse)
    session = new_handle(wired.world.new_id(), wired.random_bytes) if alone else None
    code, message = _code_for(wired, holder, client, row, now) if sends else (None, None)
    try:
        with wired.database.begin() as transaction:
            if at_once:
                transaction.need_not_wait()  # no message leaves before a step that waits, and nobody is signed in
                _use_within_limits(transaction, wired, begun, now)
            else:
                _use(transaction, wired, begun, now, sends=sends)
            SignIns(transaction).add(
                row=row,
                browser=begun.browser,
                person=person,
                passkey=holder.passkey.id,
                session=session.id if session else None,
                request=travelling.request,
                facts=begun.facts,
                code=code,
                now=now,
            )
            transaction.record(_verified_row(begun, now))
            if message is not None:
                test_citizen = (holder.sandbox_of, person) if holder.sandbox_of is not None else None
                queue_message(transaction, wired, message, 1, now, test_citizen=test_citizen)
            if session:  # a client that is content with the passkey alone
                Sessions(transaction).add(session, person, holder.passkey.id, begun.facts, now)
                start_session_cookie(session.text)
    except AlreadyTaken as error:
        raise NothingProven("challenge was spent at the same moment") from error
    if at_once:
        assert holder.phone_id is not None
        one_more_was_sent(wired, holder.phone_id)
    if session is not None:
        return _find(wired, row, begun.browser, now)
    return SignInRecord(
        id=row,
        person_id=person,
        passkey_id=holder.passkey.id,
        session_id=None,
        session_ended=False,
        auth_time=None,
        request=travelling.request,
        facts=begun.facts,
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
        phone_verified_at=holder.phone_verified_at,
        phone_moved_at=holder.phone_moved_at,
        opted_out=holder.opted_out,
        code=code,
        agreed=None,  # not needed before the proofs are complete
        sandbox_of=holder.sandbox_of,
    )


def _use_within_limits(transaction: Transaction, wired: Provider, begun: Begun, now: int) -> None:
    """The use of the passkey, and the message on its word, as conditions of what is written."""
    verified, most = begun.verified, wired.limits_in("").number
    Passkeys(transaction).used_to_send_within(
        begun.holder.passkey, sign_count=verified.sign_count, backed_up=verified.backed_up, most=most, now=now
    )
    count_within_limits(transaction, wired, now)


def _use(transaction: Transaction, wired: Provider, begun: Begun, now: int, *, sends: bool) -> None:
    """Note the use of the passkey, and the message on its word. Raises NothingProven or LimitMet."""
    passkeys, holder, verified = Passkeys(transaction), begun.holder, begun.verified
    if sends and holder.sandbox_of is None:  # what leaves for nobody costs nothing
        assert holder.phone_id is not None
        on_passkey = passkeys.used_to_send(
            holder.passkey, sign_count=verified.sign_count, backed_up=verified.backed_up, now=now
        )
        if on_passkey is not None:
            count_for_enrolled(transaction, wired, holder.phone_id, on_passkey, now)
            return
    elif passkeys.used(holder.passkey, sign_count=verified.sign_count, backed_up=verified.backed_up, now=now):
        return
    raise NothingProven("another assertion of this passkey was faster")


def _verified_row(begun: Begun, now: int) -> AuditRow:
    sends = begun.sends
    detail: dict[str, Any] = {
        "sign_in": begun.travelling.sign_in,
        "code_sent": begun.holder.region if sends else None,  # the code's own event is for further messages
    }
    if begun.verified.backed_up:  # every byte of a sign-in is written twice: what is as usual is not said
        detail["backed_up"] = True
    if begun.silence is not None:
        detail["silence"] = begun.silence.value
    return AuditRow(Event.PASSKEY_VERIFIED, now, begun.holder.passkey.person_id, begun.client.id, detail)


def _next(
    wired: Provider, travelling: SealedRequest, client: Client, holder: Holder, facts: frozenset[Fact], now: int
) -> NextStep:
    """What the hub will say once this is written: it decides whether a message is sent at all."""
    proof = Proof(
        facts=facts,
        auth_time=now,
        subject=seen_subject(wired, travelling.request, client, holder.passkey.person_id),
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


def _record_facts(wired: Provider, holder: Holder, now: int) -> frozenset[Fact]:
    """Facts of the record: proofed at a mission (every issued credential is), registration current, number settled."""
    facts = {Fact.PROOFED}
    if now >= holder.phone_held_until:
        facts.add(Fact.SETTLED)
    record = open_record(wired, holder.record, holder.passkey.person_id)
    if record.registration.status == "current":
        facts.add(Fact.REGISTERED_ABROAD)
    return frozenset(facts)


def _refuse_inactive(holder: Holder, client: Client, travelling: SealedRequest) -> None:
    if not holder.person_active:
        raise _inactive(client, travelling, "person_inactive")
    if not (holder.credential_active and holder.passkey_active):
        raise _inactive(client, travelling, "credential_inactive")


def _inactive(client: Client, travelling: SealedRequest, name: str) -> PageRefused:
    return PageRefused(name, 403, name, client=client, address=travelling.request.return_address)


def suspend_clone(wired: Provider, holder: Holder, clone: CloneSuspected, client: Client, now: int) -> None:
    """Two copies of one key are in use: stop it, whoever holds it (abuse case W-08)."""
    with wired.database.begin() as transaction:
        if Passkeys(transaction).suspend(holder.passkey.id):
            detail = {"passkey": holder.passkey.id, "stored": clone.stored, "presented": clone.presented}
            person = holder.passkey.person_id
            transaction.record(AuditRow(Event.PASSKEY_CLONE_SUSPECTED, now, person, client.id, detail))
            ended = SessionEnds(transaction).of_passkey(person, holder.passkey.id, now)
            wired.logouts.tell_ended(
                transaction, ended, why="clone suspected", now=now, by=client.id, event=Event.SESSION_STOPPED
            )
            wired.notices.tell(transaction, person, "passkey_copied", now)
            wired.letters.write(transaction, person, MailKind.PASSKEY_COPIED, now)
    log.warning("passkey suspended: its sign count did not rise")


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
