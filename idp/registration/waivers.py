"""Which protections a registration does without: shown wherever an administrator sees it.

Hardening is the default of every client and is waived only by a named field of its own (README.md, Waivers).
"""

from collections.abc import Callable, Mapping
from typing import Any

WAIVERS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "pkce_required": lambda metadata: not metadata.get("pkce_required", True),
    "device_flow_approval": lambda metadata: "device_flow_approval" in metadata,
    "public_subject_approval": lambda metadata: "public_subject_approval" in metadata,
}
"""Field -> whether it waives something."""


def waivers(metadata: Mapping[str, Any]) -> list[str]:
    """The fields by which this registration waives a protection."""
    return [name for name, waives in WAIVERS.items() if waives(metadata)]
