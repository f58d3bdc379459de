"""Whether something may be sent to a phone now, and counting it in the transaction of the act that sends it.

The rules are telephony/limits.py. What is judged before an act only spares a vain one; what counts is judged again
with the counters raised, and a step that passes a limit is rolled back as a whole.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.phone_code import StoredCode
from idp.delivery.budget import Cost, money_counts
from idp.interaction.second_proof import Line, Silence
from idp.pages.client_address import client_address
from idp.pages.sandbox_phone import outcome_of, sandbox_line
from idp.provider import Provider
from idp.storage.database import Transaction
from idp.storage.send_counts import NUMBER, SendCounts
from idp.telephony.channel import Channel
from idp.telephony.limits import Count, Kind, Limits, Met, Tally, alarmed, first_met, range_of, with_one_more
from idp.telephony.signals import MOVED_SECONDS, recently
from idp.telephony.time_zones import time_zone_of

log = logging.getLogger(__name__)
UNCERTAIN_AFTER_SECONDS = 18 * 30 * 86_400
"""A number on which no code was typed for so long may be somebody else's: operators give numbers out again."""


class LimitMet(Exception):
    """One more message would pass a limit: nothing of the step is kept."""

    def __init__(self, met: Met) -> None:
        """The limit that holds longest."""
        super().__init__(met.kind.value)
        self.met = met


class HasPhone(Protocol):
    """A person's phone, as a passkey's holder or a sign-in under way has it."""

    @property
    def phone_id(self) -> UUID | None: ...  # noqa: D102 (the attributes of two records)
    @property
    def region(self) -> str | None: ...  # noqa: D102
    @property
    def phone_locked_until(self) -> int: ...  # noqa: D102
    @property
    def phone_verified_at(self) -> int: ...  # noqa: D102
    @property
    def phone_moved_at(self) -> int: ...  # noqa: D102
    @property
    def opted_out(self) -> bool: ...  # noqa: D102
    @property
    def phone_number(self) -> bytes | None: ...  # noqa: D102
    @property
    def sandbox_of(self) -> str | None: ...  # noqa: D102


def line_of(
    reading: Transaction, wired: Provider, phone: HasPhone, now: int, *, code: StoredCode | None = None, e164: str = ""
) -> Line:
    """What can be sent to this phone now. `code` is that of the sign-in, if one was made.

    `e164` is its number: by its time zone calls wait for the morning. Without it the country's stands.
    """
    if phone.sandbox_of is not None:
        return sandbox_line(outcome_of(wired, phone.phone_id, phone.phone_number), code, now)
    if phone.phone_id is None:
        return Line(silence=Silence.NO_PHONE)
    if now < phone.phone_locked_until:
        return Line(silence=Silence.LOCKED, until=phone.phone_locked_until)
    if phone.opted_out:
        return Line(silence=Silence.OPTED_OUT)
    if phone.phone_moved_at and recently(phone.phone_moved_at, now):
        return Line(silence=Silence.MOVED, until=phone.phone_moved_at + MOVED_SECONDS)
    if code is None and now - phone.phone_verified_at > UNCERTAIN_AFTER_SECONDS:
        return replace(reach_of(wired, phone.region or "", now, e164), silence=Silence.UNCERTAIN)
    if code is not None and code.sends_left == 0:
        return Line(silence=Silence.SENDS_USED_UP)
    found = met_for_enrolled(reading, wired, phone.phone_id, phone.region or "", now)
    if found is not None:
        return Line(silence=Silence.LIMIT, until=found.retry_at)
    line = reach_of(wired, phone.region or "", now, e164)
    return replace(line, next_send_at=now + code.wait(now) if code else 0)


def reach_of(wired: Provider, region: str, now: int, e164: str = "") -> Line:
    """What reaches the number's country; nobody is called while people there are asleep."""
    country = wired.coverage().of(region)
    reached = wired.coverage.ways(region)
    voice = Channel.VOICE.value in reached
    call_from = country.quiet_until(now, time_zone_of(e164) if e164 else "") if voice else 0
    return Line(text=Channel.SMS.value in reached, voice=voice, call_from=call_from)


def call_time(wired: Provider, region: str, line: Line, e164: str, now: int) -> str | None:
    """When calls are possible again, by the clock of the person who is called; None where they are now, or never."""
    if not line.voice or line.call_from <= now:
        return None
    zone = wired.coverage().of(region).clock_of(time_zone_of(e164))
    return datetime.fromtimestamp(line.call_from, zone).strftime("%H:%M")


def met_for_enrolled(reading: Transaction, wired: Provider, phone: UUID, region: str, now: int) -> Met | None:
    """The limit that one more message to an enrolled person's phone would pass, or None."""

    def look() -> list[tuple[Count, Tally]]:
        return SendCounts(reading).find_with_number(phone, address_count(wired), now)

    limits = wired.limits_in(region)
    money = wired.shared_budgets.find(reading, _money(wired, Cost(region, Channel.SMS, is_new=False)), limits, now)
    stand = [*wired.database.once(_sent_to(phone), look), *money]
    return first_met([(count, with_one_more(count, tally)) for count, tally in stand], limits, now)


