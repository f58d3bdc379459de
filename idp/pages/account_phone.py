"""A new phone number, by its holder: the code goes to the new one, a notice to the old one."""

from uuid import UUID

from flask import Response

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.phone_code import (
    CodePurpose,
    CodeVerdict,
    StoredCode,
    digest_of,
    judge,
    new_code,
    read_typed,
)
from idp.credential.number_change import held_until, may_share
from idp.delivery.mail import MailKind
from idp.delivery.text_messages import CodeMessage
from idp.interaction.second_proof import Way
from idp.keys.sealing import row_context
from idp.pages.message_language import message_language_of
from idp.pages.messages import send_code
from idp.pages.number_code import CHANNELS, NumberCode, look_at, replace_code, shown
from idp.pages.owner import Owner
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language
from idp.pages.sending import LimitMet, count_for_new, met_for_new, new_number_verified, reach_of
from idp.pages.times import readable_time
from idp.provider import Provider
from idp.storage import Transaction
from idp.storage.models_second_proofs import PhoneChange
from idp.storage.opt_outs import OptOuts
from idp.storage.outbox import Fate
from idp.storage.phone_changes import ChangeUnderWay, PhoneChanges
from idp.storage.phone_codes import PhoneCodes
from idp.storage.shared_numbers import holders_in_turn
from idp.telephony.languages import choices
from idp.telephony.limits import Met
from idp.telephony.numbers import NumberRefused, PhoneNumber, countries, country_name, masked, parse_number


class SharedTooOften(Exception):
    """As many people as may share it have the number: nothing of the step is kept."""


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
        opted_out = phone is not None and OptOuts(reading).is_out(phone.fingerprint)
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
        opted_out=opted_out,
        message_languages=choices(),
        message_language=message_language_of(wired, owner.person_id),
    )


def _ask_code(
    wired: Provider, change: ChangeUnderWay, *, error: str | None = None, notice: str | None = None
) -> Response:
    seen = _look(wired, change)
    facts = shown(seen, _open(wired, change), change.region, wired.clock(), error=error, notice=notice)
    return page("account/phone_code.html", here="/account/phone", poll="/account/phone/message", **facts)


def _look(wired: Provider, change: ChangeUnderWay) -> NumberCode:
    seen = look_at(wired, PhoneChange, change.id, _open(wired, change), change.region, wired.clock())
    assert seen is not None  # a change is born with its code
    return seen


def begin(wired: Provider, owner: Owner, country: str, typed: str, way: Way = Way.MESSAGE) -> Response:
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
        opted_out = OptOuts(reading).is_out(fingerprint)
    line = reach_of(wired, number.region, now, number.e164)
    if not (line.voice if way is Way.CALL else line.text):
        return again("number.unreached")
    if way is Way.CALL and line.call_from > now:
        return again("number.asleep")
    if met is not None:
        return again("account.range_closed" if met.broken else "account.send_limit", met)
    if opted_out:
        return again("account.opted_out")
    try:
        _send_first(wired, owner, number, way, now)
    except LimitMet as limit:
        return again("account.send_limit", limit.met)
    return show_phone(wired, owner)


def _send_first(wired: Provider, owner: Owner, number: PhoneNumber, way: Way, now: int) -> None:
    row = wired.world.new_id()
    code = new_code(wired.random_bytes)
    with wired.database.begin() as transaction:
        PhoneChanges(transaction).begin(
            row,
            owner.person_id,
            sealed=wired.sealers.phone.seal(number.e164.encode(), row_context("phone_changes", "number", row)),
            region=number.region,
            code=digest_of(code, CodePurpose.NUMBER_CHANGE, row, wired.keyed.phone_code),
            spoken=way is Way.CALL,
            now=now,
        )
        _send(transaction, wired, owner, _message(wired, owner, row, number.e164, number.region, code, way), 1, now)


def _message(wired: Provider, owner: Owner, row: UUID, e164: str, region: str, code: str, way: Way) -> CodeMessage:
    return CodeMessage(
        to=e164,
        region=region,
        language=message_language_of(wired, owner.person_id),
        code=code,
        service="",
        about=row,
        channel=CHANNELS[way],
        is_new=True,
    )


