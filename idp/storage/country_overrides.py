"""What operators changed for single countries, seen by every process within seconds."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, Final

from sqlalchemy import bindparam, delete, select, text

from idp.audit.catalogue import AuditRow, Event
from idp.staff.actor import OPERATOR, Actor
from idp.staff.switches import Feature
from idp.storage.database import Database, Transaction
from idp.storage.models_messages import CountryOverride
from idp.storage.switches import read_off
from idp.storage.wire import Outdated
from idp.telephony.coverage import Country, Coverage, CoverageError, change
from idp.telephony.coverage import ways as ways_in
from idp.telephony.routing import Carrier

#: How long a process goes by what it has read: after that long a change holds everywhere.
FRESH_SECONDS: Final = 5

_O: Final = CountryOverride.__table__.c
_ALL: Final = select(_O.region, _O.members)
_ONE: Final = select(_O.members).where(_O.region == bindparam("country"))
_LOCK: Final = text("SELECT pg_advisory_xact_lock(:lock)")  # held until the transaction ends (PostgreSQL §13.3.5)
COUNTRIES_LOCK: Final = 0x6F76_6572  # one for all countries, which seldom change
_REMOVE: Final = delete(CountryOverride).where(_O.region == bindparam("country"))


def read_overrides(reading: Transaction) -> dict[str, dict[str, Any]]:
    """The changes of every country."""
    return {row.region: json.loads(row.members) for row in reading.all(_ALL)}


def override(
    transaction: Transaction,
    base: Coverage,
    region: str,
    members: Mapping[str, Any],
    now: int,
    actor: Actor = OPERATOR,
    *,
    seen: Country | None = None,
) -> None:
    """Change members of one country, on top of earlier changes. Raises CoverageError.

    `seen`: what the caller decided by. Raises Outdated when the country is not so any more.
    """
    if region not in base.countries:
        raise CoverageError(f"{region}: no such region in the table of countries")
    changed = {**_in_turn(transaction, base, region, seen), **members}
    change(base.countries[region], changed)
    transaction.put(CountryOverride, region=region, members=json.dumps(changed, ensure_ascii=False), changed_at=now)
    detail = {"region": region, "members": dict(members)} | actor.detail
    transaction.record(AuditRow(Event.COUNTRY_CHANGED, now, detail=detail))


def reset(
    transaction: Transaction,
    base: Coverage,
    region: str,
    now: int,
    actor: Actor = OPERATOR,
    *,
    seen: Country | None = None,
) -> bool:
    """Back to what the file says. False when nothing was changed. Raises Outdated as `override` does."""
    _in_turn(transaction, base, region, seen)
    if transaction.run(_REMOVE, country=region) == 0:
        return False
    detail = {"region": region, "members": {}} | actor.detail
    transaction.record(AuditRow(Event.COUNTRY_CHANGED, now, detail=detail))
    return True


def _in_turn(transaction: Transaction, base: Coverage, region: str, seen: Country | None) -> dict[str, Any]:
    """What is changed of a country, as no other step can change it before this one ends. Raises Outdated."""
    if transaction.dialect == "postgresql":  # a country that nobody has changed has no row to lock
        transaction.one(_LOCK, lock=COUNTRIES_LOCK)
    row = transaction.one(_ONE, country=region)
    members: dict[str, Any] = json.loads(row.members) if row else {}
    if seen is not None and change(base.countries[region], members) != seen:
        raise Outdated
    return members


@dataclass(slots=True)
class CurrentCoverage:
    """The table as it is now: the file, and the changes over it. Shared by the threads of a process."""

    database: Database
    base: Coverage
    clock: Callable[[], int]
    carriers: tuple[Carrier, ...] = ()
    _known: Coverage | None = None  # with what holds everywhere laid over it
    _set: Coverage | None = None  # as the file and operators have it
    _read_at: int = 0
    _lock: Lock = field(default_factory=Lock)
    _ways: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by region, as long as `_known` is

    def ways(self, region: str) -> tuple[str, ...]:
        """The second proofs that work in a region now, by those who carry messages there."""
        coverage, ways = self(), self._ways
        found = ways.get(region)
        if found is None:
            found = ways[region] = ways_in(coverage.of(region), self.carriers)
        return found

    def __call__(self) -> Coverage:
        """What holds now; read again when it is older than FRESH_SECONDS. No calls while they are turned off."""
        return self._look()[0]

    def as_set(self) -> Coverage:
        """What single countries are set to, whether calls are turned off everywhere or not."""
        return self._look()[1]

    def _look(self) -> tuple[Coverage, Coverage]:
        now = self.clock()
        with self._lock:
            if self._known is None or not 0 <= now - self._read_at < FRESH_SECONDS:
                with self.database.read() as reading:
                    changes, off = read_overrides(reading), read_off(reading)
                self._set, self._read_at = self.base.overridden(changes), now
                self._known = _without_calls(self._set) if Feature.VOICE_CALLS.value in off else self._set
                self._ways = {}
            assert self._set is not None
            return self._known, self._set


def _without_calls(coverage: Coverage) -> Coverage:
    silent = {region: replace(country, voice=False) for region, country in coverage.countries.items()}
    return replace(coverage, countries=silent)
