"""Messages are paid for and noted in one step: the counters of their budgets are raised, and their dispatches begun.

The counters of the house and of a country are rows that every message raises, so everybody waits for who holds them.
`pay_at_once` holds them for no round trip: everything travels at once, and the rows refuse themselves, and with
them the whole step, unless every counter stood within its limit. It raises a counter once for all the messages that are
paid from it. Then `pay` finds out, message by message and step by step, what is the matter.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Executable,
    SmallInteger,
    Text,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
)

from idp.storage.database import Database, Transaction
from idp.storage.models_messages import Dispatch, GatewayBreaker
from idp.storage.models_second_proofs import SendCount
from idp.storage.send_counts import SendCounts, raised, raising
from idp.telephony.dispatch import State
from idp.telephony.limits import Count, Kind, Limits, Tally
from idp.telephony.payment import Payment

Stand = list[tuple[Count, Tally]]
"""Counters, and how they stand with the message."""
DIFFERING: Final = ("id", "about", "channel", "region", "asked_at", "price", "gateway")
"""Of a dispatch that is begun."""
_FRESH: Final = {
    "state": literal_column(f"'{State.TRYING.value}'", Text),
    "tried": literal_column("''", Text),
    "vendor_id": null(),
    "ended_at": null(),
    "counted": literal_column("0", SmallInteger),
}
Line = tuple[str, str]
"""A gateway and a channel."""
_COUNTS: Final = SendCount.__table__.c
_DISPATCH: Final = Dispatch.__table__.c
_BREAKER: Final = GatewayBreaker.__table__.c


def pay_at_once(
    database: Database, payments: Sequence[Payment], rows: Sequence[dict[str, Any]], at_rest: Collection[Line] = ()
) -> Stand:
    """Pay for several messages and insert their dispatches, a whole step; returns how the counters stand.

    Raises AlreadyTaken when any of it cannot be, or when the breaker of one of the lines `at_rest` is not.
    """
    at = payments[0].at
    counts, values = _owed(payments)
    for i, row in enumerate(rows):
        for name in DIFFERING:
            values[f"{name}_{i}"] = row[name]
    for i, (gateway, channel) in enumerate(at_rest):
        values |= {f"asked_{i}": gateway, f"way_{i}": channel}
    *found, _ = database.act_together(
        *(raising(count, at) for count in counts), (_insert_if_paid(len(counts), len(rows), len(at_rest)), values)
    )
    stand = [raised(count, there, at) for count, there in zip(counts, found, strict=True)]
    return [one for one in stand if one is not None]


def pay(step: Transaction, payment: Payment) -> Stand:
    """Raise the counters, which may not be there yet. Raises BudgetUsedUp."""
    stand = SendCounts(step).raise_all(payment.counts, payment.at)
    payment.judge(stand)
    return stand


def _owed(payments: Sequence[Payment]) -> tuple[list[Count], dict[str, Any]]:
    """Each counter once, with all that is paid from it, and their limits as values of the statement."""
    weights: dict[int, int] = {}
    limits: dict[int, tuple[Kind, Limits]] = {}
    for payment in payments:
        for count in payment.counts:
            weights[count.subject] = weights.get(count.subject, 0) + count.weight
            limits[count.subject] = count.kind, payment.limits
    counts: list[Count] = []
    values: dict[str, Any] = {}
    for i, subject in enumerate(sorted(weights)):  # all raise in one order: nobody waits for nobody
        kind, of = limits[subject]
        limit = of.of(kind)
        counts.append(Count(kind, subject, weights[subject]))
        values |= {f"subject_{i}": subject, f"in_hour_{i}": limit.hour, f"in_day_{i}": limit.day}
    return counts, values


@lru_cache(maxsize=256)
def _insert_if_paid(many: int, rows: int, lines: int) -> Executable:
    """Inserts dispatches, the first without a price, which its column refuses, unless all is as it must be.

    As it must be: so many counters are within their limits, and so many breakers at rest.
    """
    within = [
        and_(
            _COUNTS.subject == bindparam(f"subject_{i}"),
            _COUNTS.in_hour <= bindparam(f"in_hour_{i}"),
            _COUNTS.in_day <= bindparam(f"in_day_{i}"),
        )
        for i in range(many)
    ]
    paid = select(func.count()).select_from(SendCount).where(or_(*within)).scalar_subquery() == many
    good = and_(paid, ~_astir(lines)) if lines else paid
    first, *others = [_row(i) for i in range(rows)]
    return insert(Dispatch).values([first | {"price": case((good, first["price"]), else_=None)}, *others])


def _row(place: int) -> dict[str, Any]:
    """What differs between messages is bound; of none of them anything has become yet."""
    bound = {name: bindparam(f"{name}_{place}", type_=_DISPATCH[name].type) for name in DIFFERING}
    return bound | _FRESH


def _astir(lines: int) -> ColumnElement[bool]:
    """Whether any of so many gateways has failed lately by its channel."""
    asked = [
        and_(_BREAKER.gateway == bindparam(f"asked_{i}"), _BREAKER.channel == bindparam(f"way_{i}"))
        for i in range(lines)
    ]
    return select(_BREAKER.gateway).where(or_(*asked), or_(_BREAKER.failures > 0, _BREAKER.open_until > 0)).exists()
