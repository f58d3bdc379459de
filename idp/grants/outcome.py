"""What a grant answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.protocol.errors import OAuthError


@dataclass(frozen=True, slots=True)
class Issued:
    """Tokens, as the client gets them (RFC 6749 §5.1)."""

    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """No tokens, and why. What was spent or revoked on the way stays so."""

    error: OAuthError