def _send(transaction: Transaction, wired: Provider, owner: Owner, message: CodeMessage, sends: int, now: int) -> None:
    """Count it and queue it. Raises LimitMet."""
    count_for_new(transaction, wired, message.to, message.region, owner.person_id, now)
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


def send_another(wired: Provider, owner: Owner, way: Way) -> Response:
    """Another message to the new number, or a call."""
    now = wired.clock()
    with wired.database.read() as reading:
        change = PhoneChanges(reading).find(owner.person_id, now)
    if change is None:
        return show_phone(wired, owner)
    seen = _look(wired, change)
    refusal = seen.refusal(way, now)
    if refusal is not None:
        return _ask_code(wired, change, notice=refusal)
    code = new_code(wired.random_bytes)
    digest = digest_of(code, CodePurpose.NUMBER_CHANGE, change.id, wired.keyed.phone_code)
    message = _message(wired, owner, change.id, _open(wired, change), change.region, code, way)
    try:
        with wired.database.begin() as transaction:
            made = replace_code(transaction, PhoneChange, change.id, seen.code, digest, way, now)
            if made:
                _send(transaction, wired, owner, message, seen.code.sends + 1, now)
    except LimitMet as limit:
        until = readable_time(limit.met.retry_at)
        return _ask_number(wired, owner, error="account.send_limit", until=until)
    said = "code.calling" if way is Way.CALL else "code.sent_again"
    return _ask_code(wired, change, notice=said if made else "code.wait")


def fate(wired: Provider, owner: Owner) -> Fate:
    """What became of the newest message to the new number; looking changes nothing."""
    with wired.database.read() as reading:
        change = PhoneChanges(reading).find(owner.person_id, wired.clock())
    return _look(wired, change).fate if change is not None else Fate.NONE


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
    try:
        with wired.database.begin() as transaction:
            stored = PhoneCodes(transaction, PhoneChange).count_try(change.id)
            verdict = judge(stored, presented, now) if stored else CodeVerdict.USED_UP
            if verdict is CodeVerdict.RIGHT and PhoneChanges(transaction).end(change.id, now):
                _take(transaction, wired, owner, change, now)
            elif verdict is not CodeVerdict.RIGHT:
                _refused(transaction, owner, verdict, stored, now)
    except SharedTooOften:  # told only to who has typed the code that came to it
        forget(wired, owner)
        return _ask_number(wired, owner, error="account.shared_too_often")
    if verdict is not CodeVerdict.RIGHT:
        return _ask_code(wired, change, error=verdict.value)
    return show_phone(wired, owner, notice="account.phone_changed")


def _refused(transaction: Transaction, owner: Owner, verdict: CodeVerdict, stored: StoredCode | None, now: int) -> None:
    detail = {"sign_in": None, "why": verdict.value, "attempts": stored.attempts if stored else None}
    transaction.record(AuditRow(Event.CODE_REFUSED, now, owner.person_id, detail=detail))


def _take(transaction: Transaction, wired: Provider, owner: Owner, change: ChangeUnderWay, now: int) -> None:
    """The new number is the person's; the old one is told, and for a while the highest level is not reached."""
    changes, e164 = PhoneChanges(transaction), _open(wired, change)
    phone, fingerprint = changes.phone_of(owner.person_id), wired.keyed.look_up.of("phone", e164)
    if phone is None:
        raise PageRefused("no_phone", 400, "no phone is registered")
    holders = holders_in_turn(transaction, fingerprint)
    if not may_share(len(holders - {owner.person_id}), is_holder=owner.person_id in holders):
        raise SharedTooOften
    wired.notices.tell(transaction, owner.person_id, "number_changed", now)  # while the old number is the person's
    hold = held_until(now, at_mission=False)
    changes.take(
        phone.id,
        owner.person_id,
        sealed=wired.sealers.phone.seal(e164.encode(), row_context("phones", "number", phone.id)),
        fingerprint=fingerprint,
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
