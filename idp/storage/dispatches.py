"""Messages on their way and how gateways do, in the database. Promise: idp.telephony.dispatch.Memory.

Only workers write here, and receipts that a vendor has signed: no request of a sign-in does.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row

from idp.audit.catalogue import AuditRow, Event
from idp.storage.database import Database, Transaction
from idp.storage.message_counts import asking_success, success_in
from idp.storage.models_messages import Dispatch, GatewayBreaker, VendorId
from idp.storage.payments import Stand, pay, pay_at_once
from idp.storage.wire import AlreadyTaken
from idp.telephony.breaker import PROBE_SECONDS, Breaker, pause_after
from idp.telephony.channel import Channel
from idp.telephony.dispatch import TAKEN, Beginning, Outline, Past, State, Successes
from idp.telephony.gateways.contract import OutcomeUnknown
from idp.telephony.limits import alarmed
from idp.telephony.payment import Payment

MOST_ABOUT_ONE: Final = 20
#: How long measured success is believed: it is counted every ten minutes, and adding up a week of it takes a while.
MEASURED_SECONDS: Final = 60

Place = tuple[str, Channel]
"""A region and a channel."""
_D: Final = Dispatch.__table__.c
_B: Final = GatewayBreaker.__table__.c
_DOUBTFUL: Final = frozenset({State.TRYING, State.UNKNOWN})
_ITSELF: Final = select(_D.gateway, _D.state).where(_D.id == bindparam("message"))
_ABOUT: Final = (
    select(_D.id, _D.channel, _D.gateway, _D.state, _D.tried, _D.asked_at)
    .where(_D.about == bindparam("thing"))
    .order_by(_D.asked_at.desc(), _D.id.desc())
    .limit(MOST_ABOUT_ONE)
)
# A receipt may be here before the vendor's answer to the hand-over: what it said stands.
_ENDED: Final = (
    update(Dispatch)
    .where(_D.id == bindparam("message"))
    .values(state=case((_D.ended_at.is_not(None), _D.state), else_=bindparam("outcome")))
)
# A receipt speaks of a message that the vendor has, and once: told again, late or twice, it changes nothing.
_SETTLED: Final = (
    update(Dispatch)
    .where(_D.gateway == bindparam("by"), _D.state.in_(sorted({State.HANDED_OVER, *_DOUBTFUL})))
    .values(state=bindparam("outcome"), ended_at=bindparam("now"))
)
_SETTLED_BY_ID: Final = _SETTLED.where(_D.id == bindparam("message"))
_NAMED: Final = select(VendorId.id).where(VendorId.vendor_id == bindparam("theirs"))
_SETTLED_BY_VENDOR_ID: Final = _SETTLED.where(_D.id.in_(_NAMED))

_this_line = (_B.gateway == bindparam("name"), _B.channel == bindparam("way"))
_BREAKERS: Final = select(_B.gateway, _B.channel, _B.failures, _B.open_until)
_PROBE: Final = (
    update(GatewayBreaker).where(*_this_line, _B.open_until == bindparam("seen")).values(open_until=bindparam("until"))
)
_REST: Final = update(GatewayBreaker).where(*_this_line).values(failures=0, open_until=0)
_PAUSE: Final = update(GatewayBreaker).where(*_this_line).values(open_until=bindparam("until"))
_FIND: Final = select(_B.open_until).where(*_this_line)


@dataclass(frozen=True, slots=True)
class DispatchRecord:
    """What a waiting page or an operator may know of one message."""

    id: UUID
    channel: Channel
    gateway: str
    state: State
    tried: tuple[str, ...]
    asked_at: int


def dispatches_about(reading: Transaction, about: UUID) -> list[DispatchRecord]:
    """The messages about one sign-in or enrolment that a worker has taken up, newest first."""
    return _records(reading.all(_ABOUT, thing=about))


def _records(rows: Sequence[Row[Any]]) -> list[DispatchRecord]:
    return [
        DispatchRecord(
            row.id, Channel(row.channel), row.gateway, State(row.state), tuple(row.tried.split()), row.asked_at
        )
        for row in rows
    ]


def settle(
    transaction: Transaction, *, gateway: str, state: State, now: int, message: UUID | None, vendor_id: str | None
) -> bool:
    """Note what a receipt says of a message, known by our id or by the vendor's. False when it changes nothing."""
    if message is not None:
        return transaction.run(_SETTLED_BY_ID, by=gateway, outcome=state.value, now=now, message=message) == 1
    if vendor_id is not None:
        return transaction.run(_SETTLED_BY_VENDOR_ID, by=gateway, outcome=state.value, now=now, theirs=vendor_id) == 1
    return False


