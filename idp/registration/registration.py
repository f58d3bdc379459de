"""What is stored of a relying service."""

from dataclasses import dataclass
from typing import Any, Literal, NewType

Metadata = NewType("Metadata", dict[str, Any])
"""Checked metadata as JSON values, every default spelt out. Only `check_metadata` and storage make it."""

Status = Literal["enabled", "disabled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One relying service as it is stored."""

    client_id: str
    metadata: Metadata
    secret_digest: bytes | None  # SHA-256
    access_digest: bytes | None = None  # SHA-256 of the registration access token, if it registered itself
    status: Status = "enabled"
    version: int  # rises with every change, also over removal and return
    created_at: int  # seconds since the epoch
    updated_at: int
    removal_at: int | None = None  # the end of its grace: stopped until then, and gone after
    logo: str | None = None  # the name of the picture that we serve (logos.py)
    former_digest: bytes | None = None  # SHA-256 of the secret before, while the service changes over
    former_until: int | None = None  # when that one ends
    checked_until: int | None = None  # until when the integration check is on

    @property
    def is_sandbox(self) -> bool:
        """Whether it sees test citizens instead of people."""
        return self.environment == "sandbox"

    @property
    def environment(self) -> str:
        """`live` or `sandbox`."""
        return str(self.metadata.get("environment", "live"))
