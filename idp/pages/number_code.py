"""The code on its way to a number that is nobody's yet: what may be sent to it now, and what its page says.

Shared by the enrolment and by the change of number. A sign-in has ways beside the telephone (second_view.py); here the
telephone is what is to be proven, so a message that does not come leaves another gateway and a call.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from idp.authenticators.phone_code import LIFETIME_SECONDS, StoredCode
from idp.delivery.text_messages import message_key
from idp.interaction.second_proof import Line, Way
from idp.pages.rendering import page_language
from idp.pages.sending import call_time, reach_of
from idp.provider import Provider
from idp.storage.database import Transaction
from idp.storage.outbox import Fate, fate_of, withdraw
from idp.storage.phone_codes import Owner, PhoneCodes
from idp.telephony.channel import Channel
from idp.telephony.numbers import country_name

CHANNELS = {Way.MESSAGE: Channel.SMS, Way.CALL: Channel.VOICE}


@dataclass(frozen=True, slots=True)
class NumberCode:
    """The newest code to a number, and what may follow it."""

    code: StoredCode
    fate: Fate
    line: Line
    call_time: str | None  # when its holder can be called again, by their own clock; None for now or never

    def opening(self, way: Way) -> int | None:
        """From which second on a way is open, 0 for now; None when it is none."""
        if self.code.sends_left == 0 or not (self.line.voice if way is Way.CALL else self.line.text):
            return None
        return max(self.line.next_send_at, self.line.call_from if way is Way.CALL else 0)

    def refusal(self, way: Way, now: int) -> str | None:
        """Why nothing is sent by that way now: a key of the words files. None where it may be."""
        opens_at = self.opening(way)
        if self.code.sends_left == 0:
            return "code.no_more_sends"
        if opens_at is None:
            return "code.way_closed"
        if opens_at <= now:
            return None
        return "code.call_later" if way is Way.CALL and self.line.call_from > now else "code.wait"


def look_at(wired: Provider, owner: Owner, about: UUID, e164: str, region: str, now: int) -> NumberCode | None:
    """How it stands with the code of an enrolment or a change; None before one was sent."""
    with wired.database.read() as reading:
        code = PhoneCodes(reading, owner).find(about)
        if code is None:
            return None
        fate = fate_of(reading, message_key(about, code.sends), now)
    line = reach_of(wired, region, now, e164)
    pause = code.wait(now)
    if pause and fate not in {Fate.FAILED, Fate.UNCERTAIN}:  # nobody waits for what may not come
        line = replace(line, next_send_at=now + pause)
    return NumberCode(code, fate, line, call_time(wired, region, line, e164, now))


def replace_code(
    transaction: Transaction, owner: Owner, about: UUID, before: StoredCode, digest: bytes, way: Way, now: int
) -> bool:
    """A new code in place of the old one, whose message is not tried again. False when another request was faster."""
    spoken = way is Way.CALL
    if not PhoneCodes(transaction, owner).replace(about, before=before.sends, digest=digest, now=now, spoken=spoken):
        return False
    withdraw(transaction, message_key(about, before.sends), now)
    return True


def shown(
    seen: NumberCode, e164: str, region: str, now: int, *, error: str | None = None, notice: str | None = None
) -> dict[str, Any]:
    """What the page of the code is made of (templates/code_form.html, templates/second_proof.html)."""
    code = seen.code
    return {
        "country": country_name(region, page_language()),
        "last_digits": e164[-2:],
        "spoken": code.spoken,
        "sent": seen.fate is not Fate.FAILED,
        "failed": seen.fate is Fate.FAILED,
        "uncertain": seen.fate is Fate.UNCERTAIN,
        "error": error or ("code.used_up" if code.tries_left == 0 else None),
        "notice": notice,
        "tries_left": code.tries_left,
        "wait_seconds": max(0, seen.line.next_send_at - now),
        "sends_left": code.sends_left,
        "can_message": seen.opening(Way.MESSAGE) is not None,
        "can_call": seen.opening(Way.CALL) is not None,
        "call_time": seen.call_time,
        "minutes": LIFETIME_SECONDS // 60,
        "silence": None,
    }