def all_breakers(reading: Transaction) -> dict[tuple[str, Channel], Breaker]:
    """Every breaker that ever moved."""
    return _breakers_in(reading.all(_BREAKERS))


def _breakers_in(rows: Sequence[Row[Any]]) -> dict[tuple[str, Channel], Breaker]:
    return {(row.gateway, Channel(row.channel)): Breaker(row.failures, row.open_until) for row in rows}


def _astir(rows: Sequence[Row[Any]], channel: Channel) -> dict[str, Breaker]:
    """Those of one channel that are not at rest."""
    found = _breakers_in(rows).items()
    return {name: one for (name, way), one in found if way is channel and (one.failures or one.open_until)}


def _begun(outline: Outline, gateway: str, tried: Sequence[str]) -> dict[str, Any]:
    """The row of a message that a gateway is about to be asked to take."""
    return {
        "id": outline.id,
        "about": outline.about,
        "channel": outline.channel.value,
        "region": outline.region,
        "asked_at": outline.asked_at,
        "price": outline.price,
        "gateway": gateway,
        "state": State.TRYING.value,
        "tried": " ".join(tried),
        "vendor_id": None,
        "ended_at": None,
        "counted": 0,
    }


class SqlDispatches:
    """Memory over the provider's database; safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        """Over an open database."""
        self._database = database
        self._measured: dict[Place, tuple[int, Successes]] = {}  # until when it is believed, and what

    def begin(self, outline: Outline, now: int) -> Past:
        """What is known of a message, of earlier ones about the same thing, and of who could carry it: one look."""
        place = (outline.region, outline.channel)
        until, success = self._measured.get(place, (0, {}))
        asked = [asking_success(*place, now)] if now >= until else []
        with self._database.read() as reading:
            itself, earlier, breakers, *found = reading.each(
                (_ITSELF, {"message": outline.id}), (_ABOUT, {"thing": outline.about}), (_BREAKERS, {}), *asked
            )
        if found:
            success = success_in(found[0])
            self._measured[place] = now + MEASURED_SECONDS, success
        state = State(itself[0].state) if itself else None
        others = [one for one in _records(earlier) if one.id != outline.id]
        used = {name for one in others for name in (one.gateway, *one.tried)}
        return Past(
            known=state is not None,
            doubtful=(itself[0].gateway or None) if state in _DOUBTFUL else None,
            used=frozenset(used - {""}),
            taken=state in TAKEN,
            breakers=_astir(breakers, outline.channel),
            success=success,
        )

    def measured(self, places: Collection[Place], now: int) -> Mapping[Place, Successes]:
        """Measured success in these regions by these channels: asked for once a minute."""
        old = [place for place in places if now >= self._measured.get(place, (0, {}))[0]]
        if old:
            with self._database.read() as reading:
                found = reading.each(*(asking_success(*place, now) for place in old))
            for place, rows in zip(old, found, strict=True):
                self._measured[place] = now + MEASURED_SECONDS, success_in(rows)
        return {place: self._measured[place][1] for place in places}

    def begin_together(self, several: Sequence[Beginning]) -> bool:
        """Note and pay for several messages in one round trip, or do nothing."""
        rows = [_begun(one.outline, one.gateway, ()) for one in several]
        lines = sorted({(one.gateway, one.outline.channel.value) for one in several})
        try:
            stand = pay_at_once(self._database, [one.payment for one in several], rows, lines)
        except AlreadyTaken:
            return False
        for one in several:
            one.payment.is_taken, one.payment.begun = True, one.gateway
        left = {count.subject: (count, tally) for count, tally in stand}
        for one in several:  # what a counter passed with all of them is told once, with the first that is paid from it
            own = [left.pop(count.subject) for count in one.payment.counts if count.subject in left]
            self._taken(one.payment, own, one.outline.region)
        return True

    def trying(
        self, outline: Outline, gateway: str, tried: Sequence[str], *, known: bool, payment: Payment | None = None
    ) -> None:
        """`gateway` is about to be asked, after those that were `tried`; the payment is taken, if it was not.

        A message that was not known is inserted and not put: that logs less, and of two workers one is refused.
        """
        owed = payment if payment is not None and not payment.is_taken else None
        try:
            stand = self._note(_begun(outline, gateway, tried), owed, known=known)
        except AlreadyTaken:
            raise OutcomeUnknown("another worker has it") from None
        if owed is not None:
            self._taken(owed, stand, outline.region)

    def _note(self, row: dict[str, Any], owed: Payment | None, *, known: bool) -> Stand:
        """Write the row and take what is owed; returns how the counters stand then."""
        if owed is not None and not known:
            with suppress(AlreadyTaken):
                return pay_at_once(self._database, [owed], [row])
        with self._database.begin() as transaction:
            stand = pay(transaction, owed) if owed is not None else []
            (transaction.put if known else transaction.add)(Dispatch, **row)
        return stand

    def _taken(self, paid: Payment, stand: Stand, region: str) -> None:
        """It is paid; record the budgets that this took over the alarm mark."""
        paid.is_taken, paid.near = True, alarmed(stand, paid.limits)
        if paid.near:
            with self._database.begin() as transaction:
                for kind, percent in paid.near:
                    detail = {"kind": kind.value, "region": region, "percent": percent}
                    transaction.record(AuditRow(Event.SENDING_NEAR_LIMIT, paid.at, detail=detail))

    def ended(self, message: UUID, state: State) -> None:
        """What became of it, other than that a gateway took it."""
        self._database.act(_ENDED, message=message, outcome=state.value)

    def take_probe(self, gateway: str, channel: Channel, seen: Breaker, now: int) -> bool:
        """Whether this worker is the one that probes."""
        values = {"name": gateway, "way": channel.value, "seen": seen.open_until, "until": now + PROBE_SECONDS}
        return self._run(_PROBE, values) == 1

    def did_well(self, gateway: str, channel: Channel) -> None:
        """The gateway took a message: its breaker is at rest."""
        self._run(_REST, {"name": gateway, "way": channel.value})

    def did_badly(self, gateway: str, channel: Channel, now: int) -> int:
        """One more failure; for how many seconds the gateway is left alone now."""
        with self._database.begin() as transaction:
            failures = int(transaction.all(self._one_more, name=gateway, way=channel.value)[0].failures)
            pause = pause_after(failures)
            if pause:
                transaction.run(_PAUSE, name=gateway, way=channel.value, until=now + pause)
        return pause

    def pause(self, gateway: str, channel: Channel, until: int) -> None:
        """The vendor asked for a pause."""
        with self._database.begin() as transaction:
            if transaction.run(_PAUSE, name=gateway, way=channel.value, until=until) == 0:
                transaction.put(GatewayBreaker, gateway=gateway, channel=channel.value, failures=0, open_until=until)

    @property
    def _one_more(self) -> Any:
        insert = (postgresql if self._database.engine.dialect.name == "postgresql" else sqlite).insert(GatewayBreaker)
        row = insert.values(gateway=bindparam("name"), channel=bindparam("way"), failures=1, open_until=0)
        keys = [_B.gateway, _B.channel]
        return row.on_conflict_do_update(index_elements=keys, set_={"failures": _B.failures + 1}).returning(_B.failures)

    def _run(self, statement: Any, values: dict[str, Any]) -> int:
        with self._database.begin() as transaction:
            return transaction.run(statement, **values)
