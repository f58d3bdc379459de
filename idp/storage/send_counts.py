"""Counters of what was sent, durable and shared by all workers: one small row a subject, one statement an act.

`raise_all` counts first and returns what stands then, so of many acts at once each sees its own place; a step that
passed a limit is rolled back, and its counts with it. Subjects are raised in one order, so that two
acts never wait for each other.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Executable, Integer, bindparam, case, delete, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row
from sqlalchemy.orm import aliased
from sqlalchemy.orm import join as orm_join

from idp.storage.database import Transaction
from idp.storage.models import Passkey, Phone
from idp.storage.models_second_proofs import SendCount
from idp.telephony.limits import HOURS_A_DAY, NOTHING_YET, Count, Kind, Limit, Tally, hour_of, tally_of

MOST_COUNTS: Final = 12
NUMBER: Final = Count(Kind.NUMBER, 0)
"""What an enrolled person's number has: it is counted in the rows of passkeys, not in a row of its own."""
_COUNTS: Final = SendCount.__table__.c
_FIND: Final = select(SendCount.__table__).where(_COUNTS.subject.in_(bindparam("subjects", expanding=True)))
_GIVE_BACK: Final = (
    update(SendCount)
    .where(_COUNTS.subject == bindparam("which"), _COUNTS.hour == bindparam("at"))
    .values(in_hour=_COUNTS.in_hour - bindparam("weight"), in_day=_COUNTS.in_day - bindparam("weight"))
)
_NONE: Final = literal_column("0", Integer)
_SAME_HOUR, _SAME_DAY = _COUNTS.hour == bindparam("at"), _COUNTS.hour >= bindparam("since")
_IN_HOUR: Final = case((_SAME_HOUR, _COUNTS.in_hour), else_=_NONE) + bindparam("weight")
_IN_DAY: Final = case((_SAME_DAY, _COUNTS.in_day), else_=_NONE) + bindparam("weight")
_RAISE: Final = (
    update(SendCount)
    .where(_COUNTS.subject == bindparam("which"))
    .values(
        hour=bindparam("at"),
        in_hour=_IN_HOUR,
        in_day=_IN_DAY,
        verified=case((_SAME_DAY, _COUNTS.verified), else_=_NONE),
    )
)
_RAISE_KNOWN: Final = _RAISE.returning(SendCount.__table__)
_RAISE_WITHIN: Final = _RAISE.where(bindparam("most_in_hour") >= _IN_HOUR, bindparam("most_in_day") >= _IN_DAY)
_VERIFIED: Final = (
    update(SendCount)
    .where(_COUNTS.subject.in_(bindparam("subjects", expanding=True)), _COUNTS.hour >= bindparam("since"))
    .values(verified=_COUNTS.verified + 1)
)
SWEEP: Final = delete(SendCount).where(_COUNTS.hour < bindparam("before"))

_HOLDERS_PASSKEY: Final = aliased(Passkey)
_ITS_PHONE: Final = aliased(Phone)


def _with_number(phones: Any, condition: Any) -> Executable:
    """A counter, and what was sent on the word of every passkey whose person has a number: a family's is one number."""
    of_number = (
        select(
            literal_column("0", BigInteger).label("subject"),
            Passkey.sends_hour.label("hour"),
            Passkey.sends_in_hour.label("in_hour"),
            Passkey.sends_in_day.label("in_day"),
            literal_column("0", Integer).label("verified"),
        )
        .select_from(phones)
        .join(Phone, Phone.fingerprint == _ITS_PHONE.fingerprint)
        .join(Passkey, Passkey.person_id == Phone.person_id)
        .where(condition, Passkey.sends_hour >= bindparam("since"))
        .limit(50)
        .subquery()
    )
    counter = select(_COUNTS.subject, _COUNTS.hour, _COUNTS.in_hour, _COUNTS.in_day, _COUNTS.verified)
    return select(of_number).union_all(counter.where(_COUNTS.subject == bindparam("which")))


