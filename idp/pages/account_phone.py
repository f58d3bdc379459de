"""A new phone number, by its holder: the code goes to the new one, a notice to the old one."""

from uuid import UUID

from flask import Response

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.phone_code import (
    LIFETIME_SECONDS,
    CodePurpose,
    CodeVerdict,
    StoredCode,
    digest_of,
    judge,
    may_resend,
    new_code,
    read_typed,
)
from idp.credential.number_change import held_until, may_share
from idp.delivery.mail import MailKind
from idp.delivery.text_messages import CodeMessage
from idp.keys.sealing import row_context
from idp.pages.messages import send_code
from idp.pages.owner import Owner
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language
from idp.pages.sending import LimitMet, count_for_new, met_for_new, new_number_verified
from idp.pages.times import readable_time
from idp.provider import Provider
from idp.storage import Transaction
from idp.storage.models_second_proofs import PhoneChange
from idp.storage.opt_outs import OptOuts
from idp.storage.phone_changes import ChangeUnderWay, PhoneChanges
from idp.storage.phone_codes import PhoneCodes
from idp.telephony.limits import Met
from idp.telephony.numbers import NumberRefused, PhoneNumber, countries, country_name, masked, parse_number


def show_phone(wired: Provider, owner: Owner, notice: str | None = None) -> Response:
    """The number as it stands, or the code page of a change under way."""
    with wired.database.read() as reading:
        change = PhoneChanges(reading).find(owner.person_id, wired.clock())
    return _ask_code(wired, change) if change else _ask_number(wired, owner, notice=notice)


def _ask_number(
    wired: Provider,
    owner: Owner,
    *,
    country: str = "",
    number: str = "",
    error: str | None = None,
    until: str | None = None,
    notice: str | None = None,
) -> Response:
    with wired.database.read() as reading:
        phone = PhoneChanges(reading).phone_of(owner.person_id)
    if phone is None:
        raise PageRefused("no_phone", 400, "no phone is registered")
    present = wired.sealers.phone.open(phone.number, row_context("phones", "number", phone.id)).decode()
    held = phone.held_until if phone.held_until > wired.clock() else 0
    return page(
        "account/phone.html",
        here="/account/phone",
        present=masked(present),
        present_country=country_name(phone.region, page_language()),
        held=readable_time(held) if held else None,
        countries=[
            {"region": one.region, "name": one.name, "code": one.dialling_code} for one in countries(page_language())
        ],
        chosen=country or phone.region,
        number=number,
        error=error,
        until=until,
        notice=notice,
    )


def _ask_code(
    wired: Provider, change: ChangeUnderWay, *, error: str | None = None, notice: str | None = None
) -> Response:
    with wired.database.read() as reading:
        stored = PhoneCodes(reading, PhoneChange).find(change.id)
    assert stored is not None  # a change is born with its code
    return page(
        "account/phone_code.html",
        here="/account/phone",
        country=country_name(change.region, page_language()),
        last_digits=_open(wired, change)[-2:],
        error=error or ("code.used_up" if stored.tries_left == 0 else None),
        notice=notice,
        tries_left=stored.tries_left,
        wait_seconds=stored.wait(wired.clock()),
        sends_left=stored.sends_left,
        minutes=LIFETIME_SECONDS // 60,
    )


def begin(wired: Provider, owner: Owner, country: str, typed: str) -> Response:
    """Send a code to the number that was typed, if it may be sent to."""
    now = wired.clock()

    def again(error: str, met: Met | None = None) -> Response:
        until = readable_time(met.retry_at) if met else None
        return _ask_number(wired, owner, country=country, number=typed[:40], error=error, until=until)

    try:
        number = parse_number(typed, country or None, fictional=wired.settings.demo)
    except NumberRefused as refused:
        return again(f"number.{refused.reason}")
    fingerprint = wired.keyed.look_up.of("phone", number.e164)
    with wired.database.read() as reading:
        met = met_for_new(reading, wired, number.e164, number.region, owner.person_id, now)
        holders = PhoneChanges(reading).shared_by(fingerprint)
        opted_out = OptOuts(reading).is_out(fingerprint)
    if met is not None:
        return again("account.range_closed" if met.broken else "account.send_limit", met)
    if opted_out:
        return again("account.opted_out")
    if not may_share(len(holders - {owner.person_id}), is_holder=owner.person_id in holders):
        return again("account.shared_too_often")
    try:
        _send_first(wired, owner, number, now)
    except LimitMet as limit:
        return again("account.send_limit", limit.met)
    return show_phone(wired, owner)


def _send_first(wired: Provider, owner: Owner, number: PhoneNumber, now: int) -> None:
    row = wired.world.new_id()
    code = new_code(wired.random_bytes)
    with wired.database.begin() as transaction:
        PhoneChanges(transaction).begin(
            row,
            owner.person_id,
            sealed=wired.sealers.phone.seal(number.e164.encode(), row_context("phone_changes", "number", row)),
            region=number.region,
            code=digest_of(code, CodePurpose.NUMBER_CHANGE, row, wired.keyed.phone_code),
            now=now,
        )
        _send(transaction, wired, owner, row, (number.e164, number.region), code, 1, now)


