"""A message is paid for and noted in one step: the counters of its budgets are raised, and its dispatch is begun.

The counters of the house and of a country are rows that every message raises, so everybody waits for who holds them.
`pay_at_once` holds them for no round trip: everything travels with its COMMIT, and the row refuses itself, and with it
the whole step, unless every counter stood within its limit. Then `pay` finds out, step by step, what is the matter.
"""

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Executable, and_, bindparam, case, func, insert, or_, select

from idp.storage.database import Transaction
from idp.storage.models_messages import Dispatch
from idp.storage.models_second_proofs import SendCount
from idp.storage.send_counts import SendCounts, raised, raising
from idp.telephony.limits import Count, Tally
from idp.telephony.payment import Payment

Stand = list[tuple[Count, Tally]]
"""Counters, and how they stand with the message."""
_COUNTS: Final = SendCount.__table__.c
_DISPATCH: Final = Dispatch.__table__.c


def pay_at_once(step: Transaction, payment: Payment, row: dict[str, Any]) -> Stand:
    """Pay, insert the dispatch and commit: the step is over. Raises AlreadyTaken when any of it cannot be."""
    ordered = sorted(payment.counts, key=lambda count: count.subject)  # all raise in one order: nobody waits for nobody
    values: dict[str, Any] = {f"its_{name}": value for name, value in row.items()}
    for i, count in enumerate(ordered):
        limit = payment.limits.of(count.kind)
        values |= {f"subject_{i}": count.subject, f"in_hour_{i}": limit.hour, f"in_day_{i}": limit.day}
    raises = [raising(count, payment.at) for count in ordered]
    *found, _ = step.finish(*raises, (_insert_if_paid(len(ordered)), values))
    stand = [raised(count, rows, payment.at) for count, rows in zip(ordered, found, strict=True)]
    return [one for one in stand if one is not None]


def pay(step: Transaction, payment: Payment) -> Stand:
    """Raise the counters, which may not be there yet. Raises BudgetUsedUp."""
    stand = SendCounts(step).raise_all(payment.counts, payment.at)
    payment.judge(stand)
    return stand


@lru_cache(maxsize=8)
def _insert_if_paid(many: int) -> Executable:
    """Inserts a dispatch whose price is NULL, which its column refuses, unless so many counters are within limits."""
    within = [
        and_(
            _COUNTS.subject == bindparam(f"subject_{i}"),
            _COUNTS.in_hour <= bindparam(f"in_hour_{i}"),
            _COUNTS.in_day <= bindparam(f"in_day_{i}"),
        )
        for i in range(many)
    ]
    paid = select(func.count()).select_from(SendCount).where(or_(*within)).scalar_subquery()
    row: dict[str, Any] = {column.name: bindparam(f"its_{column.name}", type_=column.type) for column in _DISPATCH}
    return insert(Dispatch).values(row | {"price": case((paid == many, row["price"]), else_=None)})
