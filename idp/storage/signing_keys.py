"""The signing keys at rest, private parts sealed; the first set is made by exactly one worker."""

from collections.abc import Callable, Sequence

from sqlalchemy import bindparam, func, select, text, update

from idp.keys.sealing import Sealer, row_context
from idp.keys.signing import KeyPeriod, NewKey, Rotation
from idp.storage.database import Transaction
from idp.storage.models import SigningKey

FIRST_KEYS_LOCK = 7_241_001  # an arbitrary number that only this provider uses

_PERIODS = select(
    SigningKey.kid,
    SigningKey.alg,
    SigningKey.published_at,
    SigningKey.signs_from,
    SigningKey.signs_until,
    SigningKey.gone_at,
).order_by(SigningKey.published_at, SigningKey.kid)
_PRIVATE = select(SigningKey.private).where(SigningKey.kid == bindparam("row"))
_COUNT = select(func.count()).select_from(SigningKey)
_RETIRE = (
    update(SigningKey)
    .where(SigningKey.kid == bindparam("row"))
    .values(signs_until=bindparam("until"), gone_at=bindparam("gone"))
)


class SigningKeys:
    """Verbs on the ring within one transaction."""

    def __init__(self, transaction: Transaction, sealer: Sealer) -> None:
        """`sealer` seals for the purpose SIGNING_KEY."""
        self._transaction = transaction
        self._sealer = sealer

    def periods(self) -> tuple[KeyPeriod, ...]:
        """Every key that was ever made, without its private part."""
        return tuple(KeyPeriod(*tuple(row)) for row in self._transaction.all(_PERIODS))

    def private(self, kid: str) -> bytes:
        """A key's private part (PKCS#8 DER). Raises CannotOpen when the master secret is another."""
        row = self._transaction.one(_PRIVATE, row=kid)
        if row is None:
            raise KeyError(kid)
        return self._sealer.open(row.private, row_context("signing_keys", "private", kid))

    def add_first(self, make: Callable[[], Sequence[NewKey]], now: int) -> list[str]:
        """Make the first keys unless another worker did; returns their kids, empty when there were some."""
        if self._transaction.dialect == "postgresql":
            # SQLite's BEGIN IMMEDIATE already lets one writer in at a time.
            self._transaction.run(text("SELECT pg_advisory_xact_lock(:lock)"), lock=FIRST_KEYS_LOCK)
        row = self._transaction.one(_COUNT)
        if row is not None and row[0]:
            return []
        return self.add(make(), now=now, signs_from=now)

    def add(self, keys: Sequence[NewKey], *, now: int, signs_from: int) -> list[str]:
        """Queue new keys: published now, signing from `signs_from`."""
        for key in keys:
            self._transaction.add(
                SigningKey,
                kid=key.kid,
                alg=key.alg,
                private=self._sealer.seal(key.private, row_context("signing_keys", "private", key.kid)),
                published_at=now,
                signs_from=signs_from,
            )
        return [key.kid for key in keys]

    def rotate(self, keys: Sequence[NewKey], rotation: Rotation, now: int) -> list[str]:
        """Carry a rotation out."""
        for kid in rotation.retiring:
            self.retire(kid, signs_until=rotation.signs_from, gone_at=rotation.old_gone_at)
        return self.add(keys, now=now, signs_from=rotation.signs_from)

    def retire(self, kid: str, *, signs_until: int, gone_at: int) -> None:
        """Set when a key stops signing and when it is no longer published."""
        self._transaction.run(_RETIRE, row=kid, until=signs_until, gone=gone_at)
