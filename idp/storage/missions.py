"""Missions: their list, and the place that a pilot's quota has left, taken when a credential starts."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select, update

from idp.audit.catalogue import AuditRow, Event
from idp.missions.mission import Mission, Opening, Place
from idp.storage.database import Database, Transaction
from idp.storage.models_missions import MissionRow
from idp.storage.wire import Outdated

MOST_MISSIONS = 1_000

_table = MissionRow.__table__
_ONE = select(_table).where(MissionRow.code == bindparam("mission"))
_IN_TURN = _ONE.with_for_update()
_ALL = select(_table).order_by(MissionRow.country, MissionRow.code).limit(MOST_MISSIONS)
_SET = (
    update(MissionRow)
    .where(MissionRow.code == bindparam("mission"))
    .values(state=bindparam("opening"), quota=bindparam("limit_of"), changed_at=bindparam("now"))
)
_CORRECT = (
    update(MissionRow)
    .where(MissionRow.code == bindparam("mission"))
    .values(
        name_ko=bindparam("korean"),
        name_en=bindparam("english"),
        country=bindparam("region"),
        zone=bindparam("time_zone"),
        address=bindparam("street"),
        languages=bindparam("spoken"),
        changed_at=bindparam("now"),
    )
)
_TAKE = (
    update(MissionRow)
    .where(
        MissionRow.code == bindparam("mission"),
        or_(
            MissionRow.state == Opening.OPEN.value,
            and_(MissionRow.state == Opening.PILOT.value, MissionRow.issued < MissionRow.quota),
        ),
    )
    .values(issued=MissionRow.issued + 1)
)


class Missions:
    """All missions. `by` is the member of staff who acts; None is an operator at the command line."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        """Nothing is kept in memory: closing a mission holds at the next request in every worker."""
        self._database = database
        self._clock = clock

    def find(self, code: str) -> Mission | None:
        """The mission with exactly this code."""
        with self._database.read() as reading:
            return find_mission(reading, code)

    def all(self) -> list[Mission]:
        """Every mission, by country and code."""
        with self._database.read() as reading:
            return all_missions(reading)

    def apply(self, places: Sequence[Place]) -> list[str]:
        """Add new missions, closed, and correct known ones; returns the codes that changed."""
        now, changed = self._clock(), []
        with self._database.begin() as step:
            for place in places:
                known = find_mission(step, place.code)
                if known is not None and known.place == place:
                    continue
                if known is None:
                    step.add(MissionRow, **_columns(place), state=Opening.CLOSED.value, issued=0, **_made(now))
                else:
                    step.run(_CORRECT, **_corrections(place), now=now)
                changed.append(place.code)
                step.record(AuditRow(Event.MISSION_LISTED, now, detail={"mission": place.code}))
        return changed

    def set_opening(
        self,
        codes: Sequence[str],
        opening: Opening,
        quota: int | None,
        by: UUID | None = None,
        via: str | None = None,
        *,
        seen: Sequence[Mission] = (),
    ) -> list[str]:
        """Open or close missions, all of them or none; returns those that are not known.

        `seen`: what the caller decided by. Raises Outdated when one of them is not so any more.
        """
        now = self._clock()
        with self._database.begin() as step:
            rows = {code: step.one(_IN_TURN, mission=code) for code in sorted(set(codes))}
            known = {code: _mission(row) for code, row in rows.items() if row is not None}
            unknown = [code for code in codes if code not in known]
            if unknown:
                return unknown
            if any(known.get(one.place.code) != one for one in seen):
                raise Outdated
            for code, mission in known.items():
                step.run(_SET, mission=code, opening=opening.value, limit_of=quota, now=now)
                detail = {"mission": code, "from": mission.opening.value, "to": opening.value, "quota": quota, "by": by}
                detail |= {} if via is None else {"via": via}
                step.record(AuditRow(Event.MISSION_CHANGED, now, detail=detail))
        return []


def all_missions(reading: Transaction) -> list[Mission]:
    """Every mission as this transaction sees it, by country and code."""
    return [_mission(row) for row in reading.all(_ALL)]


def find_mission(reading: Transaction, code: str) -> Mission | None:
    """The mission as this transaction sees it."""
    row = reading.one(_ONE, mission=code)
    return _mission(row) if row else None


def take_place(step: Transaction, code: str) -> bool:
    """Count one more credential of a mission that may issue it: of many at once none exceeds the quota."""
    return step.run(_TAKE, mission=code) == 1


def _mission(row: Any) -> Mission:
    place = Place(
        code=row.code,
        name_ko=row.name_ko,
        name_en=row.name_en,
        country=row.country,
        zone=row.zone,
        address=row.address,
        languages=tuple(row.languages.split()),
    )
    return Mission(place=place, opening=Opening(row.state), quota=row.quota, issued=row.issued)


def _columns(place: Place) -> dict[str, Any]:
    return {
        "code": place.code,
        "name_ko": place.name_ko,
        "name_en": place.name_en,
        "country": place.country,
        "zone": place.zone,
        "address": place.address,
        "languages": " ".join(place.languages),
    }


def _made(now: int) -> dict[str, Any]:
    return {"created_at": now, "changed_at": now}


def _corrections(place: Place) -> dict[str, Any]:
    """The same under names that no column of the statement has."""
    return {
        "mission": place.code,
        "korean": place.name_ko,
        "english": place.name_en,
        "region": place.country,
        "time_zone": place.zone,
        "street": place.address,
        "spoken": " ".join(place.languages),
    }