_WITH_NUMBER: Final = _with_number(_ITS_PHONE, _ITS_PHONE.id == bindparam("phone"))
_WITH_NUMBER_OF_HOLDER: Final = _with_number(
    orm_join(_HOLDERS_PASSKEY, _ITS_PHONE, _ITS_PHONE.person_id == _HOLDERS_PASSKEY.person_id),
    _HOLDERS_PASSKEY.webauthn_id == bindparam("webauthn"),
)
_ONE: Final = literal_column("1", Integer)
_SENDS_IN_HOUR: Final = case((Passkey.sends_hour == bindparam("at"), Passkey.sends_in_hour + _ONE), else_=_ONE)
_SENDS_IN_DAY: Final = case((Passkey.sends_hour >= bindparam("since"), Passkey.sends_in_day + _ONE), else_=_ONE)
SENT_VALUES: Final = {"sends_hour": bindparam("at"), "sends_in_hour": _SENDS_IN_HOUR, "sends_in_day": _SENDS_IN_DAY}
MAY_SEND: Final = (bindparam("passkey_hour") >= _SENDS_IN_HOUR, bindparam("passkey_day") >= _SENDS_IN_DAY)
"""With one more, a passkey stays within its limit."""
_SENT: Final = (
    update(Passkey)
    .where(Passkey.id == bindparam("passkey"))
    .values(SENT_VALUES)
    .returning(Passkey.sends_hour, Passkey.sends_in_hour, Passkey.sends_in_day)
)


class SendCounts:
    """Verbs on counters within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def find(self, counts: Sequence[Count], now: int) -> list[tuple[Count, Tally]]:
        """Each counter as it stands."""
        rows = self._transaction.all(_FIND, subjects=[count.subject for count in counts])
        known = {row.subject: _tally(row, now) for row in rows}
        return [(count, known.get(count.subject, NOTHING_YET)) for count in counts]

    def raise_all(self, counts: Sequence[Count], now: int) -> list[tuple[Count, Tally]]:
        """Raise each counter, then say how each stands."""
        ordered = sorted(counts, key=lambda count: count.subject)
        # Counters that are there: a plain UPDATE logs half of what an upsert does. The others come last, in order too.
        found = self._transaction.each(*(raising(count, now) for count in ordered))
        rows = {each[0].subject: each[0] for each in found if each}
        rows |= self._begin([count for count in ordered if count.subject not in rows], now)
        return [(count, _tally(rows[count.subject], now)) for count in counts]

    def _begin(self, counts: Sequence[Count], now: int) -> dict[int, Row[Any]]:
        """Raise counters that were not there a moment ago."""
        if not counts:
            return {}
        values: dict[str, int] = {"at": hour_of(now)}
        for i, count in enumerate(counts):
            values |= {f"subject_{i}": count.subject, f"weight_{i}": count.weight}
        statement = _raise(self._transaction.dialect, len(counts))
        return {row.subject: row for row in self._transaction.all(statement, **values)}

    def give_back(self, counts: Sequence[Count], now: int) -> None:
        """The act did not take place. A window that has passed meanwhile is left alone."""
        for count in sorted(counts, key=lambda one: one.subject):
            self._transaction.run(_GIVE_BACK, which=count.subject, at=hour_of(now), weight=count.weight)

    def verified(self, counts: Sequence[Count], now: int) -> None:
        """A code of this day was typed: the range and the country are used by people."""
        self._transaction.run(_VERIFIED, subjects=[count.subject for count in counts], since=first_hour(now))

    def find_with_number(self, phone: UUID, count: Count, now: int) -> list[tuple[Count, Tally]]:
        """What was sent to the number of a phone, whoever of its holders caused it; then the counter as it stands."""
        return with_number(self._transaction.all(_WITH_NUMBER, phone=phone, **_asked(count, now)), count, now)

    def raise_within(self, count: Count, most: Limit, now: int) -> None:
        """Raise the counter with what is queued, if it is there and stays within `most`, or the step is Outdated."""
        values = raising(count, now)[1] | {"most_in_hour": most.hour, "most_in_day": most.day}
        self._transaction.only_if(_RAISE_WITHIN, **values)

    def sent(self, passkey: UUID, now: int) -> Tally:
        """One more message or call on a passkey's word; returns what left on it, with this one."""
        row = self._transaction.one(_SENT, passkey=passkey, at=hour_of(now), since=first_hour(now))
        return tally_of(row.sends_hour, row.sends_in_hour, row.sends_in_day, 0, now) if row else NOTHING_YET