def _send(
    transaction: Transaction,
    wired: Provider,
    owner: Owner,
    row: UUID,
    to: tuple[str, str],
    code: str,
    sends: int,
    now: int,
) -> None:
    e164, region = to
    count_for_new(transaction, wired, e164, region, owner.person_id, now)
    message = CodeMessage(
        to=e164, region=region, language=page_language(), code=code, service="", about=row, is_new=True
    )
    send_code(
        transaction,
        wired,
        message,
        person=owner.person_id,
        client=None,
        purpose=CodePurpose.NUMBER_CHANGE,
        sends=sends,
        now=now,
    )


def resend(wired: Provider, owner: Owner) -> Response:
    """Another message to the new number."""
    now = wired.clock()
    with wired.database.read() as reading:
        change = PhoneChanges(reading).find(owner.person_id, now)
        stored = PhoneCodes(reading, PhoneChange).find(change.id) if change else None
    if change is None or stored is None:
        return show_phone(wired, owner)
    if stored.sends_left == 0:
        return _ask_code(wired, change, notice="code.no_more_sends")
    if not may_resend(stored, now):
        return _ask_code(wired, change, notice="code.wait")
    code = new_code(wired.random_bytes)
    digest = digest_of(code, CodePurpose.NUMBER_CHANGE, change.id, wired.keyed.phone_code)
    try:
        with wired.database.begin() as transaction:
            codes = PhoneCodes(transaction, PhoneChange)
            made = codes.replace(change.id, before=stored.sends, digest=digest, now=now)
            if made:
                to = (_open(wired, change), change.region)
                _send(transaction, wired, owner, change.id, to, code, stored.sends + 1, now)
    except LimitMet as limit:
        until = readable_time(limit.met.retry_at)
        return _ask_number(wired, owner, error="account.send_limit", until=until)
    return _ask_code(wired, change, notice="code.sent_again" if made else "code.wait")


def forget(wired: Provider, owner: Owner) -> Response:
    """Not that number after all."""
    with wired.database.begin() as transaction:
        PhoneChanges(transaction).forget(owner.person_id, wired.clock())
    return show_phone(wired, owner)


def judge_code(wired: Provider, owner: Owner, typed: str) -> Response:
    """Try the code; the counter rises before anything is compared (abuse case O-01)."""
    now = wired.clock()
    with wired.database.read() as reading:
        change = PhoneChanges(reading).find(owner.person_id, now)
    if change is None:
        return show_phone(wired, owner)
    code = read_typed(typed)
    if code is None:
        return _ask_code(wired, change, error=CodeVerdict.MALFORMED.value)
    presented = digest_of(code, CodePurpose.NUMBER_CHANGE, change.id, wired.keyed.phone_code)
    with wired.database.begin() as transaction:
        stored = PhoneCodes(transaction, PhoneChange).count_try(change.id)
        verdict = judge(stored, presented, now) if stored else CodeVerdict.USED_UP
        if verdict is CodeVerdict.RIGHT and PhoneChanges(transaction).end(change.id, now):
            _take(transaction, wired, owner, change, now)
        elif verdict is not CodeVerdict.RIGHT:
            _refused(transaction, owner, verdict, stored, now)
    if verdict is not CodeVerdict.RIGHT:
        return _ask_code(wired, change, error=verdict.value)
    return show_phone(wired, owner, notice="account.phone_changed")


def _refused(transaction: Transaction, owner: Owner, verdict: CodeVerdict, stored: StoredCode | None, now: int) -> None:
    detail = {"sign_in": None, "why": verdict.value, "attempts": stored.attempts if stored else None}
    transaction.record(AuditRow(Event.CODE_REFUSED, now, owner.person_id, detail=detail))


def _take(transaction: Transaction, wired: Provider, owner: Owner, change: ChangeUnderWay, now: int) -> None:
    """The new number is the person's; the old one is told, and for a while the highest level is not reached."""
    changes, e164 = PhoneChanges(transaction), _open(wired, change)
    phone = changes.phone_of(owner.person_id)
    if phone is None:
        raise PageRefused("no_phone", 400, "no phone is registered")
    wired.notices.tell(transaction, owner.person_id, "number_changed", now)  # while the old number is the person's
    hold = held_until(now, at_mission=False)
    changes.take(
        phone.id,
        owner.person_id,
        sealed=wired.sealers.phone.seal(e164.encode(), row_context("phones", "number", phone.id)),
        fingerprint=wired.keyed.look_up.of("phone", e164),
        region=change.region,
        held_until=hold,
        now=now,
    )
    new_number_verified(transaction, wired, e164, change.region, now)
    detail = {"before": phone.region, "region": change.region, "held_until": hold}
    transaction.record(AuditRow(Event.NUMBER_CHANGED, now, owner.person_id, detail=detail))
    wired.letters.write(transaction, owner.person_id, MailKind.NUMBER_CHANGED, now)


def _open(wired: Provider, change: ChangeUnderWay) -> str:
    context = row_context("phone_changes", "number", change.id)
    return wired.sealers.phone.open(change.number, context).decode()