def sent_was_seen(wired: Provider, phone: UUID, sent: list[tuple[Count, Tally]]) -> None:
    """What was sent to a phone, and from this address, was looked up along with other things."""
    wired.database.once(_sent_to(phone), lambda: sent)


def one_more_was_sent(wired: Provider, phone: UUID) -> None:
    """A step has counted a message: the page that follows need not look again."""
    before: list[tuple[Count, Tally]] | None = wired.database.forget(_sent_to(phone))
    if before is not None:
        wired.database.once(_sent_to(phone), lambda: [(count, with_one_more(count, tally)) for count, tally in before])


def count_for_enrolled(transaction: Transaction, wired: Provider, phone: UUID, on_passkey: Tally, now: int) -> None:
    """Count what a step sends to an enrolled person's phone. `on_passkey` is with it. Raises LimitMet."""
    raised = SendCounts(transaction).raise_all([address_count(wired)], now)
    _refuse_met([(NUMBER, on_passkey), *raised], wired.limits_in(""), now)
    one_more_was_sent(wired, phone)


def count_within_limits(transaction: Transaction, wired: Provider, now: int) -> None:
    """Count one message from this address with what is queued; beyond the limit the step is Outdated."""
    SendCounts(transaction).raise_within(address_count(wired), wired.limits_in("").address, now)


def _sent_to(phone: UUID) -> tuple[str, UUID]:
    """What a request keeps under: how the counters of messages to a phone stand."""
    return ("sent to", phone)


def count_for_counter(transaction: Transaction, wired: Provider, e164: str, enrolment: UUID, now: int) -> None:
    """The same for a number that an officer's enrolment names. Raises LimitMet."""
    counts = [_number(wired, e164), _person(wired, enrolment), address_count(wired)]
    _refuse_met(SendCounts(transaction).raise_all(counts, now), wired.limits_in(""), now)


def count_for_new(transaction: Transaction, wired: Provider, e164: str, region: str, person: UUID, now: int) -> None:
    """The same for a number that a person names by themself. Raises LimitMet."""
    counts = [_number(wired, e164), _person(wired, person), address_count(wired), *_judged(wired, e164, region)]
    stand = SendCounts(transaction).raise_all(counts, now)
    limits = wired.limits_in(region)
    _refuse_met(stand, limits, now)
    for kind, percent in alarmed(stand, limits):
        log.warning("limit %s of %s at %d %%", kind.value, region, percent)
        detail = {"kind": kind.value, "region": region, "percent": percent}
        transaction.record(AuditRow(Event.SENDING_NEAR_LIMIT, now, detail=detail))


def met_for_new(reading: Transaction, wired: Provider, e164: str, region: str, person: UUID, now: int) -> Met | None:
    """The limit that one more message to a new number would pass, or None."""
    money = _money(wired, Cost(region, Channel.SMS, is_new=True))
    counts = [_number(wired, e164), _person(wired, person), address_count(wired), *_judged(wired, e164, region)]
    stand = SendCounts(reading).find([*counts, *money], now)
    return first_met([(count, with_one_more(count, tally)) for count, tally in stand], wired.limits_in(region), now)


def new_number_verified(transaction: Transaction, wired: Provider, e164: str, region: str, now: int) -> None:
    """The code of a new number was typed: its range and country are people's."""
    SendCounts(transaction).verified(_judged(wired, e164, region), now)


def _refuse_met(stand: Sequence[tuple[Count, Tally]], limits: Limits, now: int) -> None:
    found = first_met(stand, limits, now)
    if found is not None:
        log.warning("send limit met", extra={"why": found.kind.value})
        raise LimitMet(found)


def _money(wired: Provider, cost: Cost) -> list[Count]:
    return money_counts(cost, wired.price(cost.region, cost.channel), wired.keyed.send_count)


def address_count(wired: Provider) -> Count:
    """The counter of the address that a request comes from."""
    return _count(wired, Kind.ADDRESS, client_address(wired))


def _number(wired: Provider, e164: str) -> Count:
    return _count(wired, Kind.NUMBER, e164)


def _person(wired: Provider, person: UUID) -> Count:
    return _count(wired, Kind.PERSON, person.bytes)


def _judged(wired: Provider, e164: str, region: str) -> list[Count]:
    return [_count(wired, Kind.NEW_IN_RANGE, range_of(e164)), _count(wired, Kind.NEW_IN_COUNTRY, region)]


def _count(wired: Provider, kind: Kind, of: str | bytes) -> Count:
    return Count(kind, wired.keyed.send_count.number(kind.value, of))
