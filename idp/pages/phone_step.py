"""The code on the phone as second proof: judged, sent again, spoken in a call. Each is one transaction.

No try is compared without being counted (abuse case O-01). A code that fits what was read is taken by one statement,
which counts it, compares it and opens the session; for every other the counter rises first. A code is spent by the
statement that accepts it.
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
    new_code,
    read_typed,
)
from idp.delivery.text_messages import CodeMessage, message_key
from idp.interaction.second_proof import Way
from idp.keys.handles import Handle
from idp.pages.browser import start_session_cookie
from idp.pages.first_party import is_own
from idp.pages.messages import send_code
from idp.pages.proven import current_session, find_again, open_session
from idp.pages.second_view import look
from idp.pages.sending import LimitMet, count_for_enrolled
from idp.pages.steps import Shown, open_phone
from idp.protocol.client import Client
from idp.provider import Provider
from idp.storage import Outdated, Transaction
from idp.storage.models import SignIn
from idp.storage.outbox import withdraw
from idp.storage.phone_codes import PhoneCodes
from idp.storage.send_counts import SendCounts
from idp.storage.sign_ins import SignInRecord
from idp.telephony.channel import Channel

CONFIRMED_ANEW_SECONDS = 30 * 86_400
"""How often a right code is noted at the number: that its holder still reads it."""


def judge_code(wired: Provider, sign_in: SignInRecord, client: Client, typed: str) -> tuple[Shown, SignInRecord]:
    """Try a code. A right one leaves a session behind; the answer says what to show otherwise.

    Returns that and the sign-in as it stands now.
    """
    now = wired.clock()
    if now < sign_in.phone_locked_until or sign_in.code is None:
        return Shown(), sign_in  # not a try: the page says why, and what else there is
    code = read_typed(typed)
    if code is None:
        return Shown(error=CodeVerdict.MALFORMED.value), sign_in  # not a try: nothing was guessed
    presented = digest_of(code, CodePurpose.SIGN_IN, sign_in.id, wired.keyed.phone_code)
    current = current_session(wired, now)
    if current is None and _fits(sign_in, sign_in.code, presented, now):
        taken = _take(wired, sign_in, client, presented, now)
        if taken is not None:
            return Shown(), taken
    opened: tuple[Handle, SignInRecord] | None = None
    try:
        with wired.database.begin() as transaction:
            stored = PhoneCodes(transaction, SignIn).count_try(sign_in.id)
            verdict = judge(stored, presented, now) if stored else CodeVerdict.USED_UP
            if verdict is CodeVerdict.RIGHT:
                opened = open_session(transaction, wired, sign_in, client, _way_of(stored), current, now)
                if opened is not None:
                    _note_right(transaction, sign_in, now)
            else:
                _count_against(transaction, sign_in, client, verdict, stored, now)
    except Outdated:
        opened = None
    if opened is not None:
        session, sign_in = opened
        start_session_cookie(session.text)
        return Shown(), sign_in
    if verdict is CodeVerdict.RIGHT:  # right, and another request with it was faster: show where that one led
        return Shown(), find_again(wired, sign_in, now)
    left = stored.tries_left if stored else 0
    return Shown(error=verdict.value, tries_left=left), replace(sign_in, code=stored or sign_in.code)


def _fits(sign_in: SignInRecord, code: StoredCode, presented: bytes, now: int) -> bool:
    """Whether a try is right by what was read, and there is nothing to note of it at the phone."""
    if sign_in.wrong_tries or now - sign_in.phone_verified_at > CONFIRMED_ANEW_SECONDS:
        return False
    return judge(replace(code, attempts=code.attempts + 1), presented, now) is CodeVerdict.RIGHT


def _take(wired: Provider, sign_in: SignInRecord, client: Client, presented: bytes, now: int) -> SignInRecord | None:
    """Take a code that fits, and open the session; None when it no longer does, or another request was faster."""
    try:
        with wired.database.begin() as transaction:
            if not is_own(client.id):  # a session that a power cut undoes has given nobody anything: /token waits
                transaction.need_not_wait()
            way = _way_of(sign_in.code)
            opened = open_session(transaction, wired, sign_in, client, way, None, now, typed=presented)
    except Outdated:
        return None
    if opened is None:
        return None
    session, proven = opened
    start_session_cookie(session.text)
    return proven


def _way_of(code: StoredCode | None) -> Way:
    return Way.CALL if code is not None and code.spoken else Way.MESSAGE


def _note_right(transaction: Transaction, sign_in: SignInRecord, now: int) -> None:
    """Forget wrong tries, and note now and then that the number is still this person's."""
    if sign_in.phone_id is None:
        return
    if sign_in.wrong_tries:
        PhoneCodes(transaction, SignIn).right_on_phone(sign_in.phone_id)
    if now - sign_in.phone_verified_at > CONFIRMED_ANEW_SECONDS:
        PhoneCodes(transaction, SignIn).still_theirs(sign_in.phone_id, now)


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


def send_another(wired: Provider, sign_in: SignInRecord, client: Client, way: Way) -> Shown:
    """A new code in place of the old one, if there is one, by a message or a call; what the page says about it."""
    now = wired.clock()
    seen = look(wired, sign_in, client, now)
    opens_at = seen.opening(way)
    if opens_at is None:  # the page itself says why
        return Shown()
    if opens_at:  # the page says of a call at night when it is possible
        return Shown(notice="code.call_later" if way is Way.CALL and seen.line.call_from > now else "code.wait")
    code = new_code(wired.random_bytes)
    digest = digest_of(code, CodePurpose.SIGN_IN, sign_in.id, wired.keyed.phone_code)
    sends = sign_in.code.sends if sign_in.code else 0
    message = CodeMessage(
        to=open_phone(wired, sign_in),
        region=sign_in.region or "",
        language=sign_in.language,
        code=code,
        service=client.name(sign_in.language),
        about=sign_in.id,
        channel=Channel.VOICE if way is Way.CALL else Channel.SMS,
    )
    try:
        with wired.database.begin() as transaction:
            made = _replace(transaction, sign_in, digest, now, spoken=way is Way.CALL)
            if made:  # of two requests at once one sends
                on_passkey = SendCounts(transaction).sent(sign_in.passkey_id, now)
                if sign_in.sandbox_of is None:  # what leaves for nobody costs nothing
                    assert sign_in.phone_id is not None
                    count_for_enrolled(transaction, wired, sign_in.phone_id, on_passkey, now)
                send_code(
                    transaction,
                    wired,
                    message,
                    person=sign_in.person_id,
                    client=client.id,
                    purpose=CodePurpose.SIGN_IN,
                    sends=sends + 1,
                    now=now,
                    sandbox_of=sign_in.sandbox_of,
                )
    except LimitMet:
        return Shown()
    if not made:
        return Shown(notice="code.wait")
    return Shown(notice="code.calling" if way is Way.CALL else "code.sent_again")


def _replace(transaction: Transaction, sign_in: SignInRecord, digest: bytes, now: int, *, spoken: bool) -> bool:
    codes = PhoneCodes(transaction, SignIn)
    if sign_in.code is None:
        return codes.first(sign_in.id, digest, now, spoken=spoken)
    made = codes.replace(sign_in.id, before=sign_in.code.sends, digest=digest, now=now, spoken=spoken)
    if made:  # a code that fits no more does not arrive late
        withdraw(transaction, message_key(sign_in.id, sign_in.code.sends), now)
    return made