def asking_with_number(webauthn_id: bytes, count: Count, now: int) -> tuple[Executable, dict[str, Any]]:
    """What asks the same of the holder of a passkey, along with other things; `with_number` reads the rows."""
    return _WITH_NUMBER_OF_HOLDER, {"webauthn": webauthn_id, **_asked(count, now)}


def with_number(rows: Sequence[Row[Any]], count: Count, now: int) -> list[tuple[Count, Tally]]:
    """The number's tally, then the counter's."""
    found, in_hour, in_day = NOTHING_YET, 0, 0
    for row in rows:
        tally = _tally(row, now)
        if row.subject:
            found = tally
        else:
            in_hour, in_day = in_hour + tally.in_hour, in_day + tally.in_day
    return [(NUMBER, Tally(in_hour, in_day)), (count, found)]


def _asked(count: Count, now: int) -> dict[str, int]:
    return {"since": first_hour(now), "which": count.subject}


def raising(count: Count, now: int) -> tuple[Executable, dict[str, Any]]:
    """What raises a counter that is there already, for a step that sends it along; `raised` reads its rows."""
    values = {"which": count.subject, "weight": count.weight, "at": hour_of(now), "since": first_hour(now)}
    return _RAISE_KNOWN, values


def raised(count: Count, rows: Sequence[Row[Any]], now: int) -> tuple[Count, Tally] | None:
    """The counter as it stands after `raising`; None when it was not there."""
    return (count, _tally(rows[0], now)) if rows else None


def first_hour(now: int) -> int:
    """The first hour of this day."""
    return hour_of(now) // HOURS_A_DAY * HOURS_A_DAY


def _tally(row: Row[Any], now: int) -> Tally:
    return tally_of(row.hour, row.in_hour, row.in_day, row.verified, now)


@lru_cache(maxsize=2 * MOST_COUNTS)
def _raise(dialect: str, many: int) -> Executable:
    """One statement for so many counters: a new window begins where the old one was."""
    module = postgresql if dialect == "postgresql" else sqlite
    fresh = module.insert(SendCount).values(
        [
            {
                "subject": bindparam(f"subject_{i}", type_=_COUNTS.subject.type),
                "hour": bindparam("at", type_=_COUNTS.hour.type),
                "in_hour": bindparam(f"weight_{i}", type_=_COUNTS.in_hour.type),
                "in_day": bindparam(f"weight_{i}", type_=_COUNTS.in_day.type),
                "verified": 0,
            }
            for i in range(many)
        ]
    )
    same_day = _COUNTS.hour // HOURS_A_DAY == fresh.excluded.hour // HOURS_A_DAY
    raised: Executable = fresh.on_conflict_do_update(
        index_elements=[_COUNTS.subject],
        set_={
            "hour": fresh.excluded.hour,
            "in_hour": case((_COUNTS.hour == fresh.excluded.hour, _COUNTS.in_hour), else_=0) + fresh.excluded.in_hour,
            "in_day": case((same_day, _COUNTS.in_day), else_=0) + fresh.excluded.in_day,
            "verified": case((same_day, _COUNTS.verified), else_=0),
        },
    ).returning(SendCount.__table__)
    return raised
