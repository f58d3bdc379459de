"""The keys of a new installation, and their rotation: one key per algorithm that clients may choose."""

from collections.abc import Callable, Sequence
from typing import Protocol

from idp.audit.catalogue import AuditRow, Event
from idp.keys.jose import SIGNING_ALGS
from idp.keys.signing import PUBLISH_AHEAD_SECONDS, KeyPeriod, NewKey, Rotation, make_key, plan_rotation


class KeyWriter(Protocol):
    """The verbs of storage that change the ring, within one transaction."""

    def periods(self) -> Sequence[KeyPeriod]:
        """Every key."""
        ...

    def add_first(self, make: Callable[[], Sequence[NewKey]], now: int) -> list[str]:
        """Make the first keys unless there are some."""
        ...

    def rotate(self, keys: Sequence[NewKey], rotation: Rotation, now: int) -> list[str]:
        """Carry a rotation out."""
        ...


def make_keys() -> list[NewKey]:
    """One new key per algorithm: a key never serves two (RFC 8725 §3.1)."""
    return [make_key(alg) for alg in SIGNING_ALGS]


def ensure_keys(keys: KeyWriter, record: Callable[[AuditRow], None], now: int) -> list[str]:
    """Make the first keys; of several workers that start at once exactly one does (abuse case M-02)."""
    kids = keys.add_first(make_keys, now)
    if kids:
        record(AuditRow(Event.KEYS_CREATED, now, detail={"kids": kids}))
    return kids


def rotate_keys(
    keys: KeyWriter, record: Callable[[AuditRow], None], now: int, *, ahead: int = PUBLISH_AHEAD_SECONDS
) -> list[str]:
    """New keys, published now and signing `ahead` seconds later; the present ones retire then."""
    rotation = plan_rotation(keys.periods(), now, ahead=ahead)
    kids = keys.rotate(make_keys(), rotation, now)
    record(AuditRow(Event.KEYS_ROTATED, now, detail={"kids": kids}))
    return kids
