"""The second proof: a code is judged, and a right one opens the session: one transaction.

The counter rises before anything is compared (abuse case O-01); a code is spent by the statement that accepts it.
"""

from dataclasses import replace

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.phone_code import (
    CodePurpose,
    CodeVerdict,
    StoredCode,
    digest_of,
    judge,
    lock_after,
    may_resend,
    new_code,
    read_typed,
)
from idp.claims.assurance import Fact, amr_of
from idp.delivery.text_messages import CodeMessage
from idp.keys.handles import Handle, new_handle
from idp.pages.browser import ensure_browser, kind_of_browser, presented_session, start_session_cookie
from idp.pages.messages import send_code
from idp.pages.refusals import PageRefused
from idp.pages.steps import Shown, open_phone
from idp.pages.times import readable_time
from idp.protocol.client import Client
from idp.provider import Provider
from idp.storage import Transaction
from idp.storage.models import SignIn
from idp.storage.phone_codes import PhoneCodes
from idp.storage.session_ends import SessionEnds
from idp.storage.sessions import LiveSession, Sessions
from idp.storage.sign_ins import SignInRecord, SignIns


def judge_code(wired: Provider, sign_in: SignInRecord, client: Client, typed: str) -> tuple[Shown, SignInRecord]:
    """Try a code. A right one leaves a session behind; the answer says what to show otherwise.

    Returns that and the sign-in as it stands now.

    Raises PageRefused when the phone is locked.
    """
    now = wired.clock()
    _refuse_locked(sign_in, client, now)
    code = read_typed(typed)
    if code is None:
        return Shown(error=CodeVerdict.MALFORMED.value), sign_in  # not a try: nothing was guessed
    presented = digest_of(code, CodePurpose.SIGN_IN, sign_in.id, wired.keyed.phone_code)
    current = _current_session(wired, now)
    opened: tuple[Handle, SignInRecord] | None = None
    with wired.database.begin() as transaction:
        stored = PhoneCodes(transaction, SignIn).count_try(sign_in.id)
        verdict = judge(stored, presented, now) if stored else CodeVerdict.USED_UP
        if verdict is CodeVerdict.RIGHT:
            opened = _open_session(transaction, wired, sign_in, client, current, now)
        else:
            _count_against(transaction, sign_in, client, verdict, stored, now)
    if opened is not None:
        session, sign_in = opened
        start_session_cookie(session.text)
        return Shown(), sign_in
    if verdict is CodeVerdict.RIGHT:  # right, and another request with it was faster: show where that one led
        return Shown(), find_again(wired, sign_in, now)
    left = stored.tries_left if stored else 0
    return Shown(error=verdict.value, tries_left=left), replace(sign_in, code=stored or sign_in.code)


def find_again(wired: Provider, sign_in: SignInRecord, now: int) -> SignInRecord:
    """The sign-in as another request of this browser left it."""
    with wired.database.read() as reading:
        found = SignIns(reading).find(sign_in.id, ensure_browser(wired), now)
    if found is None or found.finished:
        raise PageRefused("sign_in_finished", 400, "finished by another request")
    return found


