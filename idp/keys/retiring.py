"""Retiring one key at once, because it may be known to somebody else (abuse case M-05).

What it signed is good for nothing from the next look of each worker on, within seconds. Where it signed, or was to
sign, a new one of its algorithm takes its place at the same moment.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from idp.keys.signing import KeyPeriod, NewKey, make_key, signer_of


class NotInTheRing(Exception):
    """No key of this name is published now; the message is one line for an operator."""


class RetiringKeys(Protocol):
    """The verbs of storage that retiring needs, within one transaction."""

    def periods(self) -> Sequence[KeyPeriod]:
        """Every key."""
        ...

    def retire(self, kid: str, *, signs_until: int, gone_at: int) -> None:
        """Set when a key stops signing and is no longer published."""
        ...

    def add(self, keys: Sequence[NewKey], *, now: int, signs_from: int) -> list[str]:
        """Queue new keys."""
        ...


def retire_now(
    keys: RetiringKeys, kid: str, now: int, *, make: Callable[[str], NewKey] = make_key
) -> tuple[KeyPeriod, list[str]]:
    """Take a key out; the key, and the kids that replace it. Raises NotInTheRing."""
    periods = keys.periods()
    gone = next((one for one in periods if one.kid == kid and one.is_published(now)), None)
    if gone is None:
        raise NotInTheRing(f"no key {kid} is published; `idp keys list` shows them")
    rest = [one for one in periods if one.kid != kid and one.alg == gone.alg and one.is_published(now)]
    keys.retire(kid, signs_until=now, gone_at=now)
    signs_now = signer_of(rest, gone.alg, now)
    if signs_now is not None and any(one.signs_until is None for one in rest):
        return gone, []
    begins = now if signs_now is None else max(now, signs_now.signs_until or now)
    return gone, keys.add([make(gone.alg)], now=now, signs_from=begins)
