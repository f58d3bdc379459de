"""Row keys that begin with time: UUID version 7 (RFC 9562 §5.7)."""

from collections.abc import Callable
from uuid import UUID


def new_id(milliseconds: int, random_bytes: Callable[[int], bytes]) -> UUID:
    """A UUIDv7: 48 bits of time, 74 of randomness."""
    value = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(random_bytes(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
