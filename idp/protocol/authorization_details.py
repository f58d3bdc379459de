"""Rich authorization requests: what exactly a person allows, typed and shown to them (RFC 9396).

Each type says which fields it has and which values they may have; anything else is refused (§5), because what
the page cannot show in words nobody can agree to.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from idp.protocol.errors import InvalidAuthorizationDetails
from idp.protocol.json_parameter import MalformedJson, read_json

MAX_DETAILS = 10
MAX_LENGTH = 4_096

TYPES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # A bank that opens an account without meeting the person must know what for.
    "account_opening": {
        "product": ("deposit", "savings", "foreign_currency"),
        "purpose": ("living_expenses", "salary", "savings", "remittance"),
    },
}
"""Type -> field -> its possible values. Every field is required."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One authorization, checked."""

    type: str
    fields: Mapping[str, str]

    def as_json(self) -> dict[str, str]:
        """As it stands in requests and answers."""
        return {"type": self.type, **self.fields}


def parse_details(text: str | None, allowed: Collection[str]) -> tuple[Detail, ...]:
    """The parameter's meaning, each entry of a type in `allowed`. Raises InvalidAuthorizationDetails (§5)."""
    if text is None:
        return ()
    try:
        entries = read_json(text) if len(text) <= MAX_LENGTH else None
    except MalformedJson:
        entries = None
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_DETAILS:
        raise InvalidAuthorizationDetails("no JSON array of a reasonable size")
    return tuple(_one(entry, allowed) for entry in entries)


def details_text(details: Collection[Detail]) -> str | None:
    """The canonical text of `details`, or None when there are none."""
    return json.dumps([one.as_json() for one in details], separators=(",", ":")) if details else None


def check_same(text: str | None, granted: str | None) -> None:
    """Raise InvalidAuthorizationDetails unless a token request asks for what was granted, or for nothing (§6)."""
    if text is None:
        return
    wanted = parse_details(text, TYPES)
    if set(map(_key, wanted)) != set(map(_key, parse_details(granted, TYPES))):
        raise InvalidAuthorizationDetails("token request differs from what was granted")


def _key(detail: Detail) -> str:
    return json.dumps(detail.as_json(), sort_keys=True)


def _one(entry: Any, allowed: Collection[str]) -> Detail:
    kind = entry.get("type") if isinstance(entry, dict) else None
    if not isinstance(kind, str) or kind not in TYPES or kind not in allowed:
        raise InvalidAuthorizationDetails("unknown type, or not one of this client")
    fields = TYPES[kind]
    if entry.keys() != {"type", *fields}:
        raise InvalidAuthorizationDetails(f"fields of {kind} are {', '.join(fields)}")
    for name, values in fields.items():
        if entry[name] not in values:
            raise InvalidAuthorizationDetails(f"{kind}.{name} has an unknown value")
    return Detail(kind, {name: entry[name] for name in fields})
