"""Secrets and random bytes that are the same in every run."""

from collections.abc import Callable
from itertools import count

from idp.keys.secrets import MasterSecrets

FIRST = bytes(range(32))
SECOND = bytes(range(32, 64))
SECRETS = MasterSecrets({1: FIRST})
ROTATED = MasterSecrets({1: FIRST, 2: SECOND})


def counting_bytes(first: int = 1) -> Callable[[int], bytes]:
    """Bytes that differ at every call."""
    numbers = count(first)
    return lambda size: next(numbers).to_bytes(size, "big")
