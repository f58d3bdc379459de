"""The file from which a sample service learns its credentials: `NAME.json`, readable by its owner only."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.registration.folders import Unreadable, read_json, read_text
from idp.registration.register import secret_digest

OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class CredentialsFile:
    """One service's file. Members that are not ours (such as a key the service made) are kept."""

    path: Path

    def holds(self, digest: bytes | None) -> bool:
        """Whether the secret in the file is the registered one; True when none is needed."""
        if digest is None:
            return True
        secret = self.read().get("client_secret")
        return isinstance(secret, str) and secret_digest(secret) == digest

    def read(self) -> dict[str, Any]:
        """What the file says; empty when it is not there or is not a JSON object."""
        try:
            content = read_json(read_text(self.path))
        except Unreadable:
            return {}
        return content if isinstance(content, dict) else {}

    def prepare(self, *, issuer: str, client_id: str, secret: str | None, needs_secret: bool, base: str | None) -> Path:
        """Write the new content beside the file, so that `publish` is only a rename. Raises OSError."""
        content = self.read()
        content |= {"issuer": issuer, "client_id": client_id}
        if not needs_secret:
            content.pop("client_secret", None)
        elif secret is not None:
            content["client_secret"] = secret
        if base is not None:
            content["base"] = base
        self.path.parent.mkdir(parents=True, exist_ok=True)
        waiting = self.path.with_name(f".{self.path.name}.new")
        waiting.unlink(missing_ok=True)
        descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=2)
            file.write("\n")
        return waiting

    def publish(self, waiting: Path) -> None:
        """Let the new content take the place of the old, in one step."""
        waiting.replace(self.path)
