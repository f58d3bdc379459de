"""Whoever answers for an administration client: a member of the central staff, who has not left.

Held wherever a registration is stored, so by every way it comes; a client that names nobody could not act at all.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from idp.registration.errors import RefusedMetadata
from idp.staff.roles import CENTRAL
from idp.storage.database import Transaction
from idp.storage.staff import StaffMembers


def refuse_unknown_answerer(reading: Transaction, metadata: Mapping[str, Any]) -> None:
    """Raise RefusedMetadata when `administers_for` names nobody who could answer."""
    named = metadata.get("administers_for")
    if named is None:
        return
    member = StaffMembers(reading).find(UUID(named))
    if member is None or member.role not in CENTRAL:
        raise RefusedMetadata(["administers_for: must be the key of a member of the central staff who has not left"])
