"""The embedded registry's table: answers sealed, found by a keyed fingerprint of passport and birth date."""

import json
from collections.abc import Iterable
from datetime import date

from sqlalchemy import bindparam, select

from idp.keys.fingerprints import Fingerprints
from idp.keys.sealing import Sealer, row_context
from idp.people.registry.contract import RegistryAnswer
from idp.people.status import PersonStatus
from idp.storage.database import Database
from idp.storage.models_missions import RegistryRow

_FIND = select(RegistryRow.answer).where(RegistryRow.fingerprint == bindparam("value"))


class SqlRegistry:
    """RegistryTable over the provider's database."""

    def __init__(self, database: Database, look_up: Fingerprints, sealer: Sealer) -> None:
        """Nothing is kept in memory."""
        self._database = database
        self._look_up = look_up
        self._sealer = sealer

    def find(self, passport: str, birthdate: date) -> RegistryAnswer | None:
        """The entry of this passport and birth date."""
        key = self._key(passport, birthdate)
        with self._database.read() as reading:
            row = reading.one(_FIND, value=key)
        if row is None:
            return None
        document = json.loads(self._sealer.open(row.answer, row_context("registry_entries", "answer", key)))
        ended = document.pop("ended")
        return RegistryAnswer(**document, ended=PersonStatus(ended) if ended else None)

    def put(self, entries: Iterable[tuple[str, date, RegistryAnswer]]) -> None:
        """Keep entries, each in the place of the one with the same passport, in one transaction."""
        with self._database.begin() as step:
            for passport, birthdate, answer in entries:
                key = self._key(passport, birthdate)
                sealed = self._sealer.seal(answer.to_json(), row_context("registry_entries", "answer", key))
                step.put(RegistryRow, fingerprint=key, answer=sealed)

    def _key(self, passport: str, birthdate: date) -> bytes:
        return self._look_up.of("registry", passport, birthdate.isoformat())
