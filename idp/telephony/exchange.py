"""The exchange: one gateway that is all of them, and asks one after another until one takes the message.

It keeps the gateways' contract, so that whoever sends does not know how many there are. What each was asked is
written down before it is asked, and with the first of them what the message costs: a worker that dies in between leaves
behind who may have the message, and that one is asked again under the same id, for nothing. That a gateway took it is
written down by whoever sends, with the end of its own row: one act, and one the fewer for each message.

Next in order after a failure, but never after an opt-out or a number that nobody reaches. An answer that leaves open
whether the message was taken ends the asking: no other gateway is asked, because the code would come twice. Only a
gateway that recognises repetitions is asked once more, under the same id; of any other the message stays open
(LeftOpen), the person reads so at once, and what happens next is their choice.

Several messages that are taken up at the same moment are begun together (`begin`): one look for none of them, and one
act that names the first gateway of each and pays for all. Where that is not possible each goes by itself.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from idp.telephony.breaker import Breaker
from idp.telephony.channel import Channel
from idp.telephony.coverage import Country, Coverage
from idp.telephony.dispatch import Beginning, Memory, Outline, Past, State
from idp.telephony.gateways.contract import (
    Accepted,
    Gateway,
    GatewayError,
    LeftOpen,
    Message,
    NotServed,
    OptedOut,
    OutcomeUnknown,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)
from idp.telephony.routing import Carrier, order

#: No further gateway is asked after this long: the rest of the worker's lease is for the one that is being asked.
TRY_SECONDS: Final = 30
PAUSE_SECONDS: Final = 30
#: Messages that are begun by one act: each number of them is a statement of its own, which the database keeps prepared.
MOST_TOGETHER: Final = 8

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """A gateway with what routing needs to know of it."""

    carrier: Carrier
    gateway: Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """All gateways behind the contract of one."""

    lines: Mapping[str, Line]
    memory: Memory
    #: As it is now, with what operators changed.
    coverage: Callable[[], Coverage]
    clock: Callable[[], int]

    @property
    def carries(self) -> frozenset[Channel]:
        """What any of them carries."""
        return frozenset(channel for line in self.lines.values() for channel in line.carrier.carries)

    @property
    def repeatable(self) -> bool:
        """Whether all of them recognise a repetition."""
        return all(line.gateway.repeatable for line in self.lines.values())

    @property
    def speaks(self) -> frozenset[str]:
        """Every language that any of them speaks."""
        return frozenset(language for line in self.lines.values() for language in line.gateway.speaks)

    def begin(self, messages: Sequence[Message]) -> None:
        """Name and pay for the first gateway of several messages in one act, if nothing stands against it.

        For messages of which nothing was tried, and of whose subject no other message was sent: what would be looked up
        of them is known. Their payments tell whether it was done; `send` goes on from there.
        """
        coverage = self.coverage()
        measured = self.memory.measured({(one.region, one.channel) for one in messages}, self.clock())
        first: dict[tuple[str, Channel, str], Sequence[str]] = {}  # the same for all of one place and language
        several = []
        for message in messages:
            country, of = coverage.of(message.region), (message.region, message.channel, message.language)
            if of not in first:
                first[of] = self._order(message, country, Past(success=measured[of[:2]]))[:1]
            if first[of] and message.payment is not None:
                several.append(Beginning(self._outline(message, country), first[of][0], message.payment))
        for start in range(0, len(several), MOST_TOGETHER):
            self.memory.begin_together(several[start : start + MOST_TOGETHER])

    def send(self, message: Message) -> Accepted:
        """Hand `message`, paid for, to the first gateway that takes it. Raises a GatewayError or BudgetUsedUp."""
        country, now = self.coverage().of(message.region), self.clock()
        if country.sender != message.sender:
            message = replace(message, sender=country.sender)
        if message.payment is not None and message.payment.begun:
            return self._ask_begun(message, country, message.payment.begun, now)
        outline = self._outline(message, country)
        past = self.memory.begin(outline, now)
        if past.taken:
            return Accepted(str(message.id))
        if past.doubtful is not None:
            return self._ask_again(message, past.doubtful, past.breakers)
        names = self._order(message, country, past)
        if not names:
            self.memory.trying(outline, "", (), known=past.known)
            self.memory.ended(message.id, State.FAILED)
            raise NotServed(f"nobody carries {message.channel} to {message.region}")
        return self._ask_each(message, outline, names, past, now)

    def _outline(self, message: Message, country: Country) -> Outline:
        return Outline(
            id=message.id,
            about=message.about,
            channel=message.channel,
            region=message.region,
            asked_at=message.asked_at or self.clock(),
            price=country.cost(message.channel),
        )

    def _ask_begun(self, message: Message, country: Country, name: str, began: int) -> Accepted:
        """A message whose first gateway is named already, and was at rest; the others are looked up when needed."""
        try:
            return self._ask_named(name, message, {})
        except (OptedOut, PermanentFailure, OutcomeUnknown):
            raise
        except GatewayError as failure:
            outline = self._outline(message, country)
            past = self.memory.begin(outline, self.clock())
            names = [other for other in self._order(message, country, past) if other != name]
            return self._ask_each(message, outline, names, past, began, after=(name, failure))

    def _ask_again(self, message: Message, doubtful: str, breakers: Mapping[str, Breaker]) -> Accepted:
        """A message that a gateway may have: nobody else gets it, and that one only if it notices a repetition."""
        line = self.lines.get(doubtful)
        if line is None or not line.gateway.repeatable:
            self.memory.ended(message.id, State.UNKNOWN)
            raise LeftOpen(f"{doubtful} may have it")
        self.memory.ended(message.id, State.UNKNOWN)
        if not self._may_ask(doubtful, message.channel, breakers.get(doubtful, Breaker())):
            raise OutcomeUnknown(f"{doubtful} is left alone")
        try:
            return self._ask(doubtful, message, breakers)
        except (OptedOut, PermanentFailure) as refusal:
            self.memory.ended(message.id, _final(refusal))
            raise
        except GatewayError as failure:  # not taken now, which says nothing about the first time
            raise OutcomeUnknown(str(failure)) from None

    def _order(self, message: Message, country: Country, past: Past) -> list[str]:
        """Whom to ask, one after another; nobody, where the country is closed."""
        if not country.open(message.channel):
            return []
        return order(
            (line.carrier for line in self.lines.values() if self._able(line, message)),
            region=message.region,
            channel=message.channel,
            preferred=country.gateways,
            success=past.success,
            used=past.used,
        )

    @staticmethod
    def _able(line: Line, message: Message) -> bool:
        return message.channel is not Channel.VOICE or message.language in line.gateway.speaks

    def _ask_each(
        self,
        message: Message,
        outline: Outline,
        names: Sequence[str],
        past: Past,
        began: int,
        after: tuple[str, GatewayError] | None = None,
    ) -> Accepted:
        """One after another, `after` one that was asked since `began` and failed."""
        breakers = past.breakers
        tried: list[str] = [after[0]] if after else []
        failures: list[GatewayError] = [after[1]] if after else []
        for name in names:
            if failures and self.clock() - began > TRY_SECONDS:
                break
            if not self._may_ask(name, message.channel, breakers.get(name, Breaker())):
                failures.append(TemporaryFailure(f"{name} is left alone"))
                continue
            known = past.known or bool(tried)
            self.memory.trying(outline, name, tried, known=known, payment=message.payment)
            try:
                return self._ask_named(name, message, breakers)
            except (OptedOut, PermanentFailure, OutcomeUnknown):
                raise
            except GatewayError as failure:
                failures.append(failure)
            tried.append(name)
        if not tried:
            self.memory.trying(outline, "", (), known=past.known)
        self.memory.ended(message.id, State.FAILED)
        raise _together(failures)

    def _ask_named(self, name: str, message: Message, breakers: Mapping[str, Breaker]) -> Accepted:
        """Ask a gateway that the dispatch names, and note what ends the asking. Raises a GatewayError."""
        try:
            return self._ask(name, message, breakers)
        except (OptedOut, PermanentFailure) as refusal:
            self.memory.ended(message.id, _final(refusal))
            raise
        except OutcomeUnknown as failure:
            self.memory.ended(message.id, State.UNKNOWN)
            if self.lines[name].gateway.repeatable:
                raise
            raise LeftOpen(str(failure)) from None

    def _may_ask(self, name: str, channel: Channel, breaker: Breaker) -> bool:
        now = self.clock()
        if breaker.is_open(now):
            return False
        return not breaker.probing(now) or self.memory.take_probe(name, channel, breaker, now)

    def _ask(self, name: str, message: Message, breakers: Mapping[str, Breaker]) -> Accepted:
        """Ask one gateway, and tell its breaker how it did. Raises a GatewayError."""
        channel = message.channel
        try:
            accepted = self.lines[name].gateway.send(message)
        except RateLimited as failure:
            wait = failure.retry_after if failure.retry_after is not None else PAUSE_SECONDS
            self.memory.pause(name, channel, self.clock() + wait)
            raise
        except TemporaryFailure:
            pause = self.memory.did_badly(name, channel, self.clock())
            if pause:
                # Without its traceback, which would show the message.
                log.error("gateway %s is left alone for %d s (%s)", name, pause, channel.value)  # noqa: TRY400
            raise
        if name in breakers:
            self.memory.did_well(name, channel)
        return accepted


def _final(refusal: GatewayError) -> State:
    """What a refusal that holds everywhere means for the message."""
    return State.OPTED_OUT if isinstance(refusal, OptedOut) else State.UNREACHABLE


def _together(failures: Sequence[GatewayError]) -> GatewayError:
    """What several failures mean for the outbox: try again, if any of them may pass."""
    why = "; ".join(str(failure) for failure in failures)
    passing = [failure for failure in failures if isinstance(failure, TemporaryFailure)]
    if not passing:
        return NotServed(why)
    if len(passing) == len(failures) and all(isinstance(failure, RateLimited) for failure in passing):
        waits = [failure.retry_after or 0 for failure in passing if isinstance(failure, RateLimited)]
        return RateLimited(why, min(waits))
    return TemporaryFailure(why)
