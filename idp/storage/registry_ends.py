"""Ending people of whom the registry says that they died or renounced the nationality."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from idp.credential.commands import Refusal
from idp.keys.fingerprints import Fingerprints
from idp.keys.sealing import Sealer, row_context
from idp.people.record import Record
from idp.people.registry.contract import RegistryAnswer, StatusEnd
from idp.people.status import ENDED, PersonStatus
from idp.storage.credential_office import CredentialOffice
from idp.storage.people import People
from idp.storage.registry import SqlRegistry

TRIES = 3
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RegistryEnds:
    """The embedded table, and what follows for people here from what is said of them. Promise: RegistryDesk."""

    table: SqlRegistry
    look_up: Fingerprints
    record: Sealer
    office: CredentialOffice

    def put(self, entries: Iterable[tuple[str, date, RegistryAnswer]]) -> int:
        """Keep entries of the embedded registry; returns how many people ended with them."""
        kept = list(entries)
        self.table.put(kept)
        return self.end(
            StatusEnd(passport=passport, birthdate=birthdate, ended=answer.ended, ci=answer.ci)
            for passport, birthdate, answer in kept
            if answer.ended is not None
        )

    def end(self, ends: Iterable[StatusEnd]) -> int:
        """End those who are people here and have not ended, one transaction each; returns how many."""
        return sum(self._end(one) for one in ends)

    def _end(self, one: StatusEnd) -> bool:
        for _ in range(TRIES):
            person = self._person(one)
            if person is None:
                return False
            try:
                self.office.end_by_registry(person, one.ended)
            except Refusal:  # their status was changed at the same moment; to what, is looked at again
                continue
            return True
        log.error("a person whose status ended could not be ended")
        return False

    def _person(self, one: StatusEnd) -> UUID | None:
        """Whom it means: of this connecting information or passport, born on that day, and not ended yet."""
        with self.office.database.read() as reading:
            people = People(reading)
            person = people.with_connecting(self.look_up.of("connecting", one.ci)) if one.ci is not None else None
            if person is None:
                person = people.with_identifier(self.look_up.of("passport", one.passport))
            row = people.find(person) if person is not None else None
        if person is None or row is None or PersonStatus(row.status) in ENDED:
            return None
        record = Record.from_json(self.record.open(row.record, row_context("persons", "record", person)))
        return person if record.birthdate == one.birthdate.isoformat() else None
