"""The second proof of a sign-in: every way there is for this person, in the order in which they are offered. Pure.

Another message by another gateway, a call, the authenticator app, a printed code, a second passkey. Whatever
stands in the way of one leaves the others open: a phone that is locked, silent or gone never ends a sign-in as long
as the person holds anything else. No way is offered that would not reach the level which the service asks for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from idp.claims.assurance import Assurance, Fact

MAX_TRIES = 5  # of typed proofs other than the phone's code, in one sign-in


class Way(Enum):
    """One way to give the second proof; the value is part of its address and of its words."""

    MESSAGE = "message"
    CALL = "call"
    APP = "app"
    PRINTED = "printed"
    PASSKEY = "passkey"


PROVES: dict[Way, frozenset[Fact]] = {
    Way.MESSAGE: frozenset({Fact.SECOND_PROOF, Fact.TEXT_MESSAGE}),
    Way.CALL: frozenset({Fact.SECOND_PROOF, Fact.VOICE_CALL}),
    Way.APP: frozenset({Fact.SECOND_PROOF, Fact.AUTHENTICATOR_APP}),
    Way.PRINTED: frozenset({Fact.SECOND_PROOF, Fact.PRINTED_CODE}),
    Way.PASSKEY: frozenset({Fact.SECOND_PROOF, Fact.SECOND_PASSKEY}),
}
"""What each way proves."""


class Silence(Enum):
    """Why nothing is sent to the phone; the value is the last part of a key of the words files."""

    NO_PHONE = "no_phone"
    LOCKED = "locked"
    OPTED_OUT = "opted_out"
    UNCERTAIN = "uncertain"  # not proven for so long that the number may be somebody else's by now
    MOVED = "moved"  # the number changed its SIM a moment ago: a thief may hold it
    LIMIT = "limit"
    SENDS_USED_UP = "sends_used_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What can be sent to the person's phone."""

    silence: Silence | None = None
    until: int = 0  # when that ends by itself; 0 when it does not
    next_send_at: int = 0  # the pause between two messages
    text: bool = True  # whether text messages reach the number's country
    voice: bool = False  # whether calls do
    call_from: int = 0  # when people there may be called again; 0 for now


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What the person holds besides the phone and the passkey they came with."""

    app: bool = False
    printed: int = 0  # unused codes
    other_keys: int = 0
    typed_locked_until: int = 0  # after too many wrong tries of apps and printed codes


@dataclass(frozen=True, slots=True)
class Offer:
    """One way, and from which second on it is open; 0 for now."""

    way: Way
    opens_at: int = 0


def offers(
    line: Line, holdings: Holdings, *, facts: frozenset[Fact], wanted: str, assurance: Assurance, now: int
) -> tuple[Offer, ...]:
    """Every way that leads to `wanted`, in order. `facts` is what was proven so far."""
    return tuple(
        offer
        for offer in _all(line, holdings, now)
        if assurance.satisfies(assurance.reached(facts | PROVES[offer.way]), wanted)
    )


def _all(line: Line, holdings: Holdings, now: int) -> Iterable[Offer]:
    if line.silence in {None, Silence.UNCERTAIN}:  # who is uncertain is asked, and decides
        pause = line.next_send_at if line.next_send_at > now else 0
        if line.text:
            yield Offer(Way.MESSAGE, pause)
        if line.voice:
            yield Offer(Way.CALL, max(pause, line.call_from))
    locked = holdings.typed_locked_until if holdings.typed_locked_until > now else 0
    if holdings.app:
        yield Offer(Way.APP, locked)
    if holdings.printed:
        yield Offer(Way.PRINTED, locked)
    if holdings.other_keys:
        yield Offer(Way.PASSKEY)
