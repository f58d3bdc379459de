"""On what legal ground a service gets what it gets: one sentence for each scope value, and for single claims.

An administrator notes it with the grant (Personal Information Protection Act, articles 15 and 17): who approves a
service reads it beside each scope, and an auditor finds it in the registration, in every difference and in the audit.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from idp.registration.errors import BrokenRule
from idp.registration.names import one_line

MOST, LONGEST = 60, 300
WITHOUT = frozenset({"openid", "offline_access"})
"""Values that give nothing of a person."""


def legal_grounds(value: Any, known: Iterable[str]) -> dict[str, str]:
    """A JSON object: scope value or claim to the ground. Raises BrokenRule."""
    if not isinstance(value, Mapping) or not 0 < len(value) <= MOST:
        raise BrokenRule(f"must be an object of 1 to {MOST} members")
    names = frozenset(known)
    read: dict[str, str] = {}
    for name, ground in value.items():
        if name not in names:
            raise BrokenRule("must name scope values and claims only")
        read[name] = one_line(ground, longest=LONGEST)
    return dict(sorted(read.items()))


def granted(metadata: Mapping[str, Any]) -> list[str]:
    """The scope values by which a service gets something of a person."""
    return [name for name in metadata["scope"].split() if name not in WITHOUT]


def groundless(metadata: Mapping[str, Any]) -> list[str]:
    """What is granted without a ground being noted."""
    noted = metadata.get("legal_grounds", {})
    return [name for name in granted(metadata) if name not in noted]


def newly_groundless(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[str]:
    """What `after` grants beyond `before` without a ground; what was granted before may still lack one."""
    known = frozenset(granted(before)) if before is not None else frozenset()
    return [name for name in groundless(after) if name not in known]