def _open_session(
    transaction: Transaction,
    wired: Provider,
    sign_in: SignInRecord,
    client: Client,
    current: LiveSession | None,
    now: int,
) -> tuple[Handle, SignInRecord] | None:
    """Spend the code and open the session, or renew the one the same person already has in this browser.

    A renewed session gets a new cookie and keeps its `sid`, so that a step-up does not sign out elsewhere.
    None when another request with the same code was faster.
    """
    codes, sessions = PhoneCodes(transaction, SignIn), Sessions(transaction)
    same_person = current is not None and current.person_id == sign_in.person_id
    row = current.id if current is not None and same_person else transaction.new_id()
    session = new_handle(row, wired.random_bytes)
    if not SignIns(transaction).proven(sign_in.id, session.id, now):  # the one gate: a code opens one session
        return None
    facts = sign_in.facts | {Fact.SECOND_PROOF, Fact.TEXT_MESSAGE}
    renewed = same_person and sessions.renew(row, session, sign_in.passkey_id, facts, now)
    if not renewed:
        if same_person:  # ended at this very moment: its key cannot be used again
            return None
        sessions.add(session, sign_in.person_id, sign_in.passkey_id, facts, now)
    if current is not None and not same_person:
        ended = SessionEnds(transaction).end(current.id, now)
        wired.tell_ended(transaction, ended, why="another person", now=now, by=client.id)
    if sign_in.wrong_tries and sign_in.phone_id is not None:
        codes.right_on_phone(sign_in.phone_id)
    reached = wired.assurance.reached(facts)
    amr = " ".join(amr_of(facts, reached, wired.assurance))
    detail = {"session": session.id, "acr": reached, "amr": amr, "on": kind_of_browser()}
    transaction.record(AuditRow(Event.SESSION_STARTED, now, sign_in.person_id, client.id, detail))
    return session, replace(sign_in, session_id=session.id, facts=facts, auth_time=now, proven_at=now)


def _count_against(
    transaction: Transaction,
    sign_in: SignInRecord,
    client: Client,
    verdict: CodeVerdict,
    stored: StoredCode | None,
    now: int,
) -> None:
    """A wrong try counts against the phone as well, over all sign-ins; the passkey is never locked by it."""
    wrong = verdict is CodeVerdict.WRONG or (verdict is CodeVerdict.USED_UP and stored is not None)
    if wrong and sign_in.phone_id is not None:
        codes = PhoneCodes(transaction, SignIn)
        until = lock_after(codes.wrong_on_phone(sign_in.phone_id), now)
        if until:
            codes.lock_phone(sign_in.phone_id, until)
    detail = {"sign_in": sign_in.id, "why": verdict.value, "attempts": stored.attempts if stored else None}
    transaction.record(AuditRow(Event.CODE_REFUSED, now, sign_in.person_id, client.id, detail))


def resend_code(wired: Provider, sign_in: SignInRecord, client: Client) -> str:
    """A new code in place of the old one; returns the key of what the page says about it."""
    now = wired.clock()
    _refuse_locked(sign_in, client, now)
    stored = sign_in.code
    if stored is None or stored.sends_left == 0:
        return "code.no_more_sends"
    if not may_resend(stored, now):
        return "code.wait"
    code = new_code(wired.random_bytes)
    digest = digest_of(code, CodePurpose.SIGN_IN, sign_in.id, wired.keyed.phone_code)
    message = CodeMessage(
        to=open_phone(wired, sign_in),
        region=sign_in.region or "",
        language=sign_in.language,
        code=code,
        service=client.name(sign_in.language),
        host=wired.settings.rp_id,
    )
    with wired.database.begin() as transaction:
        replaced = PhoneCodes(transaction, SignIn).replace(sign_in.id, before=stored.sends, digest=digest, now=now)
        if replaced:  # of two requests at once one sends
            send_code(
                transaction,
                wired,
                message,
                person=sign_in.person_id,
                client=client.id,
                purpose=CodePurpose.SIGN_IN,
                sends=stored.sends + 1,
                now=now,
            )
    return "code.sent_again" if replaced else "code.wait"


def _refuse_locked(sign_in: SignInRecord, client: Client, now: int) -> None:
    if now < sign_in.phone_locked_until:
        raise PageRefused(
            "phone_locked",
            403,
            "phone is locked",
            client=client,
            address=sign_in.request.return_address,
            values={"until": readable_time(sign_in.phone_locked_until)},
        )


def _current_session(wired: Provider, now: int) -> LiveSession | None:
    cookie = presented_session(wired)
    if cookie is None:
        return None
    with wired.database.read() as reading:
        return Sessions(reading).find(cookie, now)
