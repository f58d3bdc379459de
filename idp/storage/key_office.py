"""Acts on the signing keys, each one transaction with its row in the audit, whoever does it."""

from collections.abc import Callable
from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.keys.first_keys import rotate_keys
from idp.keys.retiring import retire_now
from idp.keys.sealing import Sealer
from idp.keys.signing import PUBLISH_AHEAD_SECONDS
from idp.staff.actor import Actor
from idp.storage.database import Database, Transaction
from idp.storage.signing_keys import SigningKeys


class KeyOffice:
    """Rotating the ring, and retiring one key of it."""

    def __init__(self, database: Database, sealer: Sealer, clock: Callable[[], int]) -> None:
        """`sealer` seals for the purpose SIGNING_KEY."""
        self._database = database
        self._sealer = sealer
        self._clock = clock

    def rotate(self, ahead: int = PUBLISH_AHEAD_SECONDS) -> list[str]:
        """At an operator's word: new keys that sign `ahead` seconds from now; returns their kids."""
        with self._database.begin() as step:
            return rotate_keys(SigningKeys(step, self._sealer), step.record, self._clock(), ahead=ahead)

    def retire(self, kid: str) -> list[str]:
        """At an operator's word: a key is gone now. The kids in its place. Raises NotInTheRing."""
        with self._database.begin() as step:
            gone, kids = retire_now(SigningKeys(step, self._sealer), kid, self._clock())
            step.record(AuditRow(Event.KEY_RETIRED, self._clock(), detail={"kid": gone.kid}))
            if kids:
                step.record(AuditRow(Event.KEYS_CREATED, self._clock(), detail={"kids": kids}))
            return kids

    def rotate_decided(self, step: Transaction, actor: Actor, first: UUID) -> list[str]:
        """The same within the transaction in which a second person decided it."""
        now = self._clock()
        kids = rotate_keys(SigningKeys(step, self._sealer), step.record, now, ahead=PUBLISH_AHEAD_SECONDS)
        detail = {"by": actor.id, "first": first, "kids": kids}
        step.record(AuditRow(Event.KEYS_ROTATED_AT_CONSOLE, now, detail=detail))
        return kids

    def retire_decided(self, kid: str, step: Transaction, actor: Actor, first: UUID) -> list[str]:
        """The same within the transaction in which a second person decided it. Raises NotInTheRing."""
        now = self._clock()
        gone, kids = retire_now(SigningKeys(step, self._sealer), kid, now)
        detail = {"by": actor.id, "first": first, "kid": gone.kid}
        step.record(AuditRow(Event.KEY_RETIRED_AT_CONSOLE, now, detail=detail))
        if kids:
            step.record(AuditRow(Event.KEYS_CREATED, now, detail={"kids": kids}))
        return kids
