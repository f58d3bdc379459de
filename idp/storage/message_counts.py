"""The figures of messages: counted once from what became of each, kept by day, read back as figures.

Counting waits until a code can no longer be typed, so that nothing is counted twice and no sign-in writes a figure:
whether a code was typed is read from the sign-in or enrolment that it belonged to.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row

from idp.claims.assurance import Fact, facts_from_text
from idp.storage.database import Database, Transaction
from idp.storage.models import Enrolment, OutboxRow, Session, SignIn
from idp.storage.models_messages import Dispatch, MessageCount
from idp.storage.outbox import DUE
from idp.telephony.channel import Channel
from idp.telephony.dispatch import State
from idp.telephony.figures import Cell, Figure, Figures, step_of
from idp.telephony.routing import Success

DAY: Final = 86_400
#: A code lives ten minutes; receipts are rarely slower.
SETTLED_AFTER_SECONDS: Final = 900
#: Days over which success is measured: a gateway that did badly gets another chance after them.
MEASURED_DAYS: Final = 7
BATCH: Final = 500
MOST_BATCHES: Final = 20

_DIALECTS: Final[dict[str, Any]] = {"postgresql": postgresql, "sqlite": sqlite}


def _grow(row: Any) -> Any:
    """One figure that grows, or begins."""
    values = {"region": "place", "channel": "way", "day": "at", "gateway": "name", "what": "figure", "count": "more"}
    table = MessageCount.__table__
    return row.values(
        {name: bindparam(given, type_=table.c[name].type) for name, given in values.items()}
    ).on_conflict_do_update(
        index_elements=[column.name for column in table.primary_key],
        set_={"count": table.c.count + row.excluded.count},
    )


_D: Final = Dispatch.__table__.c
_C: Final = MessageCount.__table__.c
_TAKEN: Final = (_D.id, _D.about, _D.channel, _D.region, _D.asked_at, _D.price, _D.gateway, _D.state, _D.tried)
_ARRIVED: Final = frozenset({State.HANDED_OVER, State.DELIVERED, State.UNDELIVERED})
_BY_PHONE: Final = frozenset({Fact.TEXT_MESSAGE, Fact.VOICE_CALL})

_ABOUT: Final = select(_D.about, _D.asked_at).where(
    _D.about.in_(bindparam("things", expanding=True)), _D.state.in_([state.value for state in _ARRIVED])
)
_SIGN_INS: Final = (
    select(SignIn.id, SignIn.proven_at.label("at"), Session.facts)
    .join(Session, Session.id == SignIn.session_id)
    .where(SignIn.id.in_(bindparam("things", expanding=True)), SignIn.proven_at.is_not(None))
)
_ENROLMENTS: Final = select(Enrolment.id, Enrolment.phone_verified_at.label("at")).where(
    Enrolment.id.in_(bindparam("things", expanding=True)), Enrolment.phone_verified_at.is_not(None)
)
_TOTALS: Final = select(_C.region, _C.channel, _C.gateway, _C.what, func.sum(_C.count).label("many")).group_by(
    _C.region, _C.channel, _C.gateway, _C.what
)
_COUNTS: Final = _TOTALS.where(_C.day >= bindparam("since"))  # days are added up where they stand
_OF_COUNTRY: Final = _COUNTS.where(_C.region == bindparam("country"), _C.channel == bindparam("way"))
_WAITING: Final = select(OutboxRow.id).where(DUE).limit(10_000)
_GROW: Final = {dialect: _grow(module.insert(MessageCount)) for dialect, module in _DIALECTS.items()}


def count_messages(database: Database, now: int) -> int:
    """Count what has settled; returns how many messages that were. Several workers may count at once."""
    counted = 0
    for _ in range(MOST_BATCHES):
        with database.begin() as transaction:
            rows = transaction.all(_take(transaction), before=now - SETTLED_AFTER_SECONDS)
            _add_all(transaction, _figures_of(transaction, rows))
        counted += len(rows)
        if len(rows) < BATCH:
            break
    return counted


def read_figures(reading: Transaction, since: int) -> dict[Cell, Figures]:
    """Everything counted since that second's day, by country, channel and gateway."""
    return _read(reading.all(_COUNTS, since=since // DAY))


def read_totals(reading: Transaction) -> dict[Cell, Figures]:
    """Everything ever counted, added up where it stands."""
    return _read(reading.all(_TOTALS))


def asking_success(region: str, channel: Channel, now: int) -> tuple[Any, dict[str, Any]]:
    """What asks for measured success in one country, along with other things; `success_in` reads the rows."""
    return _OF_COUNTRY, {"since": now // DAY - MEASURED_DAYS, "country": region, "way": channel.value}


def success_in(rows: Iterable[Row[Any]]) -> dict[str, Success]:
    """Measured success by gateway, as those rows have it."""
    return {cell.gateway: found.success for cell, found in _read(rows).items()}


def waiting_messages(reading: Transaction, now: int) -> int:
    """How many rows of the outbox are due, up to ten thousand."""
    return len(reading.all(_WAITING, now=now))


def _read(rows: Iterable[Row[Any]]) -> dict[Cell, Figures]:
    found: dict[Cell, Figures] = {}
    for row in rows:
        cell = Cell(row.region, Channel(row.channel), row.gateway)
        found.setdefault(cell, Figures()).add(row.what, int(row.many))
    return found


def _take(transaction: Transaction) -> Any:
    """Mark a batch as counted and hand it out: no two workers get the same row."""
    due = select(_D.id).where(_D.counted == 0, _D.asked_at < bindparam("before")).order_by(_D.asked_at).limit(BATCH)
    if transaction.dialect == "postgresql":
        due = due.with_for_update(skip_locked=True)
    chosen = due.cte("due")
    taken = update(Dispatch).where(_D.id.in_(select(chosen.c.id))).values(counted=1)
    return taken.returning(*_TAKEN, _D.ended_at)


def _figures_of(transaction: Transaction, rows: Sequence[Row[Any]]) -> Counter[tuple[str, str, int, str, str]]:
    """What each key of the table grows by."""
    typed = _typed(transaction, [row.about for row in rows if row.about is not None])
    grown: Counter[tuple[str, str, int, str, str]] = Counter()
    for row in rows:
        state, verified_at = State(row.state), typed.get((row.about, row.asked_at))
        for gateway in row.tried.split():
            grown[_key(row, gateway, Figure.FAILED)] += 1
        if state not in _ARRIVED:
            if row.gateway and row.gateway not in row.tried.split():
                grown[_key(row, row.gateway, Figure.FAILED)] += 1
            continue
        grown[_key(row, row.gateway, Figure.SENT)] += 1
        grown[_key(row, row.gateway, Figure.COST)] += row.price
        if state is State.DELIVERED or state is State.UNDELIVERED:
            grown[_key(row, row.gateway, Figure(state.value))] += 1
        if verified_at is not None:
            grown[_key(row, row.gateway, Figure.VERIFIED)] += 1
        arrived_at = row.ended_at if state is State.DELIVERED else verified_at
        if arrived_at is not None:
            grown[_key(row, row.gateway, step_of(arrived_at - row.asked_at))] += 1
    return grown


def _key(row: Row[Any], gateway: str, what: str) -> tuple[str, str, int, str, str]:
    return row.region, row.channel, row.asked_at // DAY, gateway, str(what)


def _typed(transaction: Transaction, things: list[UUID]) -> dict[tuple[UUID, int], int]:
    """When the code of which message was typed: of several about one thing, the last before it."""
    if not things:
        return {}
    proven = {row.id: row.at for row in transaction.all(_ENROLMENTS, things=things)}
    for row in transaction.all(_SIGN_INS, things=things):
        if facts_from_text(row.facts) & _BY_PHONE:
            proven[row.id] = row.at
    last: dict[UUID, int] = {}
    for row in transaction.all(_ABOUT, things=things):
        if row.about in proven and row.asked_at <= proven[row.about]:
            last[row.about] = max(last.get(row.about, 0), row.asked_at)
    return {(thing, asked_at): proven[thing] for thing, asked_at in last.items()}


def _add_all(transaction: Transaction, grown: Counter[tuple[str, str, int, str, str]]) -> None:
    """In the order of the keys, so that two workers cannot wait for one another."""
    statement = _GROW[transaction.dialect]
    for (region, channel, day, gateway, what), count in sorted(grown.items()):
        transaction.run(statement, place=region, way=channel, at=day, name=gateway, figure=what, more=count)
