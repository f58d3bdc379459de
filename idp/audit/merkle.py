"""The Merkle tree over a batch of entries: RFC 6962 §2.1.

Leaves and inner nodes are hashed with different first bytes, so that no entry can pass for a part of the tree.
"""

from collections.abc import Sequence
from hashlib import sha256


def root_of(entries: Sequence[bytes]) -> bytes:
    """The tree hash of `entries`; of none at all, the hash of nothing (RFC 6962 §2.1)."""
    if not entries:
        return sha256().digest()
    level = [sha256(b"\x00" + entry).digest() for entry in entries]
    while len(level) > 1:
        # A node without a neighbour goes up as it is: the same tree as splitting at the largest power of two.
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        level = above + ([level[-1]] if len(level) % 2 else [])
    return level[0]
