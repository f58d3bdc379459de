"""What a person who must give a second proof can do now, read when a page of it is shown or a way is asked for."""

from dataclasses import dataclass, replace
from uuid import UUID

from idp.authenticators.phone_code import StoredCode
from idp.delivery.text_messages import message_key
from idp.interaction.next_step import wanted_acr
from idp.interaction.second_proof import Holdings, Line, Offer, Silence, Way, offers
from idp.pages.sandbox_phone import fate_of_test, outcome_of
from idp.pages.sending import call_time, line_of
from idp.pages.steps import open_phone
from idp.protocol.client import Client
from idp.provider import Provider
from idp.storage.outbox import Fate, fate_of
from idp.storage.second_proofs import SecondProofs
from idp.storage.sign_ins import SignInRecord

SENT = (Way.MESSAGE, Way.CALL)
CLOSED = (Silence.LOCKED, Silence.OPTED_OUT, Silence.NO_PHONE, Silence.MOVED)
"""Under these no code can be typed. Tuples: a set hashes its members by way of Python."""


@dataclass(frozen=True, slots=True)
class SecondView:
    """The state of a second proof, with every way that is open or will be."""

    line: Line
    holdings: Holdings
    fate: Fate  # of the newest message
    code: StoredCode | None
    offers: tuple[Offer, ...]
    call_time: str | None  # when the person can be called again, by their own clock; None for now or never

    def opening(self, way: Way) -> int | None:
        """From which second on a way is open, 0 for now; None when it is none for this person."""
        return next((offer.opens_at for offer in self.offers if offer.way is way), None)

    @property
    def other_ways(self) -> tuple[Offer, ...]:
        """Those that need nothing sent."""
        return tuple(offer for offer in self.offers if offer.way not in SENT)

    @property
    def may_type(self) -> bool:
        """Whether a code that was sent may still be typed."""
        if self.code is None or self.fate is Fate.FAILED or self.code.tries_left == 0:
            return False
        return self.line.silence not in CLOSED


@dataclass(frozen=True, slots=True)
class Told:
    """What a step of this request already knows, so that the page after it need not look. It is true once."""

    holdings: Holdings
    fate: Fate


def told_key(sign_in: UUID) -> tuple[str, UUID]:
    """What a request keeps a Told under."""
    return ("second proof", sign_in)


def look(wired: Provider, sign_in: SignInRecord, client: Client, now: int) -> SecondView:
    """How it stands for a sign-in under way."""
    code = sign_in.code
    e164 = open_phone(wired, sign_in) if sign_in.phone_number is not None else ""
    with wired.database.read() as reading:
        line = line_of(reading, wired, sign_in, now, code=code, e164=e164)
        told: Told | None = wired.database.forget(told_key(sign_in.id))
        if told is None:
            told = Told(
                SecondProofs(reading).holdings(sign_in.person_id, sign_in.passkey_id, now),
                fate_of(reading, message_key(sign_in.id, code.sends), now) if code else Fate.NONE,
            )
    holdings, fate = told.holdings, told.fate
    if sign_in.sandbox_of is not None:
        fate = fate_of_test(outcome_of(wired, sign_in.phone_id, sign_in.phone_number), code)
    if fate is Fate.FAILED or fate is Fate.UNCERTAIN:  # nothing may come: nobody has to wait for it
        line = replace(line, next_send_at=0)
    found = offers(
        line,
        holdings,
        facts=sign_in.facts,
        wanted=wanted_acr(sign_in.request, client, wired.assurance),
        assurance=wired.assurance,
        now=now,
    )
    at = call_time(wired, sign_in.region or "", line, e164, now)
    return SecondView(line, holdings, fate, code, found, at)
