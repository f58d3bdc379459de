"""The status of a person: anything but active stops every route to a token (design law 6)."""

from enum import Enum


class PersonStatus(Enum):
    """What the registry or an operator said of a person."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DECEASED = "deceased"
    RENOUNCED = "renounced"  # no longer a national


ENDED = frozenset({PersonStatus.DECEASED, PersonStatus.RENOUNCED})
"""What does not come back."""
